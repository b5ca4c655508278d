// SPDX-License-Identifier: MIT
//! Being told of what a pool does.

use core::ffi::c_void;
use core::ptr;

use defrag_sys as sys;

use crate::access::Access;
use crate::error::{Error, Result};
use crate::look::Handle;
use crate::pool::Pool;

/// What happened in a pool. Offsets are where the block's usable bytes begin, from the pool's start; `bytes` are the usable
/// ones.
///
/// ```
/// # fn main() -> defrag::Result<()> {
/// let pool = defrag::Pool::new(1024, 8, 0)?;
/// let print = |event: defrag::Event| println!("{event:?}");
/// pool.with_observer(&print, || drop(pool.alloc::<u32>()))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
#[allow(missing_docs)] // the fields are what the type says
pub enum Event {
    /// A block was allocated.
    Alloc { handle: Handle, offset: usize, bytes: usize },
    /// A block was freed.
    Free { handle: Handle, offset: usize, bytes: usize },
    /// A block moved.
    Move { handle: Handle, from: usize, offset: usize, bytes: usize },
    /// A block got another size, and perhaps another place.
    Resize { handle: Handle, from: usize, offset: usize, bytes: usize },
    /// A block was locked, exclusively or for reading.
    Lock { handle: Handle, offset: usize, bytes: usize },
    /// A lock was given up.
    Unlock { handle: Handle, offset: usize, bytes: usize },
    /// An allocation, or a resize of the block named, was refused for want of room.
    Refuse { handle: Option<Handle>, error: Error, bytes: usize },
}

impl Event {
    fn of(event: &sys::defrag_event) -> Option<Self> {
        let sys::defrag_event { kind, offset, from, bytes, .. } = *event;
        if kind as u32 == sys::DEFRAG_EVENT_REFUSE {
            let error = Error::from_status(event.status);
            return Some(Self::Refuse { handle: Handle::of(event.handle), error, bytes });
        }
        let handle = Handle::of(event.handle)?;
        Some(match kind as u32 {
            sys::DEFRAG_EVENT_ALLOC => Self::Alloc { handle, offset, bytes },
            sys::DEFRAG_EVENT_FREE => Self::Free { handle, offset, bytes },
            sys::DEFRAG_EVENT_MOVE => Self::Move { handle, from, offset, bytes },
            sys::DEFRAG_EVENT_RESIZE => Self::Resize { handle, from, offset, bytes },
            sys::DEFRAG_EVENT_LOCK => Self::Lock { handle, offset, bytes },
            sys::DEFRAG_EVENT_UNLOCK => Self::Unlock { handle, offset, bytes },
            _ => return None, // of a later version of the library
        })
    }
}

/// What the library calls.
///
/// # Safety
///
/// To be set as an observer with an `F` as its context.
unsafe extern "C" fn tell<F: Fn(Event)>(
    context: *mut c_void,
    _pool: *const sys::defrag_pool,
    event: *const sys::defrag_event,
) {
    // SAFETY: the context is the observer, which outlives its being set, and the event is valid during the call.
    let (observer, event) = unsafe { (&*context.cast_const().cast::<F>(), &*event) };
    if let Some(event) = Event::of(event) {
        observer(event);
    }
}

/// Ends the observation, also if what runs meanwhile panics.
struct Observation<'p, A: Access> {
    pool: &'p Pool<A>,
}

impl<A: Access> Drop for Observation<'_, A> {
    fn drop(&mut self) {
        self.pool.call(|raw| {
            // SAFETY: the pool is alive.
            unsafe { sys::defrag_observe(raw, None, ptr::null_mut()) };
            self.pool.observed.set(false);
        });
    }
}

impl<A: Access> Pool<A> {
    /// For an observer that may be called wherever the pool is.
    fn observe<F: Fn(Event), R>(&self, observer: &F, run: impl FnOnce() -> R) -> Result<R> {
        let context = ptr::from_ref(observer).cast_mut().cast();
        self.call(|raw| {
            if self.observed.get() {
                return Err(Error::Busy);
            }
            // SAFETY: the pool is alive, and the observer outlives the observation.
            Error::check(unsafe { sys::defrag_observe(raw, Some(tell::<F>), context) })?;
            self.observed.set(true);
            Ok(())
        })?;
        let _observation = Observation { pool: self };
        Ok(run())
    }
}

impl Pool {
    /// Has `observer` called after everything that happens in the pool while `run` runs. It may look at the pool, as
    /// [`Pool::stats`] and [`Pool::blocks`] do; everything else panics there, and a panic there aborts.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if the pool is observed already; `run` is not run then.
    ///
    /// ```
    /// use core::cell::Cell;
    /// use defrag::Event;
    ///
    /// # fn main() -> defrag::Result<()> {
    /// let pool = defrag::Pool::new(1024, 8, 0)?;
    /// let moved = Cell::new(0);
    /// let count = |event| moved.set(moved.get() + u32::from(matches!(event, Event::Move { .. })));
    /// pool.with_observer(&count, || {
    ///     let first = pool.alloc::<u64>();
    ///     let second = pool.alloc::<u64>();
    ///     drop(first);
    ///     pool.defrag();
    /// })?;
    /// assert_eq!(moved.get(), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_observer<R>(&self, observer: &impl Fn(Event), run: impl FnOnce() -> R) -> Result<R> {
        self.observe(observer, run)
    }
}

#[cfg(feature = "critical-section")]
impl crate::SharedPool {
    /// Has `observer` called, from wherever the pool is used and in a critical section, after everything that happens in
    /// the pool while `run` runs. It may look at the pool, as [`Pool::stats`] and [`Pool::blocks`] do; everything else
    /// panics there, and a panic there aborts.
    ///
    /// # Errors
    ///
    /// [`Error::Busy`] if the pool is observed already; `run` is not run then.
    ///
    /// ```
    /// use core::sync::atomic::{AtomicU32, Ordering};
    ///
    /// static POOL: defrag::StaticPool<1024, defrag::CriticalSection> = defrag::StaticPool::new();
    ///
    /// # fn main() -> defrag::Result<()> {
    /// let pool = POOL.get()?;
    /// let events = AtomicU32::new(0);
    /// let count = |_| drop(events.fetch_add(1, Ordering::Relaxed));
    /// pool.with_observer(&count, || drop(pool.alloc_slice::<u8>(0)))?;
    /// assert_eq!(events.into_inner(), 0);
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_observer<R>(&self, observer: &(impl Fn(Event) + Sync), run: impl FnOnce() -> R) -> Result<R> {
        self.observe(observer, run)
    }
}
