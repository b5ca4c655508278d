// SPDX-License-Identifier: MIT
//! The ways to allocate, and how hard each tries.

use core::mem::MaybeUninit;
use core::pin::Pin;

use defrag_sys as sys;

use crate::access::{Access, Local};
use crate::block::{Block, Need};
use crate::error::{Error, Refused, Result};
use crate::mutex::{Mutex, SliceMutex};
use crate::pinned::Fixed;
use crate::pool::Pool;
use crate::string::PoolString;
use crate::vec::PoolVec;

/// How hard an allocation tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Fit {
    /// Constant time: takes a hole that is surely large enough, trying at most three that may be. Moves nothing. May
    /// answer [`Error::Fragmented`] although a hole would do.
    Fast,
    /// Searches until it has the smallest hole that fits: O(holes). Moves nothing. Answers [`Error::Fragmented`] only if no
    /// hole fits.
    Best,
    /// As [`Fit::Best`], and then moves the least it can to make room: O(blocks) at worst. With nothing locked and nothing
    /// aligned to more than 8 bytes it succeeds if and only if the free bytes suffice.
    #[default]
    MakeRoom,
}

impl Fit {
    #[inline(always)]
    pub(crate) fn code(self) -> sys::defrag_fit {
        let code = match self {
            Self::Fast => sys::DEFRAG_FAST,
            Self::Best => sys::DEFRAG_BEST,
            Self::MakeRoom => sys::DEFRAG_MAKE_ROOM,
        };
        code as sys::defrag_fit
    }
}

/// A pool together with how hard to try, made by [`Pool::with_fit`].
///
/// ```
/// use defrag::{Fit, Pool};
///
/// # fn main() -> defrag::Result<()> {
/// let pool = Pool::new(4096, 16, 0)?;
/// let fast = pool.with_fit(Fit::Fast);
/// let mut packet = fast.alloc_slice::<u8>(128)?; // in constant time, and nothing moved
/// let reading = fast.alloc_value(21.5_f64)?;
/// # drop((packet, reading));
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Fitting<'p, A: Access = Local> {
    pool: &'p Pool<A>,
    fit: Fit,
}

impl<A: Access> Clone for Fitting<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A: Access> Copy for Fitting<'_, A> {}

