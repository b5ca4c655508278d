// SPDX-License-Identifier: MIT
//! A block of the pool, or the place of something that has no size: what all typed handles are made of.

use core::ptr::{self, NonNull};

use defrag_sys as sys;

use crate::access::Access;
use crate::allocate::Fit;
use crate::error::{broken, Error, Result};
use crate::pool::Pool;

/// The alignment of every block, in all builds of the library.
const GRANULE: usize = 8;

const OK: sys::defrag_status = sys::DEFRAG_OK as sys::defrag_status;
const LOCKED: sys::defrag_status = sys::DEFRAG_LOCKED as sys::defrag_status;
const CORRUPT: sys::defrag_status = sys::DEFRAG_CORRUPT as sys::defrag_status;

/// What is asked of a block.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    pub bytes: usize,
    pub alignment: usize,
    pub fit: Fit,
    pub pinned: bool,
}

/// A block, freed when dropped. What is of size zero has the null handle, and no block.
pub(crate) struct Block<'p, A: Access> {
    pool: &'p Pool<A>,
    handle: sys::defrag_handle,
}

impl<'p, A: Access> Block<'p, A> {
    /// What holds nothing.
    pub fn none(pool: &'p Pool<A>) -> Self {
        Self { pool, handle: sys::DEFRAG_NO_HANDLE }
    }

    #[inline]
    pub fn alloc(pool: &'p Pool<A>, need: Need) -> Result<Self> {
        if need.alignment > sys::DEFRAG_MAX_ALIGNMENT as usize {
            return Err(Error::InvalidAlignment);
        }
        let mut handle = sys::DEFRAG_NO_HANDLE;
        if need.bytes != 0 {
            let status = pool.call(|raw| {
                if need.alignment <= GRANULE && !need.pinned {
                    // SAFETY: the pool is alive.
                    unsafe { sys::defrag_alloc(raw, need.bytes, need.fit.code(), &mut handle) }
                } else {
                    // SAFETY: the pool is alive.
                    unsafe { sys::defrag_alloc_with(raw, &request(need), &mut handle) }
                }
            });
            Error::check(status)?;
        }
        Ok(Self { pool, handle })
    }

