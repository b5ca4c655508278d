// SPDX-License-Identifier: MIT
//! The pool: made, moved about in, ended.

use core::cell::Cell;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use defrag_sys as sys;

use crate::access::{Access, Local};
use crate::error::{broken, Error, Result};
use crate::look::read_stats;
use crate::memory::Memory;

/// Memory that hands out blocks which it may move while they are unlocked.
///
/// Every way to allocate is a method of the pool and of [`Fitting`], which tells how hard to try; those of the pool move
/// blocks if they must ([`Fit::MakeRoom`]). What they return, a [`Mutex`], a [`PoolVec`], a [`PoolString`], frees its
/// block when dropped.
///
/// A block costs 8 bytes beyond its size, rounded up to leave whole granules of 8 bytes: a header of 4, and a handle of 4
/// that is used again. (16 bytes, and granules of 16, with the feature `wide-links`.) Values of size zero cost nothing.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(4096, 16, 0)?;
/// let mut numbers = pool.alloc_slice::<u32>(100)?;
/// numbers.lock()[42] = 7;
/// pool.defrag(); // may move the block, as nothing has it locked
/// assert_eq!(numbers.lock()[42], 7);
/// # Ok(())
/// # }
/// ```
///
/// [`Fitting`]: crate::Fitting
/// [`Fit::MakeRoom`]: crate::Fit::MakeRoom
/// [`Mutex`]: crate::Mutex
/// [`PoolVec`]: crate::PoolVec
/// [`PoolString`]: crate::PoolString
pub struct Pool<A: Access = Local> {
    raw: NonNull<sys::defrag_pool>,
    size: usize,
    memory: Memory,
    /// Whether an observer is set; read and written within calls only.
    pub(crate) observed: Cell<bool>,
    access: PhantomData<A>,
}

/// A pool that threads and interrupts may share, each of its calls a critical section.
///
/// ```
/// use defrag::{CriticalSection, StaticPool};
///
/// static POOL: StaticPool<4096, CriticalSection> = StaticPool::new();
///
/// # fn main() -> defrag::Result<()> {
/// let pool = POOL.get()?;
/// let mut readings = pool.alloc_slice::<u16>(64)?;
/// std::thread::scope(|threads| threads.spawn(|| readings.lock()[3] = 40).join()).unwrap();
/// assert_eq!(readings.lock()[3], 40);
/// # Ok(())
/// # }
/// ```
#[cfg(feature = "critical-section")]
pub type SharedPool = Pool<crate::CriticalSection>;

// SAFETY: every call on the pool runs in a critical section, so calls from several threads never overlap, and what a
// locked block holds is reached through its guard only, which has the bounds that this takes.
#[cfg(feature = "critical-section")]
unsafe impl Send for SharedPool {}
// SAFETY: as for Send.
#[cfg(feature = "critical-section")]
unsafe impl Sync for SharedPool {}

/// What a pool is made with.
///
/// ```
/// use core::mem::MaybeUninit;
/// use defrag::{Config, Pool};
///
/// # fn main() -> defrag::Result<()> {
/// let mut memory = [MaybeUninit::uninit(); 2048];
/// let pool = Pool::in_buffer(&mut memory, Config::new().handles(8).watermark(256))?;
/// assert_eq!(pool.len_indexes(), 8);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Config {
    handles: u32,
    watermark: usize,
}

impl Config {
    /// No handles set aside, and steps that never rest.
    #[must_use]
    pub const fn new() -> Self {
        Self { handles: 0, watermark: 0 }
    }

    /// Sets so many handles aside, of 4 bytes each. More are made when these are used up.
    #[must_use]
    pub const fn handles(self, handles: u32) -> Self {
        Self { handles, ..self }
    }

    /// Lets [`Pool::step`] rest while a block of so many bytes would fit at once.
    #[must_use]
    pub const fn watermark(self, bytes: usize) -> Self {
        Self { watermark: bytes, ..self }
    }
}

