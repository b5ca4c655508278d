// SPDX-License-Identifier: MIT
//! Locking a block and using it, next to borrowing from a `RefCell` and to plain use.

use std::cell::RefCell;
use std::hint::black_box;

use defrag::{Mutex, Pool};

/// One way to get at a number. The use is opaque to the compiler, so that no way can be left out before or after it.
pub trait Way {
    const NAME: &'static str;
    /// Whether the number is only read.
    const READS: bool;
    type Holder<'p>;

    fn hold(pool: &Pool) -> Self::Holder<'_>;

    fn access(holder: &mut Self::Holder<'_>);
}

pub trait VisitWay {
    fn visit<W: Way>(&mut self);
}

/// Visits every way, that of a `RefCell` before ours.
pub fn visit_ways(visitor: &mut impl VisitWay) {
    visitor.visit::<BorrowMut>();
    visitor.visit::<Lock>();
    visitor.visit::<Borrow>();
    visitor.visit::<Read>();
}

pub struct BorrowMut;
pub struct Borrow;
pub struct Lock;
pub struct Read;

impl Way for BorrowMut {
    const NAME: &'static str = "RefCell::borrow_mut";
    const READS: bool = false;
    type Holder<'p> = RefCell<u64>;

    fn hold(_: &Pool) -> RefCell<u64> {
        RefCell::new(0)
    }

    #[inline(always)]
    fn access(holder: &mut RefCell<u64>) {
        let shared: &RefCell<u64> = holder; // `borrow_mut` of what is the caller's alone would be for nothing
        *black_box(&mut *shared.borrow_mut()) += 1;
    }
}

impl Way for Lock {
    const NAME: &'static str = "Mutex::lock";
    const READS: bool = false;
    type Holder<'p> = Mutex<'p, u64>;

    fn hold(pool: &Pool) -> Mutex<'_, u64> {
        pool.alloc_value(0).expect("room for every number")
    }

    #[inline(always)]
    fn access(holder: &mut Mutex<'_, u64>) {
        *black_box(&mut *holder.lock()) += 1;
    }
}

impl Way for Borrow {
    const NAME: &'static str = "RefCell::borrow";
    const READS: bool = true;
    type Holder<'p> = RefCell<u64>;

    fn hold(_: &Pool) -> RefCell<u64> {
        RefCell::new(0)
    }

    #[inline(always)]
    fn access(holder: &mut RefCell<u64>) {
        let shared: &RefCell<u64> = holder;
        black_box(*black_box(&*shared.borrow()));
    }
}

impl Way for Read {
    const NAME: &'static str = "Mutex::read";
    const READS: bool = true;
    type Holder<'p> = Mutex<'p, u64>;

    fn hold(pool: &Pool) -> Mutex<'_, u64> {
        pool.alloc_value(0).expect("room for every number")
    }

    #[inline(always)]
    fn access(holder: &mut Mutex<'_, u64>) {
        black_box(*black_box(&*holder.read()));
    }
}
