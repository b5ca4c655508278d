// SPDX-License-Identifier: MIT
//! Looking at a pool without changing it.

use core::fmt;
use core::num::NonZeroU32;
use core::ptr;

use defrag_sys as sys;

use crate::access::{Access, Local};
use crate::error::{Damage, Error, Result};
use crate::pool::Pool;

/// The name of a block, wherever it moves, until it is freed. A name is used again only after its slot has been used at
/// least 2048 times; or, if free slots were given back meanwhile (by `clean`, or by making room), after 1024 uses of any
/// slots.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let number = pool.alloc::<u32>()?;
/// let name: defrag::Handle = number.handle().expect("it has a size");
/// pool.defrag();
/// assert_eq!(number.handle(), Some(name));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[repr(transparent)]
pub struct Handle(NonZeroU32);

impl Handle {
    #[inline]
    pub(crate) fn of(handle: sys::defrag_handle) -> Option<Self> {
        NonZeroU32::new(handle).map(Self)
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// A pool's state and history. `used + overhead + free = pool_bytes`.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let defrag::Stats { used, overhead, free, pool_bytes, .. } = pool.stats();
/// assert_eq!(used + overhead + free, pool_bytes);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Stats {
    /// Sizes of blocks are multiples of this, in bytes.
    pub granule: usize,
    /// Bytes of a block's header.
    pub block_overhead: usize,
    /// Bytes of a handle.
    pub handle_overhead: usize,
    /// All of the pool.
    pub pool_bytes: usize,
    /// The control block at its start.
    pub control_bytes: usize,
    /// The largest request that an empty pool serves, in bytes.
    pub capacity: usize,
    /// Bytes usable in live blocks, their rounding included.
    pub used: usize,
    /// Control block, headers and handles.
    pub overhead: usize,
    /// Everything else.
    pub free: usize,
    /// The largest request that [`Fit::Best`](crate::Fit::Best) would serve now.
    pub largest_now: usize,
    /// The largest request for which sliding blocks, not across locked ones, makes room.
    pub largest_after_moving: usize,
    /// Live blocks.
    pub live: usize,
    /// Live blocks that are locked.
    pub locked: usize,
    /// Holes, the space above the last block not counted.
    pub holes: usize,
    /// Handles, used or not.
    pub handles: usize,
    /// The most blocks that were live at a time.
    pub peak_live: usize,
    /// The most bytes in live blocks at a time, headers included.
    pub peak_used: usize,
    /// The highest end of a block so far, in bytes from the pool's start.
    pub high_water: usize,
    /// Allocations and resizes refused for want of room.
    pub refused: usize,
    /// The largest of these, in bytes.
    pub largest_refused: usize,
    /// The most bytes that one call other than [`Pool::defrag`] moved.
    pub worst_call_bytes: usize,
    /// Bytes moved so far, headers included.
    pub moved_bytes: u64,
    /// Blocks moved so far.
    pub moved_blocks: u64,
}

/// # Safety
///
/// The pool must be alive, with no other call under way.
pub(crate) unsafe fn read_stats(raw: *const sys::defrag_pool) -> sys::defrag_pool_stats {
    let mut stats = sys::defrag_pool_stats { size: size_of::<sys::defrag_pool_stats>() as u32, ..Default::default() };
    // SAFETY: as the caller says. It is refused only to what is no pool.
    unsafe { sys::defrag_stats(raw, &mut stats) };
    stats
}

/// Whether a request would fit; see [`Pool::would_fit`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// if let defrag::Verdict::OutOfMemory { missing } = pool.would_fit(900, 8)? {
///     println!("{missing} bytes are missing");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Verdict {
    /// There is a hole for it.
    Now,
    /// Moving blocks makes room for it.
    AfterMoving,
    /// Blocks that are locked are in the way of sliding the others together. [`Fit::MakeRoom`](crate::Fit::MakeRoom) also
    /// moves blocks across them, so that it may succeed nevertheless.
    Blocked {
        /// How many neighbouring locked blocks are in the way, at least; [`Pool::blockers`] names them.
        blocks: usize,
    },
    /// The free bytes do not suffice.
    OutOfMemory {
        /// How many more it would take.
        missing: usize,
    },
    /// There are as many blocks as handles can name (524287, with links of 32 bits).
    OutOfIndexes,
}

/// A block or a hole; see [`Pool::blocks`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut number = pool.alloc::<u64>()?;
/// let guard = number.lock();
/// let block: defrag::BlockInfo = pool.blocks().next().expect("there is one");
/// assert!(block.exclusive && block.locks == 1 && block.bytes >= 8);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct BlockInfo {
    /// The block's name; none for a hole.
    pub handle: Option<Handle>,
    /// Where the usable bytes begin, from the pool's start.
    pub offset: usize,
    /// Usable bytes; of a hole, the largest request that it serves.
    pub bytes: usize,
    /// The alignment that the block keeps, in bytes.
    pub alignment: usize,
    /// Guards that are alive, or were leaked.
    pub locks: usize,
    /// Whether the lock is that of a [`Value`](crate::Value).
    pub exclusive: bool,
}

/// The blocks and holes of a pool, lowest address first; made by [`Pool::blocks`].
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let mut blocks: defrag::Blocks = pool.blocks();
/// assert!(blocks.next().is_some_and(|hole| hole.handle.is_none()));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Blocks<'p, A: Access = Local> {
    pool: &'p Pool<A>,
    last: sys::defrag_block,
}

