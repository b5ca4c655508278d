// SPDX-License-Identifier: MIT
//! A pool and its model, side by side: after each operation they must agree.

use std::fmt;
use std::iter;

use defrag::{Access, Budget, Error, Fit, Pool};

use super::account::{Account, Marks, Stray};
use super::kinds::Kind;
use super::ledger::{assert_alive, drops, reset};
use super::room::Room;
use super::thing::Thing;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    Alloc(Kind, Fit),
    Drop,
    Finish,
    Change,
    Edit,
    /// Keeps a guard while the next operations run.
    Hold,
    /// The same with a guard for reading.
    Read,
    Defrag,
    Step,
    Clean,
    LeakGuard,
    LeakReader,
    LeakThing,
}

impl Action {
    /// All, each as often as its share is.
    pub fn all() -> Vec<Self> {
        let fits = [Fit::Fast, Fit::Best, Fit::MakeRoom, Fit::MakeRoom];
        let allocs = Kind::ALL.into_iter().flat_map(|kind| fits.map(|fit| Self::Alloc(kind, fit)));
        let others = [
            (Self::Drop, 12),
            (Self::Finish, 8),
            (Self::Change, 6),
            (Self::Edit, 30),
            (Self::Hold, 6),
            (Self::Read, 4),
            (Self::Defrag, 1),
            (Self::Step, 6),
            (Self::Clean, 2),
            (Self::LeakGuard, 3),
            (Self::LeakReader, 3),
            (Self::LeakThing, 1),
        ];
        allocs.chain(others.into_iter().flat_map(|(action, share)| vec![action; share])).collect()
    }

    /// All that leak nothing.
    pub fn without_leaks() -> Vec<Self> {
        let leaks = |action: &Self| matches!(action, Self::LeakGuard | Self::LeakReader | Self::LeakThing);
        Self::all().into_iter().filter(|action| !leaks(action)).collect()
    }

    /// All that leave every block free to move anywhere.
    pub fn without_locks() -> Vec<Self> {
        let locks = |action: &Self| match action {
            Self::Alloc(kind, _) => *kind == Kind::Pinned || kind.is_over_aligned(),
            action => matches!(action, Self::Hold | Self::Read),
        };
        Self::without_leaks().into_iter().filter(|action| !locks(action)).collect()
    }
}

/// What is done to which slot, with a size in bytes or a count.
#[derive(Clone, Copy)]
pub struct Op {
    pub action: Action,
    pub slot: usize,
    pub size: usize,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { action, slot, size } = self;
        write!(f, "{slot}: {action:?} of {size}") // on one line, as there are many
    }
}

impl Op {
    pub const SLOTS: usize = 20;
    pub const MAX_SIZE: usize = 700;
}

/// What kind of pool the model is held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setting {
    /// This model has the pool for itself.
    Alone,
    /// The same, in memory where nothing can be pinned.
    Borrowed,
    /// Other threads use it too, so that counts over the whole pool say nothing.
    Shared,
}

/// Guards that are kept at a time.
const MOST_HELD: usize = 3;

struct Entry<'p> {
    thing: Box<dyn Thing + 'p>,
    kind: Kind,
    expected: Marks,
    stray: Stray,
}

impl Entry<'_> {
    fn account(&self) -> Account {
        let has_block = self.thing.has_block();
        Account {
            marks: self.expected.clone(),
            has_block,
            is_locked: self.kind == Kind::Pinned || (has_block && self.stray != Stray::None),
            is_over_aligned: self.kind.is_over_aligned(),
        }
    }

    /// Reads the content, except where that would make good for a leaked guard.
    fn assert_as_expected(&self) {
        let has_block = self.thing.has_block();
        match self.stray {
            Stray::Exclusive if has_block => {}
            Stray::Readers(12) if has_block => assert_eq!(self.thing.marks(), Err(Error::TooManyLocks)),
            _ => assert_eq!(self.thing.marks().as_ref(), Ok(&self.expected), "{:?}", self.kind),
        }
    }
}

