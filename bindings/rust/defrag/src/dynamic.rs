// SPDX-License-Identifier: MIT
//! Trait objects, on stable Rust: beside the block go functions that know its `T`, and turn it into a `dyn Trait`.

use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use crate::access::{Access, Local};
use crate::block::Block;
use crate::error::Result;
use crate::guard::{ReadGuard, Value};
use crate::mutex::Mutex;

/// A `dyn Trait` in a pool, or whatever else a `T` can be seen as. It remembers how to drop its `T`.
///
/// Made by [`Mutex::into_dyn`]. It cannot be sent to another thread.
///
/// ```
/// use core::fmt::Display;
/// use defrag::{DynMutex, Pool};
///
/// # fn main() -> defrag::Result<()> {
/// let pool = Pool::new(1024, 8, 0)?;
/// let things: [DynMutex<dyn Display>; 2] = [
///     pool.alloc_value(5)?.into_dyn::<dyn Display>(|number| number, |number| number),
///     pool.alloc_value("five")?.into_dyn::<dyn Display>(|text| text, |text| text),
/// ];
/// assert_eq!(format!("{} {}", things[0].read(), things[1].read()), "5 five");
/// # Ok(())
/// # }
/// ```
pub struct DynMutex<'p, U: ?Sized, A: Access = Local> {
    // Dropped after the content, also if that panics.
    block: Block<'p, A>,
    to_ref: unsafe fn(NonNull<u8>) -> NonNull<U>,
    to_mut: unsafe fn(NonNull<u8>) -> NonNull<U>,
    drop: unsafe fn(NonNull<u8>),
    content: PhantomData<*mut U>,
}

impl<'p, T: 'p, A: Access> Mutex<'p, T, A> {
    /// Sees the value as something else from now on, a trait object mostly: two closures tell how, for shared and for
    /// exclusive access. They must not capture anything, or the program does not compile. Nothing is allocated or moved.
    ///
    /// ```
    /// use core::fmt::Write;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let text = pool.alloc_value(String::new())?;
    /// let mut sink = text.into_dyn::<dyn Write>(|text| text, |text| text);
    /// sink.lock().write_str("hello").unwrap();
    /// # Ok(())
    /// # }
    /// ```
    pub fn into_dyn<U: ?Sized>(
        self,
        see: impl Fn(&T) -> &U + Copy + 'p,
        see_mut: impl Fn(&mut T) -> &mut U + Copy + 'p,
    ) -> DynMutex<'p, U, A> {
        let (block, ()) = self.into_parts();
        DynMutex {
            block,
            to_ref: ref_through(see),
            to_mut: mut_through(see_mut),
            drop: drop_content::<T>,
            content: PhantomData,
        }
    }
}

/// A closure that captures nothing: its type is all there is to it, so it can be called wherever that is known.
const fn captures_nothing<F>() {
    assert!(size_of::<F>() == 0, "closures given to into_dyn must not capture anything");
}

fn ref_through<T, U: ?Sized, F: Fn(&T) -> &U + Copy>(_see: F) -> unsafe fn(NonNull<u8>) -> NonNull<U> {
    const { captures_nothing::<F>() };
    |address| {
        // SAFETY: the closure has no size, and exists, as the copy given above; the callers see to the content.
        let (see, content) = unsafe { (NonNull::<F>::dangling().as_ref(), address.cast::<T>().as_ref()) };
        NonNull::from(see(content))
    }
}

fn mut_through<T, U: ?Sized, F: Fn(&mut T) -> &mut U + Copy>(_see: F) -> unsafe fn(NonNull<u8>) -> NonNull<U> {
    const { captures_nothing::<F>() };
    |address| {
        // SAFETY: the closure has no size, and exists, as the copy given above; the callers see to the content.
        let (see, content) = unsafe { (NonNull::<F>::dangling().as_ref(), address.cast::<T>().as_mut()) };
        NonNull::from(see(content))
    }
}

/// # Safety
///
/// A `T` lies at the address, and is not used any more.
unsafe fn drop_content<T>(address: NonNull<u8>) {
    // SAFETY: as the caller says.
    unsafe { address.cast::<T>().drop_in_place() };
}

impl<'p, U: ?Sized, A: Access> DynMutex<'p, U, A> {
    /// Locks the block, as [`Mutex::lock`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let numbers = pool.alloc_value(1..4)?;
    /// let mut numbers = numbers.into_dyn::<dyn Iterator<Item = i32>>(|range| range, |range| range);
    /// assert_eq!(numbers.lock().next(), Some(1));
    /// # Ok(())
    /// # }
    /// ```
    pub fn lock<'a>(&'a mut self) -> Value<'a, 'p, U, A> {
        let address = self.block.lock();
        // SAFETY: the T lies there, and is locked exclusively.
        let content = unsafe { (self.to_mut)(address) };
        // SAFETY: the content is part of the T, or outlives it, and the block has just been locked.
        unsafe { Value::new(&self.block, content) }
    }

    /// Locks the block for reading, as [`Mutex::read`].
    ///
    /// # Panics
    ///
    /// As [`Mutex::read`].
    ///
    /// ```
    /// use core::fmt::Debug;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let thing = pool.alloc_value(Some(5))?.into_dyn::<dyn Debug>(|some| some, |some| some);
    /// assert_eq!(format!("{:?}", &*thing.read()), "Some(5)");
    /// # Ok(())
    /// # }
    /// ```
    #[track_caller]
    pub fn read<'a>(&'a self) -> ReadGuard<'a, 'p, U, A> {
        self.try_read().expect("too many readers of one block")
    }

    /// Locks the block for reading, as [`Mutex::try_read`].
    ///
    /// # Errors
    ///
    /// [`Error::TooManyLocks`](crate::Error::TooManyLocks).
    ///
    /// ```
    /// use core::fmt::Debug;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// # let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let thing = pool.alloc_value(Some(5))?.into_dyn::<dyn Debug>(|some| some, |some| some);
    /// assert_eq!(format!("{:?}", &*thing.try_read()?), "Some(5)");
    /// # Ok(())
    /// # }
    /// ```
    pub fn try_read<'a>(&'a self) -> Result<ReadGuard<'a, 'p, U, A>> {
        let address = self.block.lock_shared()?;
        // SAFETY: the T lies there, and is locked for reading.
        let content = unsafe { (self.to_ref)(address) };
        // SAFETY: the content is part of the T, or outlives it, and the block has just been locked.
        Ok(unsafe { ReadGuard::new(&self.block, content) })
    }
}

impl<U: ?Sized, A: Access> Drop for DynMutex<'_, U, A> {
    fn drop(&mut self) {
        let address = self.block.lock();
        // SAFETY: the T lies there, and is not used any more.
        unsafe { (self.drop)(address) };
        self.block.unlock();
    }
}

impl<U: ?Sized + fmt::Debug, A: Access> fmt::Debug for DynMutex<'_, U, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Ok(content) => f.debug_tuple("DynMutex").field(&&*content).finish(),
            Err(_too_many_readers) => f.write_str("DynMutex(<locked>)"),
        }
    }
}