impl<A: Access> Iterator for Blocks<'_, A> {
    type Item = BlockInfo;

    fn next(&mut self) -> Option<BlockInfo> {
        // SAFETY: the pool is alive. If it was changed meanwhile, what is shown makes no sense, but is the pool's own.
        let found = self.pool.call(|raw| unsafe { sys::defrag_walk(raw, &mut self.last) });
        found.then(|| BlockInfo {
            handle: Handle::of(self.last.handle),
            offset: self.last.offset,
            bytes: self.last.bytes,
            alignment: self.last.alignment as usize,
            locks: self.last.locks as usize,
            exclusive: self.last.exclusive != 0,
        })
    }
}

impl<A: Access> Pool<A> {
    /// The pool's state and history. O(blocks).
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc::<u32>()?;
    /// assert_eq!(pool.stats().live, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stats(&self) -> Stats {
        // SAFETY: the pool is alive.
        let stats = self.call(|raw| unsafe { read_stats(raw) });
        Stats {
            granule: stats.granule as usize,
            block_overhead: stats.block_overhead as usize,
            handle_overhead: stats.handle_overhead as usize,
            pool_bytes: stats.pool_bytes,
            control_bytes: stats.control_bytes,
            capacity: stats.capacity,
            used: stats.used,
            overhead: stats.overhead,
            free: stats.free,
            largest_now: stats.largest_now,
            largest_after_moving: stats.largest_after_moving,
            live: stats.live,
            locked: stats.locked,
            holes: stats.holes,
            handles: stats.handles,
            peak_live: stats.peak_live,
            peak_used: stats.peak_used,
            high_water: stats.high_water,
            refused: stats.refused,
            largest_refused: stats.largest_refused,
            worst_call_bytes: stats.worst_call_bytes,
            moved_bytes: stats.moved_bytes,
            moved_blocks: stats.moved_blocks,
        }
    }

    /// Walks the pool, lowest address first, the space above the last block as the last hole. O(1) for each. Changing the
    /// pool meanwhile makes the rest of the walk meaningless, or ends it.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let number = pool.alloc::<u32>()?;
    /// let holes = pool.blocks().filter(|block| block.handle.is_none()).count();
    /// assert_eq!(holes, 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn blocks(&self) -> Blocks<'_, A> {
        let last = sys::defrag_block { size: size_of::<sys::defrag_block>() as u32, ..Default::default() };
        Blocks { pool: self, last }
    }

    /// Verifies every invariant of the pool, finding any single flipped bit of its own data. O(blocks + handles).
    ///
    /// # Errors
    ///
    /// The first invariant found broken: something that is not safe code wrote where it must not.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// pool.check()?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn check(&self) -> Result<(), Damage> {
        let mut invariant = 0;
        // SAFETY: the pool is alive.
        let status = self.call(|raw| unsafe { sys::defrag_check(raw, &mut invariant) });
        Error::check(status).map_err(|_| Damage { invariant })
    }

    /// Tells whether a request of so many bytes with an alignment would fit. Moves nothing. O(blocks).
    ///
    /// # Errors
    ///
    /// [`Error::InvalidSize`] for nothing, or more than the empty pool could hold, and [`Error::InvalidAlignment`] for an
    /// alignment that is no power of two, or above 1024.
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// assert_eq!(pool.would_fit(500, 8)?, defrag::Verdict::Now);
    /// # Ok(())
    /// # }
    /// ```
    pub fn would_fit(&self, bytes: usize, alignment: usize) -> Result<Verdict> {
        let report = self.report(bytes, alignment, &mut [])?;
        Ok(match Error::check(report.verdict) {
            Ok(()) if report.now != 0 => Verdict::Now,
            Ok(()) => Verdict::AfterMoving,
            Err(Error::OutOfMemory) => Verdict::OutOfMemory { missing: report.missing },
            Err(Error::OutOfIndexes) => Verdict::OutOfIndexes,
            Err(_fragmented) => Verdict::Blocked { blocks: report.blocking as usize },
        })
    }

    /// Names the neighbouring locked blocks that are in the way of a request, the fewest that would have to go, lowest
    /// address first: as many as there is room for, and the rest of the room is left `None`. Returns how many there are.
    /// Moves nothing. O(blocks).
    ///
    /// # Errors
    ///
    /// As [`Pool::would_fit`].
    ///
    /// ```
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let low = pool.alloc_slice::<u8>(300)?;
    /// let mut middle = pool.alloc_slice::<u8>(300)?;
    /// drop(low);
    /// let guard = middle.lock();
    /// let mut found = [None; 4];
    /// assert_eq!(pool.blockers(800, 1, &mut found)?, 1);
    /// drop(guard);
    /// assert_eq!(found[0], middle.handle());
    /// # Ok(())
    /// # }
    /// ```
    pub fn blockers(&self, bytes: usize, alignment: usize, found: &mut [Option<Handle>]) -> Result<usize> {
        found.fill(None);
        Ok(self.report(bytes, alignment, found)?.blocking as usize)
    }

    fn report(
        &self,
        bytes: usize,
        alignment: usize,
        blockers: &mut [Option<Handle>],
    ) -> Result<sys::defrag_fit_report> {
        let mut report = sys::defrag_fit_report {
            size: size_of::<sys::defrag_fit_report>() as u32,
            // An optional handle is laid out as the number, with none as 0.
            blockers: if blockers.is_empty() { ptr::null_mut() } else { blockers.as_mut_ptr().cast() },
            capacity: blockers.len(),
            ..Default::default()
        };
        // SAFETY: the pool is alive, and the handles have room.
        Error::check(self.call(|raw| unsafe { sys::defrag_would_fit(raw, bytes, alignment, &mut report) }))?;
        Ok(report)
    }
}
