// SPDX-License-Identifier: MIT
//! Contents that tell of their own end. Each thread has one ledger of what lives.

use std::any::Any;
use std::cell::RefCell;
use std::collections::HashSet;
use std::panic::{catch_unwind, resume_unwind, AssertUnwindSafe};

#[derive(Default)]
struct Ledger {
    born: u64,
    alive: HashSet<u64>,
    nothings: i64,
    /// Drops of what was not alive: double drops, and drops of memory that holds no value.
    wrong_drops: u64,
    exploded: bool,
}

thread_local! {
    static LEDGER: RefCell<Ledger> = RefCell::default();
}

fn ledger<R>(with: impl FnOnce(&mut Ledger) -> R) -> R {
    LEDGER.with_borrow_mut(with)
}

/// Begins anew.
pub fn reset() {
    ledger(|ledger| *ledger = Ledger::default());
}

/// Asserts that exactly these live, and that nothing was dropped that did not.
#[track_caller]
pub fn assert_alive(ids: &[u64], nothings: usize) {
    ledger(|ledger| {
        assert_eq!(ledger.wrong_drops, 0, "something was dropped twice");
        assert_eq!(ledger.nothings, nothings as i64, "values without size");
        for id in ids {
            assert!(ledger.alive.contains(id), "{id} was dropped too early");
        }
        assert_eq!(ledger.alive.len(), ids.len(), "something was not dropped, or is counted twice");
    });
}

/// What a destructor panics with.
struct Planned;

/// Runs what may drop values, some of whose destructors panic, and tells whether one did.
pub fn drops(run: impl FnOnce()) -> bool {
    ledger(|ledger| ledger.exploded = false);
    let caught = catch_unwind(AssertUnwindSafe(run)).map_err(only_planned).is_err();
    assert_eq!(caught, ledger(|ledger| ledger.exploded), "a panic of a destructor comes through");
    caught
}

fn only_planned(panic: Box<dyn Any + Send>) {
    if !panic.is::<Planned>() {
        resume_unwind(panic);
    }
}

/// Something that must be dropped once. The destructor of one in sixteen panics.
#[derive(Debug)]
pub struct Token(u64);

impl Token {
    fn new() -> Self {
        ledger(|ledger| {
            ledger.born += 1;
            ledger.alive.insert(ledger.born);
            Self(ledger.born)
        })
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        let was_alive = ledger(|ledger| {
            let was_alive = ledger.alive.remove(&self.0);
            ledger.wrong_drops += u64::from(!was_alive);
            was_alive
        });
        if was_alive && self.0 % 16 == 0 && !std::thread::panicking() {
            ledger(|ledger| ledger.exploded = true);
            resume_unwind(Box::new(Planned)); // a panic without a message
        }
    }
}

/// A value with memory of its own.
#[derive(Debug)]
pub struct Record {
    token: Token,
    text: Vec<u8>,
}

impl Record {
    pub fn new() -> Self {
        let token = Token::new();
        let text = text_of(token.0).collect();
        Self { token, text }
    }

    /// Its number, if it is as it was made.
    #[track_caller]
    pub fn id(&self) -> u64 {
        assert!(self.text.iter().copied().eq(text_of(self.token.0)), "record {} was altered", self.token.0);
        self.token.0
    }
}

fn text_of(id: u64) -> impl Iterator<Item = u8> {
    (0..id % 37).map(move |i| (id * 31 + i) as u8)
}

#[derive(Debug, Default)]
#[repr(align(16))]
pub struct By16;

#[derive(Debug, Default)]
#[repr(align(64))]
pub struct By64;

#[derive(Debug, Default)]
#[repr(align(1024))]
pub struct By1024;

/// A record aligned as `M` is.
#[derive(Debug)]
pub struct Aligned<M> {
    pub record: Record,
    _alignment: M,
}

impl<M: Default> Aligned<M> {
    pub fn new() -> Self {
        Self { record: Record::new(), _alignment: M::default() }
    }
}

/// A value without size that must be dropped nevertheless.
#[derive(Debug)]
pub struct Nothing(());

impl Nothing {
    pub fn new() -> Self {
        ledger(|ledger| ledger.nothings += 1);
        Self(())
    }
}

impl Drop for Nothing {
    fn drop(&mut self) {
        ledger(|ledger| ledger.nothings -= 1);
    }
}
