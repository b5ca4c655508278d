// SPDX-License-Identifier: MIT
//! Where a pool's memory comes from: the global allocator, a buffer, or a `static`.

use core::cell::UnsafeCell;
use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Deref;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::access::{Access, Local};
use crate::error::{Error, Result};
use crate::pool::{Config, Pool};

/// The largest granule of a build of the library: memory so aligned suits every build.
const ALIGNMENT: usize = 32;

/// Whose memory a pool is in.
pub(crate) enum Memory {
    #[cfg(feature = "alloc")]
    Owned(core::alloc::Layout),
    Static,
    Borrowed,
}

impl Memory {
    /// # Safety
    ///
    /// The memory must begin there, and nothing may use it any more.
    pub(crate) unsafe fn release(&self, _start: NonNull<u8>) {
        #[cfg(feature = "alloc")]
        if let Self::Owned(layout) = self {
            // SAFETY: it was allocated so, and is not used any more, as the caller says.
            unsafe { std_alloc::alloc::dealloc(_start.as_ptr(), *layout) };
        }
    }
}

/// The aligned part of a buffer.
fn aligned(buffer: &mut [MaybeUninit<u8>]) -> (NonNull<u8>, usize) {
    let skipped = buffer.as_ptr().align_offset(ALIGNMENT).min(buffer.len());
    let usable = &mut buffer[skipped..];
    (NonNull::from(&mut *usable).cast(), usable.len())
}

impl Pool {
    /// Makes a pool with room for `size` bytes of blocks, each with its header of 4 bytes, and with `indexes` handles set
    /// aside, in memory of the global allocator. More handles than these are made from the `size` bytes. `index_cache` is
    /// there for programs written for version 0.1 and has no effect: a free handle is always found in constant time.
    ///
    /// O(indexes).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSize`] if the pool would be larger than 256 KiB (4 GiB with the feature `wide-links`), and
    /// [`Error::OutOfMemory`] if the global allocator has no such memory.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(4096, 50, 10)?;
    /// assert!(pool.size() >= 4096);
    /// assert_eq!(pool.len_indexes(), 50);
    /// # Ok(())
    /// # }
    /// ```
    #[cfg(feature = "alloc")]
    pub fn new(size: usize, indexes: u16, index_cache: u16) -> Result<Pool> {
        const WIDE: bool = cfg!(any(feature = "wide-links", feature = "pkg-config")); // the latter may be
        /// The most that a control block and a handle take.
        const CONTROL: usize = if WIDE { 640 } else { 256 };
        const HANDLE: usize = if WIDE { 8 } else { 4 };

        let _ = index_cache;
        let extra = CONTROL + HANDLE * usize::from(indexes);
        let bytes = size.checked_add(extra).ok_or(Error::InvalidSize)?;
        let layout = core::alloc::Layout::from_size_align(bytes, ALIGNMENT).map_err(|_| Error::InvalidSize)?;
        // SAFETY: it is more than zero bytes.
        let start = NonNull::new(unsafe { std_alloc::alloc::alloc(layout) }).ok_or(Error::OutOfMemory)?;
        let config = Config::new().handles(indexes.into());
        // SAFETY: the memory is new, and given back by the pool.
        unsafe { Pool::make(start, bytes, config, Memory::Owned(layout)) }.inspect_err(|_| {
            // SAFETY: no pool was made.
            unsafe { Memory::Owned(layout).release(start) };
        })
    }