impl<'p, A: Access> Fitting<'p, A> {
    pub(crate) fn pool(self) -> &'p Pool<A> {
        self.pool
    }

    pub(crate) fn fit(self) -> Fit {
        self.fit
    }

    /// What is to be asked of a block for so many elements.
    pub(crate) fn need<T>(self, count: usize) -> Result<Need> {
        let bytes = count.checked_mul(size_of::<T>()).ok_or(Error::InvalidSize)?;
        Ok(Need { bytes, alignment: align_of::<T>(), fit: self.fit, pinned: false })
    }

    /// As [`Pool::alloc`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut number = pool.with_fit(defrag::Fit::Best).alloc::<u64>()?;
    /// assert_eq!(*number.lock(), 0);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc<T: Default>(self) -> Result<Mutex<'p, T, A>> {
        let block = Block::alloc(self.pool, self.need::<T>(1)?)?;
        Ok(store(block, T::default()))
    }

    /// As [`Pool::alloc_value`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.with_fit(defrag::Fit::Best).alloc_value(3.5)?;
    /// assert_eq!(*number.read(), 3.5);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_value<T>(self, value: T) -> Result<Mutex<'p, T, A>, Refused<T>> {
        match self.need::<T>(1).and_then(|need| Block::alloc(self.pool, need)) {
            Ok(block) => Ok(store(block, value)),
            Err(error) => Err(Refused { error, value }),
        }
    }

    /// As [`Pool::alloc_pinned`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let buffer = pool.with_fit(defrag::Fit::Best).alloc_pinned([0_u8; 64])?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_pinned<T>(self, value: T) -> Result<Pin<Fixed<'p, T, A>>, Refused<T>> {
        if self.pool.is_borrowed() {
            return Err(Refused { error: Error::BorrowedMemory, value });
        }
        let need = self.need::<T>(1).map(|need| Need { pinned: true, ..need });
        match need.and_then(|need| Block::alloc(self.pool, need)) {
            Ok(block) => Ok(Fixed::pinned(store(block, value))),
            Err(error) => Err(Refused { error, value }),
        }
    }

    /// As [`Pool::alloc_slice`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let numbers = pool.with_fit(defrag::Fit::Best).alloc_slice::<u16>(10)?;
    /// assert_eq!(*numbers.read(), [0; 10]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice<T: Default>(self, len: impl TryInto<usize>) -> Result<SliceMutex<'p, T, A>> {
        self.alloc_slice_from_fn(len, |_| T::default())
    }

    /// As [`Pool::alloc_slice_uninit`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let packet = pool.with_fit(defrag::Fit::Fast).alloc_slice_uninit::<u8>(64)?;
    /// assert_eq!(packet.len(), 64);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice_uninit<T>(self, len: usize) -> Result<SliceMutex<'p, MaybeUninit<T>, A>> {
        let block = Block::alloc(self.pool, self.need::<T>(len)?)?;
        // SAFETY: uninitialised elements are valid anywhere.
        Ok(unsafe { SliceMutex::new(block, len) })
    }

    /// As [`Pool::alloc_slice_from_fn`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let squares = pool.with_fit(defrag::Fit::Best).alloc_slice_from_fn(4, |i| i * i)?;
    /// assert_eq!(*squares.read(), [0, 1, 4, 9]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice_from_fn<T>(
        self,
        len: impl TryInto<usize>,
        element: impl FnMut(usize) -> T,
    ) -> Result<SliceMutex<'p, T, A>> {
        let len = len.try_into().map_err(|_| Error::InvalidSize)?;
        let mut slice = SliceMutex::with_capacity(self, len)?;
        slice.append_from_fn(len, element);
        Ok(slice)
    }

    /// As [`Pool::alloc_slice_from_iter`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let letters = pool.with_fit(defrag::Fit::Best).alloc_slice_from_iter("abc".chars())?;
    /// assert_eq!(*letters.read(), ['a', 'b', 'c']);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_slice_from_iter<T>(self, elements: impl IntoIterator<Item = T>) -> Result<SliceMutex<'p, T, A>> {
        let elements = elements.into_iter();
        let mut vec = self.alloc_vec(elements.size_hint().0)?;
        for element in elements {
            vec.push(element)?;
        }
        Ok(vec.into_slice())
    }

    /// As [`Pool::alloc_slice_copy`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let primes = pool.with_fit(defrag::Fit::Best).alloc_slice_copy(&[2, 3, 5, 7])?;
    /// assert_eq!(*primes.read(), [2, 3, 5, 7]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice_copy<T: Copy>(self, elements: &[T]) -> Result<SliceMutex<'p, T, A>> {
        let mut slice = SliceMutex::with_capacity(self, elements.len())?;
        slice.append_copy(elements);
        Ok(slice)
    }

    /// As [`Pool::alloc_str`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let name = pool.with_fit(defrag::Fit::Best).alloc_str("probe")?;
    /// assert_eq!(&*name.read(), "probe");
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_str(self, text: &str) -> Result<Mutex<'p, str, A>> {
        let (block, len) = self.alloc_slice_copy(text.as_bytes())?.into_parts();
        // SAFETY: the bytes are those of a string.
        Ok(unsafe { Mutex::new(block, len) })
    }

    /// As [`Pool::alloc_vec`]; the vector grows as the fit says.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.with_fit(defrag::Fit::Best).alloc_vec(4)?;
    /// list.push('x')?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_vec<T>(self, capacity: usize) -> Result<PoolVec<'p, T, A>> {
        PoolVec::with_capacity(self, capacity)
    }

    /// As [`Pool::alloc_string`]; the string grows as the fit says.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.with_fit(defrag::Fit::Best).alloc_string(4)?;
    /// text.push_str("warm")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_string(self, capacity: usize) -> Result<PoolString<'p, A>> {
        Ok(PoolString::over(self.alloc_vec(capacity)?))
    }
}

