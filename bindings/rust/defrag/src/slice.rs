// SPDX-License-Identifier: MIT
//! Slices: what a mutex of `[T]` can do beyond others. All that adds or drops elements is here, for vectors too.
//!
//! The length counts the elements that exist, at every moment that foreign code runs: what a panic leaves behind is
//! dropped once, and no more. A panic also leaves the block locked, which the next lock, or the block's end, makes good.

use core::mem::MaybeUninit;
use core::ptr;

use crate::access::Access;
use crate::allocate::{Fit, Fitting};
use crate::block::Block;
use crate::content::Content;
use crate::error::Result;
use crate::mutex::{Mutex, SliceMutex};
use crate::vec::PoolVec;

impl<T: ?Sized + Content<Extent = usize>, A: Access> Mutex<'_, T, A> {
    /// The number of elements of a slice, or of bytes of a string. O(1), locks nothing.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert_eq!(pool.alloc_slice::<u32>(9)?.len(), 9);
    /// assert_eq!(pool.alloc_str("seven")?.len(), 5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn len(&self) -> usize {
        self.extent()
    }

    /// Whether there are none. O(1), locks nothing.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert!(pool.alloc_slice::<u32>(0)?.is_empty());
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<'p, T, A: Access> Mutex<'p, [T], A> {
    /// Drops the elements from `len` on and gives their bytes back, in place. Does nothing if there are none.
    ///
    /// # Panics
    ///
    /// If a destructor does; every other element from `len` on is dropped nevertheless.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut numbers = pool.alloc_slice_copy(&[1, 2, 3])?;
    /// numbers.truncate(2);
    /// assert_eq!(*numbers.read(), [1, 2]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.drop_tail(len);
            // Shrinking is done in place, and so not refused; were it, the bytes would be kept.
            let _ = self.reallocate(len, Fit::Fast);
        }
    }

    /// Makes the slice `len` elements long, with clones of a value for those to be added. May move this block, and others
    /// that are not locked.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`](crate::Pool::alloc_slice); the slice is then as it was.
    ///
    /// # Panics
    ///
    /// If `clone` or a destructor does; the slice then has the elements cloned so far.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut numbers = pool.alloc_slice_copy(&[1, 2, 3])?;
    /// numbers.resize(5, 9)?;
    /// assert_eq!(*numbers.read(), [1, 2, 3, 9, 9]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resize(&mut self, len: usize, value: T) -> Result<()>
    where
        T: Clone,
    {
        self.resize_from_fn(len, |_| value.clone())
    }

    /// Makes the slice `len` elements long, with a function of the index for those to be added. May move this block, and
    /// others that are not locked.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`](crate::Pool::alloc_slice); the slice is then as it was.
    ///
    /// # Panics
    ///
    /// If the function or a destructor does; the slice then has the elements made so far.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut numbers = pool.alloc_slice_copy(&[0, 1])?;
    /// numbers.resize_from_fn(4, |i| 10 * i)?;
    /// assert_eq!(*numbers.read(), [0, 1, 20, 30]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn resize_from_fn(&mut self, len: usize, element: impl FnMut(usize) -> T) -> Result<()> {
        if len <= self.len() {
            self.truncate(len);
        } else {
            self.reallocate(len, Fit::MakeRoom)?;
            self.append_from_fn(len - self.len(), element);
        }
        Ok(())
    }

    /// A vector of the elements, in the same block.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut numbers = pool.alloc_slice_copy(&[1, 2, 3])?.into_vec();
    /// numbers.push(4)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_vec(self) -> PoolVec<'p, T, A> {
        PoolVec::from(self)
    }

    /// An empty slice in a block with room for so many elements.
    pub(crate) fn with_capacity(fitting: Fitting<'p, A>, capacity: usize) -> Result<Self> {
        let block = Block::alloc(fitting.pool(), fitting.need::<T>(capacity)?)?;
        // SAFETY: no elements are valid anywhere.
        Ok(unsafe { SliceMutex::new(block, 0) })
    }

    /// Gives the block room for so many elements, not fewer than there are.
    pub(crate) fn reallocate(&mut self, capacity: usize, fit: Fit) -> Result<()> {
        self.resize_block(self.pool().with_fit(fit).need::<T>(capacity)?)
    }

    /// Adds elements at the end, for which there must be room.
    #[inline]
    pub(crate) fn append_from_fn(&mut self, count: usize, mut element: impl FnMut(usize) -> T) {
        let start = self.lock_content().cast::<T>().as_ptr();
        for i in self.len()..self.len() + count {
            let element = element(i);
            // SAFETY: there is room, and the block is locked; the element counts once it is there.
            unsafe {
                start.add(i).write(element);
                self.set_extent(i + 1);
            }
        }
        self.block().unlock();
    }

    /// Adds copies of elements at the end, for which there must be room.
    #[inline]
    pub(crate) fn append_copy(&mut self, elements: &[T])
    where
        T: Copy,
    {
        let len = self.len();
        let start = self.lock_content().cast::<T>().as_ptr();
        // SAFETY: there is room, the block is locked, and nobody else can have a reference into it.
        unsafe {
            ptr::copy_nonoverlapping(elements.as_ptr(), start.add(len), elements.len());
            self.set_extent(len + elements.len());
        }
        self.block().unlock();
    }

    /// Takes the last element out, leaving its room.
    pub(crate) fn take_last(&mut self) -> Option<T> {
        let last = self.len().checked_sub(1)?;
        let start = self.lock_content().cast::<T>().as_ptr();
        // SAFETY: the element is valid, and does not count any more.
        let element = unsafe {
            self.set_extent(last);
            start.add(last).read()
        };
        self.block().unlock();
        Some(element)
    }

    /// Drops the elements from `len` on, leaving their room; there must be as many as that.
    pub(crate) fn drop_tail(&mut self, len: usize) {
        let count = self.len() - len;
        // SAFETY: the elements below stay valid; the others do not count from here on.
        unsafe { self.set_extent(len) };
        if core::mem::needs_drop::<T>() {
            let start = self.lock_content().cast::<T>().as_ptr();
            // SAFETY: these were valid until now, and are not used any more.
            unsafe { ptr::slice_from_raw_parts_mut(start.add(len), count).drop_in_place() };
            self.block().unlock();
        }
    }
}

impl<'p, T, A: Access> Mutex<'p, [MaybeUninit<T>], A> {
    /// The same elements, in the same block, as initialised ones. Copies nothing.
    ///
    /// # Safety
    ///
    /// Every element has been initialised. What is taken for a `T` and is none is undefined behaviour as soon as it is
    /// read or dropped.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut names = pool.alloc_slice_uninit(1)?;
    /// names.lock()[0].write(String::from("probe"));
    /// // SAFETY: the only element has been written.
    /// let names = unsafe { names.assume_init() };
    /// assert_eq!(names.read()[0], "probe");
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub unsafe fn assume_init(self) -> SliceMutex<'p, T, A> {
        let (block, len) = self.into_parts();
        // SAFETY: the elements are valid, as the caller says.
        unsafe { SliceMutex::new(block, len) }
    }
}
