// SPDX-License-Identifier: MIT
//! Blocks that stay: locked from the pin to the end.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::pin::Pin;
use core::ptr::{self, NonNull};

use crate::access::{Access, Local};
use crate::block::Block;
use crate::content::Content;
use crate::error::{Error, Refused};
use crate::mutex::Mutex;
use crate::pool::Pool;

/// A `T` whose block stays locked, so that its address is fixed until it is dropped. Always within a [`Pin`]: if it is
/// leaked its block is never used again, not even after its pool is gone.
///
/// Made by [`Mutex::pin`] and [`Pool::alloc_pinned`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// use core::pin::Pin;
///
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut buffer: Pin<defrag::Fixed<[u8; 32]>> = pool.alloc_pinned([0; 32])?;
/// buffer[0] = 7;
/// # Ok(())
/// # }
/// ```
pub struct Fixed<'p, T: ?Sized + Content, A: Access = Local> {
    block: Block<'p, A>,
    extent: T::Extent,
    address: NonNull<T>,
    content: PhantomData<T>,
}

impl<'p, T: ?Sized + Content, A: Access> Mutex<'p, T, A> {
    /// Locks the block for good, for DMA or a value that refers to itself. It stays where it happens to be; a block that
    /// is to stay from the start is better made by [`Pool::alloc_pinned`], which puts it out of the way.
    ///
    /// # Errors
    ///
    /// [`Error::BorrowedMemory`] for a pool made by [`Pool::in_buffer`]: a leaked pin could outlive the buffer. The mutex
    /// is handed back.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let mut buffer = pool.alloc_slice::<u8>(64)?.pin()?;
    /// let address = buffer.as_mut_ptr();
    /// pool.defrag();
    /// assert_eq!(buffer.as_mut_ptr(), address);
    /// # Ok(())
    /// # }
    /// ```
    pub fn pin(self) -> Result<Pin<Fixed<'p, T, A>>, Refused<Self>> {
        if self.pool().is_borrowed() {
            return Err(Refused { error: Error::BorrowedMemory, value: self });
        }
        Ok(Fixed::pinned(self))
    }
}

impl<'p, T: ?Sized + Content, A: Access> Fixed<'p, T, A> {
    pub(crate) fn pinned(mut mutex: Mutex<'p, T, A>) -> Pin<Self> {
        let address = mutex.lock_content();
        let (block, extent) = mutex.into_parts();
        // SAFETY: the block stays locked until the content was dropped: a pool's memory is given back only if no block
        // of it is locked, and memory that is merely borrowed was refused.
        unsafe { Pin::new_unchecked(Fixed { block, extent, address, content: PhantomData }) }
    }

    /// Makes it movable again, which a type has to allow.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc_pinned(7)?;
    /// let number: defrag::Mutex<i32> = defrag::Fixed::unpin(number);
    /// # Ok(())
    /// # }
    /// ```
    pub fn unpin(this: Pin<Self>) -> Mutex<'p, T, A>
    where
        T: Unpin,
    {
        let whole = ManuallyDrop::new(Pin::into_inner(this));
        // SAFETY: the block is moved out of what is not used or dropped any more.
        let block = unsafe { ptr::read(&whole.block) };
        block.unlock();
        // SAFETY: the content is valid.
        unsafe { Mutex::new(block, whole.extent) }
    }
}

// SAFETY: it owns its `T`, and may be dropped wherever the pool may be called.
unsafe impl<T: ?Sized + Content + Send, A: Access> Send for Fixed<'_, T, A> where Pool<A>: Sync {}
// SAFETY: a shared reference to it is one to its `T`.
unsafe impl<T: ?Sized + Content + Sync, A: Access> Sync for Fixed<'_, T, A> where Pool<A>: Sync {}

impl<T: ?Sized + Content, A: Access> Deref for Fixed<'_, T, A> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: valid, as the block is locked.
        unsafe { self.address.as_ref() }
    }
}

impl<T: ?Sized + Content, A: Access> DerefMut for Fixed<'_, T, A> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: valid, as the block is locked, and this owner's alone.
        unsafe { self.address.as_mut() }
    }
}

impl<T: ?Sized + Content, A: Access> Drop for Fixed<'_, T, A> {
    fn drop(&mut self) {
        // SAFETY: the content is valid, and not used any more.
        unsafe { self.address.as_ptr().drop_in_place() };
        self.block.unlock();
    }
}

impl<T: ?Sized + Content + fmt::Debug, A: Access> fmt::Debug for Fixed<'_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