/// Puts a value into a new block.
#[inline]
fn store<T, A: Access>(mut block: Block<'_, A>, value: T) -> Mutex<'_, T, A> {
    // SAFETY: the block has the size and alignment of T, and is locked.
    unsafe { block.lock().cast::<T>().write(value) };
    block.unlock();
    // SAFETY: it holds the value.
    unsafe { Mutex::new(block, ()) }
}

impl<A: Access> Pool<A> {
    /// Chooses how hard the allocations made through what is returned try. The pool's own methods make room.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut number = pool.with_fit(defrag::Fit::Best).alloc::<u64>()?;
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn with_fit(&self, fit: Fit) -> Fitting<'_, A> {
        Fitting { pool: self, fit }
    }

    /// Allocates a `T` of its default value. May move blocks that are not locked.
    ///
    /// # Errors
    ///
    /// - [`Error::OutOfMemory`]: the free bytes do not suffice.
    /// - [`Error::Fragmented`], [`Error::OutOfIndexes`]: they do, but locked blocks are in the way of making room.
    /// - [`Error::InvalidSize`]: it is more than the empty pool could hold.
    /// - [`Error::InvalidAlignment`]: it is aligned to more than 1024 bytes.
    ///
    /// All ways to allocate fail so.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut number = pool.alloc::<u32>()?;
    /// *number.lock() = 5;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc<T: Default>(&self) -> Result<Mutex<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc()
    }

    /// As [`Pool::alloc`] in constant time: moves nothing, and may answer [`Error::Fragmented`] although a hole would do.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut number = pool.alloc_fast::<u32>()?;
    /// *number.lock() = 5;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_fast<T: Default>(&self) -> Result<Mutex<'_, T, A>> {
        self.with_fit(Fit::Fast).alloc()
    }

    /// Allocates `len` elements of their default value. May move blocks that are not locked.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`]; and [`Error::InvalidSize`] for a negative length, or a size that overflows.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut samples = pool.alloc_slice::<i16>(100)?;
    /// samples.lock()[99] = -1;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice<T: Default>(&self, len: impl TryInto<usize>) -> Result<SliceMutex<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc_slice(len)
    }

    /// As [`Pool::alloc_slice`], finding its place in constant time: moves nothing, and may answer [`Error::Fragmented`]
    /// although a hole would do.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut samples = pool.alloc_slice_fast::<i16>(100)?;
    /// samples.lock()[99] = -1;
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice_fast<T: Default>(&self, len: impl TryInto<usize>) -> Result<SliceMutex<'_, T, A>> {
        self.with_fit(Fit::Fast).alloc_slice(len)
    }

    /// Allocates room for a value and puts it there.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`], with the value handed back.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_value(vec![1, 2])?;
    /// list.lock().push(3);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_value<T>(&self, value: T) -> Result<Mutex<'_, T, A>, Refused<T>> {
        self.with_fit(Fit::MakeRoom).alloc_value(value)
    }

    /// Allocates a block that stays where it is until it is dropped, for DMA or a value that refers to itself, in the
    /// lowest hole that fits, so that such blocks do not split the pool.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`], and [`Error::BorrowedMemory`] for a pool made by [`Pool::in_buffer`]: a leaked pin could outlive
    /// the buffer. The value is handed back.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let buffer = pool.alloc_pinned([0_u8; 64])?;
    /// let address = buffer.as_ptr();
    /// pool.defrag();
    /// assert_eq!(buffer.as_ptr(), address);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_pinned<T>(&self, value: T) -> Result<Pin<Fixed<'_, T, A>>, Refused<T>> {
        self.with_fit(Fit::MakeRoom).alloc_pinned(value)
    }

    /// Allocates `len` elements that are not initialised, for the price of the block alone.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut samples = pool.alloc_slice_uninit::<u16>(3)?;
    /// for (i, sample) in samples.lock().iter_mut().enumerate() {
    ///     sample.write(7 * i as u16);
    /// }
    /// // SAFETY: all three have been written.
    /// let samples = unsafe { samples.assume_init() };
    /// assert_eq!(*samples.read(), [0, 7, 14]);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn alloc_slice_uninit<T>(&self, len: usize) -> Result<SliceMutex<'_, MaybeUninit<T>, A>> {
        self.with_fit(Fit::MakeRoom).alloc_slice_uninit(len)
    }

    /// Allocates `len` elements, each made by a function of its index.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`].
    ///
    /// # Panics
    ///
    /// If the function does; what it made before is then dropped and the block freed.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let squares = pool.alloc_slice_from_fn(4, |i| i * i)?;
    /// assert_eq!(*squares.read(), [0, 1, 4, 9]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_slice_from_fn<T>(
        &self,
        len: impl TryInto<usize>,
        element: impl FnMut(usize) -> T,
    ) -> Result<SliceMutex<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc_slice_from_fn(len, element)
    }

    /// Allocates the elements of an iterator. Copies them now and then if the iterator cannot tell how many there are.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`]; the elements are then dropped.
    ///
    /// # Panics
    ///
    /// If the iterator does; what it gave before is then dropped and the block freed.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let letters = pool.alloc_slice_from_iter("abc".chars())?;
    /// assert_eq!(*letters.read(), ['a', 'b', 'c']);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_slice_from_iter<T>(&self, elements: impl IntoIterator<Item = T>) -> Result<SliceMutex<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc_slice_from_iter(elements)
    }

    /// Allocates a copy of a slice.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let primes = pool.alloc_slice_copy(&[2, 3, 5, 7])?;
    /// assert_eq!(*primes.read(), [2, 3, 5, 7]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_slice_copy<T: Copy>(&self, elements: &[T]) -> Result<SliceMutex<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc_slice_copy(elements)
    }

    /// Allocates a copy of a string, of a size that stays; for one that grows see [`Pool::alloc_string`].
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let name = pool.alloc_str("probe")?;
    /// assert_eq!(&*name.read(), "probe");
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_str(&self, text: &str) -> Result<Mutex<'_, str, A>> {
        self.with_fit(Fit::MakeRoom).alloc_str(text)
    }

    /// Makes a vector with room for so many elements; with room for none nothing is allocated.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc_slice`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut list = pool.alloc_vec(4)?;
    /// list.push('x')?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_vec<T>(&self, capacity: usize) -> Result<PoolVec<'_, T, A>> {
        self.with_fit(Fit::MakeRoom).alloc_vec(capacity)
    }

    /// Makes a string with room for so many bytes; with room for none nothing is allocated.
    ///
    /// # Errors
    ///
    /// As [`Pool::alloc`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut text = pool.alloc_string(4)?;
    /// text.push_str("warm")?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn alloc_string(&self, capacity: usize) -> Result<PoolString<'_, A>> {
        self.with_fit(Fit::MakeRoom).alloc_string(capacity)
    }
}