    #[inline(always)]
    pub fn pool(&self) -> &'p Pool<A> {
        self.pool
    }

    #[inline(always)]
    pub fn handle(&self) -> sys::defrag_handle {
        self.handle
    }

    /// Locks the block exclusively. A lock that is still held belongs to a guard that was leaked, as nobody else can have
    /// the block while it is borrowed so; it is given up.
    #[inline]
    pub fn lock(&mut self) -> NonNull<u8> {
        if self.handle == sys::DEFRAG_NO_HANDLE {
            return nowhere();
        }
        let mut address = ptr::null_mut();
        // SAFETY: the pool is alive.
        let status = self.pool.call(|raw| unsafe { sys::defrag_lock(raw, self.handle, &mut address) });
        match NonNull::new(address) {
            Some(address) => address.cast(),
            None => self.lock_leaked(status),
        }
    }

    #[cold]
    fn lock_leaked(&mut self, status: sys::defrag_status) -> NonNull<u8> {
        if status != LOCKED {
            broken(status);
        }
        self.pool.call(|raw| unlock_all(raw, self.handle));
        let mut address = ptr::null_mut();
        // SAFETY: the pool is alive.
        let status = self.pool.call(|raw| unsafe { sys::defrag_lock(raw, self.handle, &mut address) });
        NonNull::new(address).unwrap_or_else(|| broken(status)).cast()
    }

    /// Locks the block for reading. An exclusive lock that is still held belongs to a guard that was leaked, as such a
    /// guard borrows the block exclusively; it is given up.
    #[inline]
    pub fn lock_shared(&self) -> Result<NonNull<u8>> {
        if self.handle == sys::DEFRAG_NO_HANDLE {
            return Ok(nowhere());
        }
        let mut address = ptr::null();
        // SAFETY: the pool is alive.
        let status = self.pool.call(|raw| unsafe { sys::defrag_lock_shared(raw, self.handle, &mut address) });
        match NonNull::new(address.cast_mut()) {
            Some(address) => Ok(address.cast()),
            None => self.lock_shared_leaked(status),
        }
    }

    /// Others may be here, too, so it is found out anew, in the same critical section, whether a lock is to be given up.
    #[cold]
    fn lock_shared_leaked(&self, status: sys::defrag_status) -> Result<NonNull<u8>> {
        let mut status = status;
        let mut address = ptr::null();
        if status == LOCKED {
            status = self.pool.call(|raw| {
                // SAFETY: the pool is alive.
                let mut lock = || unsafe { sys::defrag_lock_shared(raw, self.handle, &mut address) };
                let status = lock();
                if status != LOCKED {
                    return status;
                }
                unlock_all(raw, self.handle);
                lock()
            });
        }
        match (NonNull::new(address.cast_mut()), Error::from_status(status)) {
            (Some(address), _) => Ok(address.cast()),
            (None, Error::TooManyLocks) => Err(Error::TooManyLocks),
            (None, _) => broken(status),
        }
    }

    /// Gives up one lock.
    #[inline]
    pub fn unlock(&self) {
        if self.handle != sys::DEFRAG_NO_HANDLE {
            // SAFETY: the pool is alive.
            let status = self.pool.call(|raw| unsafe { sys::defrag_unlock(raw, self.handle) });
            if status != OK {
                broken(status);
            }
        }
    }

    /// Changes the size, keeping the contents up to the smaller one. On failure the block is as it was.
    pub fn resize(&mut self, need: Need) -> Result<()> {
        if self.handle == sys::DEFRAG_NO_HANDLE || need.bytes == 0 {
            *self = Self::alloc(self.pool, need)?; // from or to nothing
            return Ok(());
        }
        Error::check(self.pool.call(|raw| {
            unlock_all(raw, self.handle); // guards that were leaked
                                          // SAFETY: the pool is alive.
            unsafe { sys::defrag_resize(raw, self.handle, need.bytes, need.fit.code()) }
        }))
    }
}

impl<A: Access> Block<'_, A> {
    /// Frees what a plain free was refused for: because of guards that were leaked, or of a destructor that panicked. A
    /// block whose header was overwritten stays where it is, for [`Pool::check`] to tell of.
    #[cold]
    fn free_refused(&self, status: sys::defrag_status) {
        if status == LOCKED {
            self.pool.call(|raw| {
                unlock_all(raw, self.handle);
                // SAFETY: the pool is alive.
                unsafe { sys::defrag_free(raw, self.handle) };
            });
        } else if status != CORRUPT {
            broken(status);
        }
    }
}

impl<A: Access> Drop for Block<'_, A> {
    #[inline]
    fn drop(&mut self) {
        if self.handle != sys::DEFRAG_NO_HANDLE {
            // SAFETY: the pool is alive.
            let status = self.pool.call(|raw| unsafe { sys::defrag_free(raw, self.handle) });
            if status != OK {
                self.free_refused(status);
            }
        }
    }
}

#[cold]
fn request(need: Need) -> sys::defrag_request {
    sys::defrag_request {
        size: size_of::<sys::defrag_request>() as u32,
        flags: if need.pinned { sys::DEFRAG_PINNED } else { 0 },
        bytes: need.bytes,
        alignment: need.alignment,
        fit: need.fit.code(),
        ..Default::default()
    }
}

fn unlock_all(raw: *mut sys::defrag_pool, handle: sys::defrag_handle) {
    // SAFETY: the callers' pool is alive.
    while unsafe { sys::defrag_unlock(raw, handle) } == OK {}
}

/// An address for what has no size, aligned for all types: even an empty vector of what the pool would refuse lends out
/// a slice.
#[inline]
fn nowhere() -> NonNull<u8> {
    #[repr(align(0x2000_0000))]
    struct MostAligned;

    NonNull::<MostAligned>::dangling().cast()
}
