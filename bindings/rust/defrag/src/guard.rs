// SPDX-License-Identifier: MIT
//! Guards: while one lives its block is locked, so its address is fixed.

use core::fmt;
use core::marker::PhantomData;
use core::mem::ManuallyDrop;
use core::ops::{Deref, DerefMut};
use core::ptr::NonNull;

use crate::access::{Access, Local};
use crate::block::Block;
use crate::content::Content;
use crate::pool::Pool;

/// The content of a block, locked for this guard alone until it is dropped.
///
/// Leaking a guard leaves its block where it is until the next `lock`, which makes good for it.
///
/// Two guards of one block cannot be, and a guard cannot outlive what it was made from:
///
/// ```compile_fail,E0499
/// let pool = defrag::Pool::new(1024, 8, 0).unwrap();
/// let mut number = pool.alloc::<u32>().unwrap();
/// let first = number.lock();
/// let second = number.lock();
/// drop(first);
/// ```
///
/// It is not `Pin`: the block may be moved once it is unlocked. See [`Mutex::pin`] for what must stay.
///
/// [`Mutex::pin`]: crate::Mutex::pin
pub struct Value<'a, 'mutex, T: ?Sized, A: Access = Local> {
    block: &'a Block<'mutex, A>,
    content: NonNull<T>,
    exclusive: PhantomData<&'a mut T>,
}

/// The elements of a [`SliceMutex`], locked for this guard alone until it is dropped.
///
/// [`SliceMutex`]: crate::SliceMutex
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut numbers = pool.alloc_slice::<u32>(4)?;
/// let mut guard: defrag::Slice<u32> = numbers.lock();
/// guard[3] = 9;
/// # Ok(())
/// # }
/// ```
pub type Slice<'a, 'mutex, T, A = Local> = Value<'a, 'mutex, [T], A>;

impl<'a, 'mutex, T: ?Sized, A: Access> Value<'a, 'mutex, T, A> {
    /// # Safety
    ///
    /// The content is valid at `content`, in this block, which is locked exclusively on the guard's behalf.
    #[inline(always)]
    pub(crate) unsafe fn new(block: &'a Block<'mutex, A>, content: NonNull<T>) -> Self {
        Self { block, content, exclusive: PhantomData }
    }
}

impl<'a, 'mutex, A: Access> Slice<'a, 'mutex, u8, A> {
    /// The text that these bytes are, which the caller knows to be UTF-8.
    #[inline]
    pub(crate) fn into_str(self) -> Value<'a, 'mutex, str, A> {
        let whole = ManuallyDrop::new(self);
        let content = str::at(whole.content.cast(), whole.content.len());
        // SAFETY: the lock goes over from the one guard to the other.
        unsafe { Value::new(whole.block, content) }
    }
}

// SAFETY: the guard is a `&mut T`, and may be dropped wherever the pool may be called.
unsafe impl<T: ?Sized + Send, A: Access> Send for Value<'_, '_, T, A> where Pool<A>: Sync {}
// SAFETY: a shared guard is a `&T`.
unsafe impl<T: ?Sized + Sync, A: Access> Sync for Value<'_, '_, T, A> where Pool<A>: Sync {}

impl<T: ?Sized, A: Access> Deref for Value<'_, '_, T, A> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: valid while the guard lives, as `new` was told.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized, A: Access> DerefMut for Value<'_, '_, T, A> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: valid and this guard's alone while it lives, as `new` was told.
        unsafe { self.content.as_mut() }
    }
}

impl<T: ?Sized, A: Access> Drop for Value<'_, '_, T, A> {
    #[inline(always)]
    fn drop(&mut self) {
        self.block.unlock();
    }
}

impl<T: ?Sized + fmt::Debug, A: Access> fmt::Debug for Value<'_, '_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, A: Access> fmt::Display for Value<'_, '_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The content of a block, locked for reading until the guard is dropped; up to twelve may read at a time.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let number = pool.alloc_value(5_u32)?;
/// let (one, other) = (number.read(), number.read());
/// assert_eq!(*one + *other, 10);
/// # Ok(())
/// # }
/// ```
pub struct ReadGuard<'a, 'mutex, T: ?Sized, A: Access = Local> {
    block: &'a Block<'mutex, A>,
    content: NonNull<T>,
    shared: PhantomData<&'a T>,
}

impl<'a, 'mutex, T: ?Sized, A: Access> ReadGuard<'a, 'mutex, T, A> {
    /// # Safety
    ///
    /// The content is valid at `content`, in this block, which is locked for reading on the guard's behalf.
    #[inline(always)]
    pub(crate) unsafe fn new(block: &'a Block<'mutex, A>, content: NonNull<T>) -> Self {
        Self { block, content, shared: PhantomData }
    }
}

impl<'a, 'mutex, A: Access> ReadGuard<'a, 'mutex, [u8], A> {
    /// The text that these bytes are, which the caller knows to be UTF-8.
    #[inline]
    pub(crate) fn into_str(self) -> ReadGuard<'a, 'mutex, str, A> {
        let whole = ManuallyDrop::new(self);
        let content = str::at(whole.content.cast(), whole.content.len());
        // SAFETY: the lock goes over from the one guard to the other.
        unsafe { ReadGuard::new(whole.block, content) }
    }
}

// SAFETY: the guard is a `&T`, and may be dropped wherever the pool may be called.
unsafe impl<T: ?Sized + Sync, A: Access> Send for ReadGuard<'_, '_, T, A> where Pool<A>: Sync {}
// SAFETY: as for Send.
unsafe impl<T: ?Sized + Sync, A: Access> Sync for ReadGuard<'_, '_, T, A> where Pool<A>: Sync {}

impl<T: ?Sized, A: Access> Deref for ReadGuard<'_, '_, T, A> {
    type Target = T;

    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: valid while the guard lives, as `new` was told.
        unsafe { self.content.as_ref() }
    }
}

impl<T: ?Sized, A: Access> Drop for ReadGuard<'_, '_, T, A> {
    #[inline(always)]
    fn drop(&mut self) {
        self.block.unlock();
    }
}

impl<T: ?Sized + fmt::Debug, A: Access> fmt::Debug for ReadGuard<'_, '_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display, A: Access> fmt::Display for ReadGuard<'_, '_, T, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