pub struct World<'p, A: Access> {
    pool: &'p Pool<A>,
    setting: Setting,
    entries: Vec<Option<Entry<'p>>>,
    /// What is in the pool but not among the entries: under a guard, the last one last, and leaked.
    held: Vec<Account>,
    leaked: Vec<Account>,
}

impl<'p, A: Access> World<'p, A> {
    pub fn new(pool: &'p Pool<A>, setting: Setting) -> Self {
        reset();
        let entries = iter::repeat_with(|| None).take(Op::SLOTS).collect();
        Self { pool, setting, entries, held: vec![], leaked: vec![] }
    }

    /// Does all operations, and ends with a pool that holds only what was leaked.
    pub fn run(mut self, ops: impl IntoIterator<Item = Op>) {
        let mut ops = ops.into_iter();
        self.run_some(&mut ops, usize::MAX);
        for slot in 0..Op::SLOTS {
            self.drop_entry(slot);
        }
        self.assert_as_expected();
    }

    fn run_some(&mut self, ops: &mut dyn Iterator<Item = Op>, count: usize) {
        for _ in 0..count {
            let Some(op) = ops.next() else { return };
            self.apply(op, ops);
            self.assert_as_expected();
        }
    }

    fn apply(&mut self, op: Op, ops: &mut dyn Iterator<Item = Op>) {
        match op.action {
            Action::Alloc(kind, fit) => self.alloc(kind, fit, op),
            Action::Drop => self.drop_entry(op.slot),
            Action::Finish => self.finish(op.slot),
            Action::Change => self.change(op.slot),
            Action::Edit => self.edit(op),
            Action::Hold => self.hold(true, op, ops),
            Action::Read => self.hold(false, op, ops),
            Action::Defrag => self.defrag(),
            Action::Step => self.step(op.size),
            Action::Clean => self.pool.clean(),
            Action::LeakGuard => self.leak_guard(op.slot),
            Action::LeakReader => self.leak_reader(op.slot),
            Action::LeakThing => self.leak_thing(op.slot),
        }
    }

    fn accounts(&self) -> Vec<Account> {
        let entries = self.entries.iter().flatten().map(Entry::account);
        entries.chain(self.held.iter().chain(&self.leaked).cloned()).collect()
    }

    fn assert_as_expected(&self) {
        self.pool.check().expect("a pool that is whole");
        self.entries.iter().flatten().for_each(Entry::assert_as_expected);
        let accounts = self.accounts();
        let ids: Vec<u64> = accounts.iter().flat_map(|account| &account.marks.ids).copied().collect();
        assert_alive(&ids, accounts.iter().map(|account| account.marks.nothings).sum());
        if self.setting != Setting::Shared {
            let stats = self.pool.stats();
            let blocks = || accounts.iter().filter(|account| account.has_block);
            assert_eq!(stats.live, blocks().count());
            assert_eq!(stats.locked, blocks().filter(|account| account.is_locked).count());
            assert_eq!(stats.used + stats.overhead + stats.free, stats.pool_bytes);
        }
    }

    /// What the pool must grant now, if that can be told.
    fn room(&self) -> Option<Room> {
        let has_over_aligned = self.accounts().iter().any(|account| account.is_over_aligned);
        (self.setting != Setting::Shared).then(|| Room::of(self.pool, has_over_aligned))
    }

    fn alloc(&mut self, kind: Kind, fit: Fit, op: Op) {
        self.drop_entry(op.slot);
        let room = self.room();
        let mut answer = None;
        let pool = self.pool.with_fit(fit);
        drops(|| {
            // A refusal drops what was to be stored, which may panic: then the reason is lost, and nothing else.
            answer = Some(kind.make(pool, op.size));
        });
        let Some(answer) = answer else { return };
        let refusal = answer.as_ref().err().copied();
        if kind == Kind::Pinned && self.setting == Setting::Borrowed {
            assert_eq!(refusal, Some(Error::BorrowedMemory));
        } else if let (Some(request), Some(room)) = (kind.request(op.size), room) {
            room.judge(self.pool, fit, request, refusal);
        }
        if let Ok((thing, expected)) = answer {
            self.entries[op.slot] = Some(Entry { thing, kind, expected, stray: Stray::None });
        }
    }

