// SPDX-License-Identifier: MIT
//! Moving a little at a time.

use defrag_sys as sys;

use crate::access::Access;
use crate::error::{broken, Error};
use crate::pool::Pool;

/// How much one [`Pool::step`] may do.
///
/// ```
/// let budget = defrag::Budget { bytes: 256, blocks: 16 };
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Budget {
    /// How many bytes it may copy, headers included.
    pub bytes: usize,
    /// How many holes and blocks it may consider.
    pub blocks: usize,
}

/// What one [`Pool::step`] did.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let progress: defrag::Progress = pool.step(defrag::Budget { bytes: 64, blocks: 8 });
/// assert!(progress.done && progress.moved_bytes == 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Progress {
    /// Whether nothing is left that steps of this budget could move.
    pub done: bool,
    /// Bytes copied, headers included.
    pub moved_bytes: usize,
    /// Blocks that changed place.
    pub moved_blocks: usize,
    /// Holes and blocks considered.
    pub looked_at: usize,
    /// The smallest [`Budget::bytes`] that would move a block which this budget cannot, if there is one.
    pub needs_bytes: Option<usize>,
}

impl<A: Access> Pool<A> {
    /// Moves a little, for an idle loop: enlarges the largest hole that can be enlarged, within the budget. A block larger
    /// than that is copied over several calls, and can be used as ever meanwhile. Calls repeated with nothing between them
    /// come to be `done`.
    ///
    /// O(budget).
    ///
    /// # Panics
    ///
    /// If called from the pool's observer.
    ///
    /// ```
    /// use defrag::{Budget, Pool};
    ///
    /// # fn main() -> defrag::Result<()> {
    /// let pool = Pool::new(1024, 8, 0)?;
    /// let first = pool.alloc_slice::<u8>(100)?;
    /// let second = pool.alloc_slice::<u8>(100)?;
    /// drop(first);
    /// while !pool.step(Budget { bytes: 64, blocks: 8 }).done {}
    /// assert_eq!(pool.stats().holes, 0);
    /// # drop(second);
    /// # Ok(())
    /// # }
    /// ```
    pub fn step(&self, budget: Budget) -> Progress {
        let mut progress =
            sys::defrag_progress { size: size_of::<sys::defrag_progress>() as u32, ..Default::default() };
        // SAFETY: the pool is alive.
        let status = self.call(|raw| unsafe { sys::defrag_step(raw, budget.bytes, budget.blocks, &mut progress) });
        if Error::check(status).is_err() {
            broken(status);
        }
        Progress {
            done: progress.done != 0,
            moved_bytes: progress.moved_bytes,
            moved_blocks: progress.moved_blocks,
            looked_at: progress.looked_at,
            needs_bytes: (progress.needs_bytes != 0).then_some(progress.needs_bytes),
        }
    }
}
