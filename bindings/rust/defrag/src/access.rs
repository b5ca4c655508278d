// SPDX-License-Identifier: MIT
//! Who may call a pool: one context alone, or all of them, each call in a critical section.

use core::marker::PhantomData;

pub(crate) mod sealed {
    /// How calls are kept apart.
    pub trait Enter {
        /// Runs `call` so that no other call on the same pool interrupts it.
        fn enter<R>(call: impl FnOnce() -> R) -> R;
    }
}

/// How calls on a pool are kept from interrupting one another: [`Local`] or, with the feature `critical-section`,
/// `CriticalSection`.
///
/// ```
/// fn live<A: defrag::Access>(pool: &defrag::Pool<A>) -> usize {
///     pool.stats().live
/// }
/// ```
pub trait Access: sealed::Enter {}

/// Calls come from one thread or one interrupt level only, as the types see to: nothing that belongs to the pool can be
/// sent away from there.
///
/// ```compile_fail,E0277
/// let pool = defrag::Pool::new(4096, 16, 0).unwrap();
/// std::thread::scope(|threads| threads.spawn(|| pool.defrag()).join().unwrap());
/// ```
#[derive(Debug)]
pub struct Local(PhantomData<*mut ()>);

impl sealed::Enter for Local {
    #[inline(always)]
    fn enter<R>(call: impl FnOnce() -> R) -> R {
        call()
    }
}

impl Access for Local {}

/// Calls come from anywhere, and each runs in a [critical section](critical_section).
///
/// What is kept off is the call, never the use of a locked block. Calls that move blocks, [`Fit::MakeRoom`] and
/// [`Pool::defrag`] above all, keep interrupts off as long as they move; with [`Fit::Fast`] and small [`Budget`]s the
/// sections stay short.
///
/// ```
/// use defrag::{CriticalSection, Pool, StaticPool};
///
/// static POOL: StaticPool<1024, CriticalSection> = StaticPool::new();
///
/// let pool: &'static Pool<CriticalSection> = POOL.get().unwrap();
/// std::thread::spawn(|| pool.defrag()).join().unwrap();
/// ```
///
/// [`Fit::MakeRoom`]: crate::Fit::MakeRoom
/// [`Fit::Fast`]: crate::Fit::Fast
/// [`Pool::defrag`]: crate::Pool::defrag
/// [`Budget`]: crate::Budget
#[cfg(feature = "critical-section")]
#[derive(Debug)]
pub struct CriticalSection;

#[cfg(feature = "critical-section")]
impl sealed::Enter for CriticalSection {
    #[inline]
    fn enter<R>(call: impl FnOnce() -> R) -> R {
        critical_section::with(|_| call())
    }
}

#[cfg(feature = "critical-section")]
impl Access for CriticalSection {}