    /// Makes a pool in a buffer, which is free again when the pool is dropped. Up to 31 bytes at either end are left out
    /// to align it. O(handles set aside).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSize`] if less than 256 bytes are left, if they are too few for the handles to set aside, or if they
    /// are more than 256 KiB (4 GiB with the feature `wide-links`).
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// let mut memory = [MaybeUninit::uninit(); 1024];
    /// let pool = defrag::Pool::in_buffer(&mut memory, defrag::Config::new())?;
    /// let mut greeting = pool.alloc_str("hello")?;
    /// greeting.lock().make_ascii_uppercase();
    /// assert_eq!(&*greeting.read(), "HELLO");
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_buffer(buffer: &mut [MaybeUninit<u8>], config: Config) -> Result<BufferPool<'_>> {
        let (start, bytes) = aligned(buffer);
        // SAFETY: the buffer stays borrowed as long as the pool lives, and blocks of it cannot be pinned.
        let pool = unsafe { Pool::make(start, bytes, config, Memory::Borrowed) }?;
        Ok(BufferPool { pool, buffer: PhantomData })
    }

    /// Makes a pool in memory that is there for the rest of the program. As [`Pool::in_buffer`], and blocks can be pinned.
    /// What the memory held does not matter, so it may lie in a section that the start-up code leaves alone (`.noinit`).
    ///
    /// # Errors
    ///
    /// As [`Pool::in_buffer`].
    ///
    /// ```
    /// use core::mem::MaybeUninit;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// let memory: &'static mut [MaybeUninit<u8>] = Vec::leak(vec![MaybeUninit::uninit(); 1024]);
    /// let pool = defrag::Pool::in_static(memory, defrag::Config::new())?;
    /// let buffer = pool.alloc_pinned([0_u8; 64])?;
    /// # drop(buffer);
    /// # Ok(())
    /// # }
    /// ```
    pub fn in_static(buffer: &'static mut [MaybeUninit<u8>], config: Config) -> Result<Pool> {
        let (start, bytes) = aligned(buffer);
        // SAFETY: the buffer is borrowed for good.
        unsafe { Pool::make(start, bytes, config, Memory::Static) }
    }
}

/// A pool in a buffer that it borrows, made by [`Pool::in_buffer`]; to be used as the [`Pool`] that it dereferences to.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let mut memory = [core::mem::MaybeUninit::uninit(); 1024];
/// let pool: defrag::BufferPool = defrag::Pool::in_buffer(&mut memory, defrag::Config::new())?;
/// let number = pool.alloc::<u32>()?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct BufferPool<'m> {
    // Never lent out as `&mut`: who could swap two of them could let one outlive its buffer.
    pool: Pool,
    buffer: PhantomData<&'m mut [MaybeUninit<u8>]>,
}

impl Deref for BufferPool<'_> {
    type Target = Pool;

    fn deref(&self) -> &Pool {
        &self.pool
    }
}

/// A pool of `N` bytes to lie in a `static`: in `.bss`, so that it costs no flash. It needs no allocator, and is made when
/// first asked for.
///
/// For memory in a section that the start-up code leaves alone see [`Pool::in_static`].
///
/// ```
/// use defrag::{Error, StaticPool};
///
/// static POOL: StaticPool<8192> = StaticPool::new();
///
/// # fn main() -> defrag::Result<()> {
/// let pool = POOL.take()?;
/// let mut samples = pool.alloc_slice::<i16>(256)?;
/// samples.lock()[0] = -5;
/// assert_eq!(POOL.take().unwrap_err(), Error::Taken);
/// # Ok(())
/// # }
/// ```
pub struct StaticPool<const N: usize, A: Access = Local> {
    made: AtomicBool,
    pool: UnsafeCell<MaybeUninit<Pool<A>>>,
    memory: UnsafeCell<Aligned<N>>,
}

#[repr(align(32))]
struct Aligned<const N: usize>([MaybeUninit<u8>; N]);

const _: () = assert!(align_of::<Aligned<1>>() == ALIGNMENT);

// SAFETY: the cells are written once, by whoever sets `made` (take) or in a critical section (get), and read afterwards.
// A pool that must stay with one thread is handed out once.
unsafe impl<const N: usize, A: Access> Sync for StaticPool<N, A> {}

impl<const N: usize, A: Access> StaticPool<N, A> {
    /// A pool yet to be made.
    #[must_use]
    pub const fn new() -> Self {
        // All zeros, or nothing, so that it lies in `.bss`.
        Self {
            made: AtomicBool::new(false),
            pool: UnsafeCell::new(MaybeUninit::uninit()),
            memory: UnsafeCell::new(Aligned([MaybeUninit::uninit(); N])),
        }
    }