    fn drop_entry(&mut self, slot: usize) {
        let entry = self.entries[slot].take();
        drops(|| drop(entry));
    }

    fn finish(&mut self, slot: usize) {
        if let Some(entry) = self.entries[slot].take() {
            drops(|| entry.thing.finish());
        }
    }

    fn change(&mut self, slot: usize) {
        if let Some(entry) = &mut self.entries[slot] {
            drops(|| entry.thing.change(&mut entry.expected));
            entry.stray = Stray::None;
        }
    }

    fn edit(&mut self, op: Op) {
        let room = self.room();
        let Some(entry) = &mut self.entries[op.slot] else { return };
        let resize = entry.thing.resize(op.size);
        let mut answer = Ok(());
        drops(|| answer = entry.thing.edit(op.size, &mut entry.expected));
        entry.thing.hold(true, &mut || {}); // makes good for what was leaked, and for what a panic left
        entry.stray = Stray::None;
        if let (Some((old, new)), Some(room)) = (resize, room) {
            room.judge_resize(old, new, answer.err());
        }
    }

    fn hold(&mut self, exclusively: bool, op: Op, ops: &mut dyn Iterator<Item = Op>) {
        if self.held.len() == MOST_HELD {
            return;
        }
        let Some(mut entry) = self.entries[op.slot].take() else { return };
        let exclusively = exclusively || entry.stray == Stray::Readers(12);
        if exclusively || entry.stray == Stray::Exclusive {
            entry.stray = Stray::None;
        }
        self.held.push(Account { is_locked: true, ..entry.account() });
        entry.thing.hold(exclusively, &mut || self.run_some(ops, op.size % 16));
        self.held.pop();
        self.drop_entry(op.slot);
        self.entries[op.slot] = Some(entry);
    }

    fn defrag(&mut self) {
        self.pool.defrag();
        if self.setting != Setting::Shared && self.accounts().iter().all(|it| !it.is_locked && !it.is_over_aligned) {
            assert_eq!(self.pool.stats().holes, 0);
        }
    }

    fn step(&mut self, size: usize) {
        let budget = Budget { bytes: size, blocks: size % 32 };
        let progress = self.pool.step(budget);
        assert!(progress.moved_bytes <= budget.bytes && progress.looked_at <= budget.blocks, "{progress:?}");
    }

    fn leak_guard(&mut self, slot: usize) {
        if let Some(entry) = self.with_guards(slot) {
            assert_eq!(entry.thing.leak_guard(true), Ok(()));
            entry.stray = Stray::Exclusive;
        }
    }

    /// The entry, unless it is pinned: then it is its own guard.
    fn with_guards(&mut self, slot: usize) -> Option<&mut Entry<'p>> {
        self.entries[slot].as_mut().filter(|entry| entry.kind != Kind::Pinned)
    }

    fn leak_reader(&mut self, slot: usize) {
        let Some(entry) = self.with_guards(slot) else { return };
        let full = entry.thing.has_block() && entry.stray == Stray::Readers(12);
        let expected = if full { Err(Error::TooManyLocks) } else { Ok(()) };
        assert_eq!(entry.thing.leak_guard(false), expected);
        entry.stray = match entry.stray {
            Stray::Readers(count) => Stray::Readers(12.min(count + 1)),
            Stray::None | Stray::Exclusive => Stray::Readers(1),
        };
    }

    fn leak_thing(&mut self, slot: usize) {
        if let Some(entry) = self.entries[slot].take() {
            self.leaked.push(entry.account());
            std::mem::forget(entry.thing);
        }
    }
}
