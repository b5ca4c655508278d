// SPDX-License-Identifier: MIT
//! A vector: a slice that has room to grow.

use core::fmt;

use crate::access::{Access, Local};
use crate::allocate::{Fit, Fitting};
use crate::block::Block;
use crate::error::{Error, Refused, Result};
use crate::guard::{ReadGuard, Slice};
use crate::mutex::SliceMutex;
use crate::pool::Pool;

/// A growable vector in a [`Pool`]. When it is full, pushing doubles its room, or takes what the pool has left.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(4096, 16, 0)?;
/// let mut readings = defrag::PoolVec::new(&pool);
/// for reading in 0..100_u16 {
///     readings.push(reading)?;
/// }
/// readings.lock().reverse();
/// assert_eq!(readings.pop(), Some(0));
/// # Ok(())
/// # }
/// ```
pub struct PoolVec<'p, T, A: Access = Local> {
    slice: SliceMutex<'p, T, A>,
    /// How many elements the block has room for.
    capacity: usize,
    fit: Fit,
}

/// The room that the first push asks for.
const FIRST_CAPACITY: usize = 4;

impl<'p, T, A: Access> PoolVec<'p, T, A> {
    /// An empty vector, which has no block yet.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = defrag::PoolVec::new(&pool);
    /// list.push(1)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn new(pool: &'p Pool<A>) -> Self {
        // SAFETY: no elements are valid anywhere.
        let slice = unsafe { SliceMutex::new(Block::none(pool), 0) };
        Self { slice, capacity: full_capacity::<T>(0), fit: Fit::MakeRoom }
    }

    pub(crate) fn with_capacity(fitting: Fitting<'p, A>, capacity: usize) -> Result<Self> {
        let slice = SliceMutex::with_capacity(fitting, capacity)?;
        Ok(Self { slice, capacity: full_capacity::<T>(capacity), fit: fitting.fit() })
    }

    /// The number of elements.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert_eq!(pool.alloc_slice::<u8>(3)?.into_vec().len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.slice.len()
    }

    /// Whether there are none.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert!(pool.alloc_vec::<u8>(3)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.slice.is_empty()
    }

    /// The number of elements for which there is room.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert_eq!(pool.alloc_vec::<u8>(3)?.capacity(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// Locks the elements, as [`Mutex::lock`](crate::Mutex::lock).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[3, 1, 2])?.into_vec();
    /// list.lock().sort();
    /// assert_eq!(*list.read(), [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn lock<'a>(&'a mut self) -> Slice<'a, 'p, T, A> {
        self.slice.lock()
    }

    /// Locks the elements for reading, as [`Mutex::read`](crate::Mutex::read).
    ///
    /// # Panics
    ///
    /// As [`Mutex::read`](crate::Mutex::read).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let list = pool.alloc_slice_copy(&[3, 1, 2])?.into_vec();
    /// assert_eq!(list.read().iter().sum::<i32>(), 6);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn read<'a>(&'a self) -> ReadGuard<'a, 'p, [T], A> {
        self.slice.read()
    }

    /// Locks the elements for reading, as [`Mutex::try_read`](crate::Mutex::try_read).
    ///
    /// # Errors
    ///
    /// [`Error::TooManyLocks`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let list = pool.alloc_slice_copy(&[3, 1, 2])?.into_vec();
    /// assert_eq!(list.try_read()?.len(), 3);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn try_read<'a>(&'a self) -> Result<ReadGuard<'a, 'p, [T], A>> {
        self.slice.try_read()
    }

    /// Makes room for so many more elements, and for as many again as there was room for if the pool has that. May move
    /// this block, and, unless the vector was made with another [`Fit`], others that are not locked.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`]; the vector is then as it was.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = defrag::PoolVec::<u8>::new(&pool);
    /// list.reserve(10)?;
    /// assert!(list.capacity() >= 10);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn reserve(&mut self, more: usize) -> Result<()> {
        if more <= self.capacity - self.len() {
            return Ok(());
        }
        self.grow(self.len().checked_add(more).ok_or(Error::InvalidSize)?)
    }

    #[cold]
    fn grow(&mut self, wanted: usize) -> Result<()> {
        let doubled = self.capacity.saturating_mul(2).max(FIRST_CAPACITY);
        if wanted < doubled && self.set_capacity(doubled).is_ok() {
            return Ok(());
        }
        self.set_capacity(wanted)
    }

    fn set_capacity(&mut self, capacity: usize) -> Result<()> {
        self.slice.reallocate(capacity, self.fit)?;
        self.capacity = full_capacity::<T>(capacity);
        Ok(())
    }

    /// Adds an element at the end. May move blocks as [`PoolVec::reserve`] does, if there is no room.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`], with the element handed back; the vector is then as it was.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_vec(1)?;
    /// list.push(String::from("first"))?;
    /// assert_eq!(list.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn push(&mut self, value: T) -> Result<(), Refused<T>> {
        if let Err(error) = self.reserve(1) {
            return Err(Refused { error, value });
        }
        let mut value = Some(value);
        self.slice.append_from_fn(1, |_| value.take().expect("asked for once"));
        Ok(())
    }

    /// Takes the last element out.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[1, 2])?.into_vec();
    /// assert_eq!((list.pop(), list.pop(), list.pop()), (Some(2), Some(1), None));
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn pop(&mut self) -> Option<T> {
        self.slice.take_last()
    }

    /// Puts an element before the one at an index, or at the end. O(elements behind it).
    ///
    /// # Errors
    ///
    /// As [`PoolVec::push`].
    ///
    /// # Panics
    ///
    /// If the index is greater than the length.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&['a', 'c'])?.into_vec();
    /// list.insert(1, 'b')?;
    /// assert_eq!(*list.read(), ['a', 'b', 'c']);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn insert(&mut self, index: usize, value: T) -> Result<(), Refused<T>> {
        assert!(index <= self.len(), "index {index} is beyond the end of a vector of {}", self.len());
        self.push(value)?;
        self.lock()[index..].rotate_right(1);
        Ok(())
    }

    /// Takes the element at an index out. O(elements behind it).
    ///
    /// # Panics
    ///
    /// If there is none.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&['a', 'b', 'c'])?.into_vec();
    /// assert_eq!(list.remove(1), 'b');
    /// assert_eq!(*list.read(), ['a', 'c']);
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn remove(&mut self, index: usize) -> T {
        assert!(index < self.len(), "no element {index} in a vector of {}", self.len());
        self.lock()[index..].rotate_left(1);
        self.pop().expect("there is one")
    }

    /// Adds copies of elements at the end.
    ///
    /// # Errors
    ///
    /// As [`PoolVec::reserve`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[1, 2])?.into_vec();
    /// list.extend_from_slice(&[3, 4])?;
    /// assert_eq!(*list.read(), [1, 2, 3, 4]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn extend_from_slice(&mut self, elements: &[T]) -> Result<()>
    where
        T: Copy,
    {
        self.reserve(elements.len())?;
        self.slice.append_copy(elements);
        Ok(())
    }

    /// Adds the elements of an iterator at the end.
    ///
    /// # Errors
    ///
    /// As [`PoolVec::push`]; the elements before the one refused stay, and it and the rest are dropped.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[1, 2])?.into_vec();
    /// list.try_extend(3..5)?;
    /// assert_eq!(*list.read(), [1, 2, 3, 4]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_extend(&mut self, elements: impl IntoIterator<Item = T>) -> Result<()> {
        let elements = elements.into_iter();
        self.reserve(elements.size_hint().0)?;
        for element in elements {
            self.push(element)?;
        }
        Ok(())
    }

    /// Drops the elements from `len` on, if there are any, and keeps their room.
    ///
    /// # Panics
    ///
    /// If a destructor does; every other element from `len` on is dropped nevertheless.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[1, 2, 3])?.into_vec();
    /// list.truncate(1);
    /// assert_eq!(*list.read(), [1]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.slice.drop_tail(len);
        }
    }

    /// Drops all elements and keeps their room.
    ///
    /// # Panics
    ///
    /// As [`PoolVec::truncate`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_slice_copy(&[1, 2, 3])?.into_vec();
    /// list.clear();
    /// assert!(list.is_empty() && list.capacity() >= 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn clear(&mut self) {
        self.truncate(0);
    }

    /// Gives the room for further elements back, in place.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_vec::<u32>(100)?;
    /// list.push(5)?;
    /// list.shrink_to_fit();
    /// assert_eq!(list.capacity(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn shrink_to_fit(&mut self) {
        // Shrinking is done in place, and so not refused; were it, the room would stay.
        let _ = self.set_capacity(self.len());
    }

    /// A slice of the elements, in the same block, without room for more.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_vec(100)?;
    /// list.push(5_u32)?;
    /// let slice: defrag::SliceMutex<u32> = list.into_slice();
    /// assert_eq!(slice.len(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_slice(mut self) -> SliceMutex<'p, T, A> {
        if self.capacity > self.len() {
            self.shrink_to_fit();
        }
        self.slice
    }
}

/// Elements of no size need no room.
fn full_capacity<T>(capacity: usize) -> usize {
    if size_of::<T>() == 0 {
        usize::MAX
    } else {
        capacity
    }
}

impl<'p, T, A: Access> From<SliceMutex<'p, T, A>> for PoolVec<'p, T, A> {
    fn from(slice: SliceMutex<'p, T, A>) -> Self {
        let capacity = full_capacity::<T>(slice.len());
        Self { slice, capacity, fit: Fit::MakeRoom }
    }
}

impl<T: fmt::Debug, A: Access> fmt::Debug for PoolVec<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Ok(elements) => elements.fmt(f),
            Err(_too_many_readers) => f.write_str("PoolVec(<locked>)"),
        }
    }
}