    /// # Safety
    ///
    /// To be called with the cells unused, by one caller at a time.
    unsafe fn make(&'static self, config: Config) -> Result<&'static Pool<A>> {
        let start = NonNull::new(self.memory.get()).ok_or(Error::InvalidSize)?.cast();
        // SAFETY: the memory is in a static, and the pool's alone.
        let pool = unsafe { Pool::make(start, N, config, Memory::Static) }?;
        // SAFETY: the caller is alone here, and afterwards the cell is only read.
        Ok(unsafe { (*self.pool.get()).write(pool) })
    }
}

#[cfg(any(target_has_atomic = "8", feature = "critical-section"))]
impl<const N: usize> StaticPool<N> {
    /// Makes the pool, with no handles set aside, and hands it out, once. O(1).
    ///
    /// On a processor without atomic exchange (Cortex-M0) this needs the feature `critical-section`.
    ///
    /// # Errors
    ///
    /// [`Error::Taken`] after the first time, and as [`Pool::in_buffer`].
    pub fn take(&'static self) -> Result<&'static Pool> {
        self.take_with(Config::new())
    }

    /// As [`StaticPool::take`], with a configuration. O(handles set aside).
    ///
    /// # Errors
    ///
    /// As [`StaticPool::take`].
    ///
    /// ```
    /// use defrag::{Config, StaticPool};
    ///
    /// static POOL: StaticPool<8192> = StaticPool::new();
    /// assert_eq!(POOL.take_with(Config::new().handles(32)).unwrap().len_indexes(), 32);
    /// ```
    pub fn take_with(&'static self, config: Config) -> Result<&'static Pool> {
        if self.claim() {
            return Err(Error::Taken);
        }
        // SAFETY: only the first caller gets here, or the next one after it has failed.
        unsafe { self.make(config) }.inspect_err(|_| self.made.store(false, Ordering::Release))
    }

    #[cfg(target_has_atomic = "8")]
    fn claim(&self) -> bool {
        self.made.swap(true, Ordering::AcqRel)
    }

    #[cfg(not(target_has_atomic = "8"))]
    fn claim(&self) -> bool {
        critical_section::with(|_| {
            let made = self.made.load(Ordering::Acquire);
            self.made.store(true, Ordering::Release);
            made
        })
    }
}

#[cfg(feature = "critical-section")]
impl<const N: usize> StaticPool<N, crate::CriticalSection> {
    /// The pool, made in a critical section when first asked for, with no handles set aside. O(1).
    ///
    /// # Errors
    ///
    /// As [`Pool::in_buffer`].
    ///
    /// ```
    /// use defrag::{CriticalSection, StaticPool};
    ///
    /// static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();
    /// assert!(std::ptr::eq(POOL.get().unwrap(), POOL.get().unwrap()));
    /// ```
    pub fn get(&'static self) -> Result<&'static crate::SharedPool> {
        self.get_with(Config::new())
    }

    /// As [`StaticPool::get`], made with this configuration if it is asked for first: then O(handles set aside).
    ///
    /// # Errors
    ///
    /// As [`Pool::in_buffer`].
    ///
    /// ```
    /// use defrag::{Config, CriticalSection, StaticPool};
    ///
    /// static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();
    /// assert_eq!(POOL.get_with(Config::new().handles(8)).unwrap().len_indexes(), 8);
    /// ```
    pub fn get_with(&'static self, config: Config) -> Result<&'static crate::SharedPool> {
        critical_section::with(|_| {
            if self.made.load(Ordering::Relaxed) {
                // SAFETY: it was made before the flag was set, in a critical section too.
                return Ok(unsafe { (*self.pool.get()).assume_init_ref() });
            }
            // SAFETY: this runs in a critical section, and only until it has once succeeded.
            let pool = unsafe { self.make(config) }?;
            self.made.store(true, Ordering::Relaxed);
            Ok(pool)
        })
    }
}

impl<const N: usize, A: Access> Default for StaticPool<N, A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, A: Access> fmt::Debug for StaticPool<N, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StaticPool").field("bytes", &N).field("made", &self.made).finish_non_exhaustive()
    }
}
