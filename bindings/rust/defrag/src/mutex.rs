// SPDX-License-Identifier: MIT
//! The typed handle: a block that holds a value, moves while it is unlocked, and is freed with its owner.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use crate::access::{Access, Local};
use crate::block::{Block, Need};
use crate::content::Content;
use crate::error::Result;
use crate::guard::{ReadGuard, Value};
use crate::look::Handle;
use crate::pool::Pool;

/// A `T` in a [`Pool`]. While no guard of it lives, the pool may move it; dropping it drops the `T` and frees its block.
///
/// It takes the place of a `Box<T>`, at the size of a reference and a `u32`.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut name = pool.alloc_value(String::from("sensor"))?;
/// name.lock().push_str(" 7");
/// assert_eq!(name.read().len(), 8);
/// assert_eq!(name.into_inner(), "sensor 7");
/// # Ok(())
/// # }
/// ```
///
/// It cannot outlive its pool:
///
/// ```compile_fail,E0597
/// let number = {
///     let pool = defrag::Pool::new(1024, 8, 0).unwrap();
///     pool.alloc::<u32>().unwrap()
/// };
/// drop(number);
/// ```
pub struct Mutex<'mutex, T: ?Sized + Content, A: Access = Local> {
    // Dropped after the content, also if that panics.
    block: Block<'mutex, A>,
    extent: T::Extent,
    content: PhantomData<T>,
}

/// A `[T]` in a [`Pool`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut numbers: defrag::SliceMutex<u32> = pool.alloc_slice(4)?;
/// numbers.lock().fill(7);
/// # Ok(())
/// # }
/// ```
pub type SliceMutex<'mutex, T, A = Local> = Mutex<'mutex, [T], A>;

impl<'mutex, T: ?Sized + Content, A: Access> Mutex<'mutex, T, A> {
    /// # Safety
    ///
    /// The block holds a valid content of this extent, or will before the mutex is given to anyone.
    #[inline(always)]
    pub(crate) unsafe fn new(block: Block<'mutex, A>, extent: T::Extent) -> Self {
        Self { block, extent, content: PhantomData }
    }

    /// Takes the mutex apart, without dropping its content.
    #[inline]
    pub(crate) fn into_parts(self) -> (Block<'mutex, A>, T::Extent) {
        let whole = ManuallyDrop::new(self);
        // SAFETY: the block is moved out of what is not used or dropped any more.
        (unsafe { ptr::read(&whole.block) }, whole.extent)
    }

    /// Locks the block, so that its address is fixed, until the guard is dropped. O(1), moves nothing; a copy of this
    /// block that [`Pool::step`] has under way is abandoned.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut number = pool.alloc::<u64>()?;
    /// *number.lock() += 1;
    /// assert_eq!(*number.lock(), 1);
    /// # Ok(())
    /// # }
    /// ```
    #[inline(always)]
    pub fn lock<'a>(&'a mut self) -> Value<'a, 'mutex, T, A> {
        let content = self.lock_content();
        // SAFETY: the content is valid, and the block has just been locked.
        unsafe { Value::new(&self.block, content) }
    }

    /// Locks the block for reading, along with others, until the guard is dropped. O(1), moves nothing.
    ///
    /// # Panics
    ///
    /// If twelve read guards of this block are alive already, or were leaked since [`Mutex::lock`] was last called.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc_value(7_u8)?;
    /// assert_eq!(*number.read(), 7);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    #[track_caller]
    pub fn read<'a>(&'a self) -> ReadGuard<'a, 'mutex, T, A> {
        self.try_read().expect("too many readers of one block")
    }

    /// Locks the block for reading, as [`Mutex::read`] does, and tells if there are too many readers.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyLocks`](crate::Error::TooManyLocks).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc_value(7_u8)?;
    /// let readers: Vec<_> = (0..12).map(|_| number.read()).collect();
    /// assert_eq!(number.try_read().unwrap_err(), defrag::Error::TooManyLocks);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn try_read<'a>(&'a self) -> Result<ReadGuard<'a, 'mutex, T, A>> {
        let content = T::at(self.block.lock_shared()?, self.extent);
        // SAFETY: the content is valid, and the block has just been locked.
        Ok(unsafe { ReadGuard::new(&self.block, content) })
    }

    /// The pool that the block belongs to.
    #[inline]
    pub fn pool(&self) -> &'mutex Pool<A> {
        self.block.pool()
    }

    /// The name by which [`Pool::blocks`], events and [`Pool::blockers`] call this block, until it is freed; none for what
    /// has no size.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc::<u64>()?;
    /// assert_eq!(pool.blocks().next().unwrap().handle, number.handle());
    /// assert_eq!(pool.alloc::<()>()?.handle(), None);
    /// # Ok(())
    /// # }
    /// ```
    #[inline]
    pub fn handle(&self) -> Option<Handle> {
        Handle::of(self.block.handle())
    }

    #[inline(always)]
    pub(crate) fn lock_content(&mut self) -> NonNull<T> {
        T::at(self.block.lock(), self.extent)
    }

    #[inline]
    pub(crate) fn block(&self) -> &Block<'mutex, A> {
        &self.block
    }

    #[inline]
    pub(crate) fn extent(&self) -> T::Extent {
        self.extent
    }

    /// # Safety
    ///
    /// The block holds a valid content of this extent.
    #[inline]
    pub(crate) unsafe fn set_extent(&mut self, extent: T::Extent) {
        self.extent = extent;
    }

    /// Changes the block's size, which must be that of the extent, or more.
    pub(crate) fn resize_block(&mut self, need: Need) -> Result<()> {
        self.block.resize(need)
    }
}

impl<T, A: Access> Mutex<'_, T, A> {
    /// Takes the value out and frees its block. O(1) and the size of `T`.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let list = pool.alloc_value(vec![1, 2, 3])?;
    /// assert_eq!(list.into_inner(), [1, 2, 3]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_inner(mut self) -> T {
        // SAFETY: the value is valid, and not used or dropped any more.
        let value = unsafe { self.lock_content().read() };
        self.block.unlock();
        drop(self.into_parts()); // frees the block
        value
    }
}

impl<T: ?Sized + Content, A: Access> Drop for Mutex<'_, T, A> {
    #[inline]
    fn drop(&mut self) {
        if core::mem::needs_drop::<T>() {
            // SAFETY: the content is valid, and not used any more.
            unsafe { self.lock_content().drop_in_place() };
            self.block.unlock();
        }
    }
}

impl<T: ?Sized + Content + fmt::Debug, A: Access> fmt::Debug for Mutex<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Ok(content) => f.debug_tuple("Mutex").field(&&*content).finish(),
            Err(_too_many_readers) => f.write_str("Mutex(<locked>)"),
        }
    }
}