impl<A: Access> Pool<A> {
    /// Makes a pool of memory, which it takes over in whole granules.
    ///
    /// # Safety
    ///
    /// The memory must be the pool's alone for as long as it lives, and of the kind that it says.
    pub(crate) unsafe fn make(start: NonNull<u8>, bytes: usize, config: Config, memory: Memory) -> Result<Self> {
        let config = sys::defrag_config {
            size: size_of::<sys::defrag_config>() as u32,
            handles: config.handles,
            watermark: config.watermark,
            ..Default::default()
        };
        let mut made = ptr::null_mut();
        // SAFETY: the memory is good for so many bytes, as the caller says; the rest is ours.
        Error::check(unsafe { sys::defrag_init(start.as_ptr().cast(), bytes, &config, &mut made) })?;
        let raw = NonNull::new(made).ok_or(Error::Corrupt)?;
        // SAFETY: it has just been made, so no other call is under way.
        let stats = unsafe { read_stats(raw.as_ptr()) };
        let reserved = config.handles as usize * stats.handle_overhead as usize;
        let size = stats.pool_bytes - stats.control_bytes - reserved;
        Ok(Self { raw, size, memory, observed: Cell::new(false), access: PhantomData })
    }

    /// Calls the library, with nothing else calling it on this pool meanwhile.
    #[inline(always)]
    pub(crate) fn call<R>(&self, call: impl FnOnce(*mut sys::defrag_pool) -> R) -> R {
        A::enter(|| call(self.raw.as_ptr()))
    }

    pub(crate) fn is_borrowed(&self) -> bool {
        matches!(self.memory, Memory::Borrowed)
    }

    /// The bytes of the pool that are there for blocks, their headers, and handles beyond those set aside. O(1).
    pub fn size(&self) -> usize {
        self.size
    }

    /// The number of handles that exist by now, used or not: those set aside, and more once these were used up. At most
    /// what `u16` holds. O(blocks).
    pub fn len_indexes(&self) -> u16 {
        self.stats().handles.try_into().unwrap_or(u16::MAX)
    }

    /// Gives handles made beyond those set aside, and free again, back as memory. Moves nothing. O(handles).
    ///
    /// Holes are always merged, so there is nothing else to clean.
    pub fn clean(&self) {
        // SAFETY: the pool is alive.
        let status = self.call(|raw| unsafe { sys::defrag_clean(raw) });
        expect_done(status);
    }

    /// Moves every unlocked block as low as it goes, so that the free bytes make one hole above all, and one below each
    /// block that is locked. With nothing locked each block moves at most once. O(blocks), and up to all bytes: where
    /// that takes too long, call [`Pool::step`] now and then instead.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let first = pool.alloc::<[u64; 4]>()?;
    /// let second = pool.alloc::<[u64; 4]>()?;
    /// drop(first);
    /// assert_eq!(pool.stats().holes, 1);
    /// pool.defrag();
    /// assert_eq!(pool.stats().holes, 0);
    /// # drop(second);
    /// # Ok(())
    /// # }
    /// ```
    pub fn defrag(&self) {
        // SAFETY: the pool is alive.
        let status = self.call(|raw| unsafe { sys::defrag_compact(raw) });
        expect_done(status);
    }
}

/// For calls that are refused to an observer only.
fn expect_done(status: sys::defrag_status) {
    if let Err(_refused) = Error::check(status) {
        broken(status);
    }
}

impl<A: Access> Drop for Pool<A> {
    /// The memory is given back, unless a block is still locked because its guard was leaked: its address may be in use.
    fn drop(&mut self) {
        // SAFETY: the pool is alive, and nothing borrows it.
        let status = self.call(|raw| unsafe { sys::defrag_deinit(raw) });
        if Error::check(status).is_ok() {
            // SAFETY: the pool is gone, and it began where its memory does.
            unsafe { self.memory.release(self.raw.cast()) };
        }
    }
}

impl<A: Access> fmt::Debug for Pool<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("size", &self.size).finish_non_exhaustive()
    }
}
