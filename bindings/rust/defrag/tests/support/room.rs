// SPDX-License-Identifier: MIT
//! What a pool must grant: computed from its bytes, and not by its own search.

use defrag::{Access, Error, Fit, Pool, Stats};

/// A pool before a request.
pub struct Room {
    stats: Stats,
    has_over_aligned: bool,
}

impl Room {
    pub fn of<A: Access>(pool: &Pool<A>, has_over_aligned: bool) -> Self {
        Self { stats: pool.stats(), has_over_aligned }
    }

    /// The bytes that a block takes.
    fn block(&self, bytes: usize) -> usize {
        (bytes + self.stats.block_overhead).next_multiple_of(self.stats.granule)
    }

    /// Whether the free bytes suffice for a new block: gathered they are whole granules, less what a handle takes.
    fn suffices(&self, bytes: usize) -> bool {
        let needs_handle = self.stats.handles == self.stats.live;
        let handle = if needs_handle { self.stats.handle_overhead } else { 0 };
        self.gathered(handle) >= self.block(bytes)
    }

    fn gathered(&self, handle: usize) -> usize {
        let free = self.stats.free.saturating_sub(handle);
        free - free % self.stats.granule
    }

    fn is_exact(&self, alignment: usize) -> bool {
        self.stats.locked == 0 && !self.has_over_aligned && alignment <= self.stats.granule
    }

    /// Holds the answer to a request for a new block against what it had to be. More handles are free afterwards than
    /// were before if the pool gave up some that nobody used.
    pub fn judge<A: Access>(&self, pool: &Pool<A>, fit: Fit, request: (usize, usize), answer: Option<Error>) {
        let (bytes, alignment) = request;
        if bytes == 0 {
            assert_eq!(answer, None, "nothing takes no room");
            return;
        }
        if bytes > self.stats.capacity {
            assert_eq!(answer, Some(Error::InvalidSize), "{bytes} bytes");
            return;
        }
        let suffices = self.suffices(bytes);
        match (fit, answer) {
            (Fit::MakeRoom, None) => {
                let gave_up_handles = pool.stats().handles < self.stats.handles;
                assert!(suffices || gave_up_handles, "{bytes} bytes granted that are not there: {:?}", self.stats);
            }
            (Fit::MakeRoom, Some(Error::OutOfMemory)) => {
                assert!(!suffices || alignment > self.stats.granule, "{bytes} bytes refused: {:?}", self.stats);
            }
            (Fit::MakeRoom, Some(error)) => {
                assert!(!self.is_exact(alignment), "{bytes} bytes refused as {error:?}: {:?}", self.stats);
                assert_is_refusal(error);
            }
            (Fit::Best, _) if alignment <= self.stats.granule => {
                assert_eq!(answer.is_none(), bytes <= self.stats.largest_now, "{bytes} bytes: {:?}", self.stats);
            }
            (_, Some(error)) => assert_is_refusal(error),
            (_, None) => {}
        }
    }

    /// The same for a block that is to get other bytes than the `old` ones, by making room.
    pub fn judge_resize(&self, old: usize, bytes: usize, answer: Option<Error>) {
        if bytes <= old || bytes > self.stats.capacity {
            let expected = (bytes > old).then_some(Error::InvalidSize);
            assert_eq!(answer, expected, "from {old} to {bytes} bytes");
            return;
        }
        let suffices =
            if old == 0 { self.suffices(bytes) } else { self.gathered(0) + self.block(old) >= self.block(bytes) };
        if let Some(error) = answer {
            assert_is_refusal(error);
            let is_short = error == Error::OutOfMemory && !suffices;
            assert!(
                is_short || !self.is_exact(1),
                "from {old} to {bytes} bytes refused as {error:?}: {:?}",
                self.stats
            );
        }
    }
}

/// What is said for want of room, and not for a fault.
#[track_caller]
fn assert_is_refusal(error: Error) {
    assert!(matches!(error, Error::Fragmented | Error::OutOfIndexes | Error::OutOfMemory), "{error:?}");
}
