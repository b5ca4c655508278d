// SPDX-License-Identifier: MIT
//! What the model does to a thing in the pool, whatever its type.

use std::mem;
use std::pin::Pin;
use std::ptr;

use defrag::{Access, DynMutex, Fixed, Mutex, PoolString, PoolVec, Result, SliceMutex};

use super::account::Marks;
use super::ledger::{Aligned, Nothing, Record};

/// A content that the model can compare, and change along with itself.
pub trait Known {
    fn marks(&self) -> Marks;
    fn change(&mut self, expected: &mut Marks);
}

impl Known for Record {
    fn marks(&self) -> Marks {
        Marks::one(self.id())
    }

    fn change(&mut self, expected: &mut Marks) {
        let old = mem::replace(self, Record::new());
        *expected = self.marks();
        drop(old); // may panic, and all is said by then
    }
}

impl<M> Known for Aligned<M> {
    fn marks(&self) -> Marks {
        self.record.marks()
    }

    fn change(&mut self, expected: &mut Marks) {
        self.record.change(expected);
    }
}

impl Known for Nothing {
    fn marks(&self) -> Marks {
        Marks::nothings(1)
    }

    fn change(&mut self, _expected: &mut Marks) {
        *self = Nothing::new();
    }
}

impl Known for [Nothing] {
    fn marks(&self) -> Marks {
        Marks::nothings(self.len())
    }

    fn change(&mut self, _expected: &mut Marks) {
        self.reverse();
    }
}

impl Known for [Record] {
    fn marks(&self) -> Marks {
        Marks { ids: self.iter().map(Record::id).collect(), ..Marks::default() }
    }

    fn change(&mut self, expected: &mut Marks) {
        self.reverse();
        expected.ids.reverse();
    }
}

impl Known for [u32] {
    fn marks(&self) -> Marks {
        Marks::bytes(&self.iter().flat_map(|number| number.to_ne_bytes()).collect::<Vec<_>>())
    }

    fn change(&mut self, expected: &mut Marks) {
        self.iter_mut().for_each(|number| *number = number.swap_bytes());
        expected.bytes.chunks_exact_mut(4).for_each(<[u8]>::reverse);
    }
}

impl Known for str {
    fn marks(&self) -> Marks {
        Marks::bytes(self.as_bytes())
    }

    fn change(&mut self, expected: &mut Marks) {
        self.make_ascii_uppercase();
        expected.bytes.make_ascii_uppercase();
    }
}

/// Where a content is, once that is seen to suit its type.
#[track_caller]
fn address<T: ?Sized>(content: &T) -> *const u8 {
    let address = ptr::from_ref(content).cast::<u8>();
    assert_eq!(address as usize % align_of_val(content), 0, "misaligned");
    address
}

/// Something in the pool, with whatever guards its type has.
pub trait Thing {
    /// What it holds, by a guard for reading.
    fn marks(&self) -> Result<Marks>;
    /// Whether it takes a block.
    fn has_block(&self) -> bool;
    /// Keeps a guard while something runs, which must not change address or content.
    fn hold(&mut self, exclusively: bool, run: &mut dyn FnMut());
    /// Leaks a guard.
    fn leak_guard(&mut self, exclusive: bool) -> Result<()>;
    fn change(&mut self, expected: &mut Marks);
    /// Makes it longer or shorter, if it can be.
    fn edit(&mut self, size: usize, expected: &mut Marks) -> Result<()>;
    /// The bytes it has and those that `edit` asks for instead, if it does that by one request.
    fn resize(&self, size: usize) -> Option<(usize, usize)>;
    /// Ends it, not just by dropping it.
    fn finish(self: Box<Self>);
}

fn hold_content<T: Known + ?Sized>(content: &T, run: &mut dyn FnMut()) {
    let (before, marks) = (address(content), content.marks());
    run();
    assert_eq!(address(content), before, "a locked block was moved");
    assert_eq!(content.marks(), marks, "a locked block was written to");
}

macro_rules! thing {
    (
        impl[$($generics:tt)*] $type:ty {
            has_block: $has_block:expr,
            edit: $edit:expr,
            resize: $resize:expr,
            finish: $finish:expr,
        }
    ) => {
        impl<$($generics)*> Thing for $type {
            fn marks(&self) -> Result<Marks> {
                let guard = self.try_read()?;
                address(&*guard);
                Ok(guard.marks())
            }

            fn has_block(&self) -> bool {
                let has_block: fn(&Self) -> bool = $has_block;
                has_block(self)
            }

            fn hold(&mut self, exclusively: bool, run: &mut dyn FnMut()) {
                if exclusively {
                    hold_content(&*self.lock(), run);
                } else {
                    hold_content(&*self.read(), run);
                }
            }

            fn leak_guard(&mut self, exclusive: bool) -> Result<()> {
                if exclusive {
                    mem::forget(self.lock());
                } else {
                    mem::forget(self.try_read()?);
                }
                Ok(())
            }

            fn change(&mut self, expected: &mut Marks) {
                self.lock().change(expected);
            }

            fn edit(&mut self, size: usize, expected: &mut Marks) -> Result<()> {
                let edit: fn(&mut Self, usize, &mut Marks) -> Result<()> = $edit;
                edit(self, size, expected)
            }

            fn resize(&self, size: usize) -> Option<(usize, usize)> {
                let resize: fn(&Self, usize) -> Option<(usize, usize)> = $resize;
                resize(self, size)
            }

            fn finish(self: Box<Self>) {
                let finish: fn(Self) = $finish;
                finish(*self);
            }
        }
    };
}

fn same_size<T>(_: &mut T, _: usize, _: &mut Marks) -> Result<()> {
    Ok(())
}

fn not_at_once<T>(_: &T, _: usize) -> Option<(usize, usize)> {
    None
}

thing! {
    impl['p, A: Access] Mutex<'p, Record, A> {
        has_block: |_| true,
        edit: same_size,
        resize: not_at_once,
        finish: |this| drop(this.into_inner()),
    }
}

thing! {
    impl['p, M, A: Access] Mutex<'p, Aligned<M>, A> {
        has_block: |_| true,
        edit: same_size,
        resize: not_at_once,
        finish: |this| drop(this.into_inner()),
    }
}

thing! {
    impl['p, A: Access] Mutex<'p, Nothing, A> {
        has_block: |_| false,
        edit: same_size,
        resize: not_at_once,
        finish: |this| drop(this.into_inner()),
    }
}

thing! {
    impl['p, A: Access] SliceMutex<'p, Nothing, A> {
        has_block: |_| false,
        edit: |this, size, expected| {
            this.resize_from_fn(size, |_| Nothing::new())?;
            *expected = Marks::nothings(size);
            Ok(())
        },
        resize: not_at_once,
        finish: |this| drop(this.into_vec().pop()),
    }
}

thing! {
    impl['p, A: Access] SliceMutex<'p, Record, A> {
        has_block: |this| this.handle().is_some(), // also if it is empty, after a panic
        edit: |this, size, expected| {
            let len = size / size_of::<Record>();
            expected.ids.truncate(len);
            this.resize_from_fn(len, |_| noted(&mut expected.ids))
        },
        resize: |this, size| {
            let record = size_of::<Record>();
            Some((this.len() * record, size / record * record))
        },
        finish: |this| drop(this.into_vec().into_slice()),
    }
}

thing! {
    impl['p, A: Access] SliceMutex<'p, u32, A> {
        has_block: |this| !this.is_empty(),
        edit: |this, size, expected| {
            this.resize(size / 4, 0x0102_0304)?;
            let mut more = 0x0102_0304_u32.to_ne_bytes().into_iter().cycle();
            expected.bytes.resize_with(size / 4 * 4, || more.next().expect("endless"));
            Ok(())
        },
        resize: |this, size| Some((this.len() * 4, size / 4 * 4)),
        finish: drop,
    }
}

thing! {
    impl['p, A: Access] Mutex<'p, str, A> {
        has_block: |this| !this.is_empty(),
        edit: same_size,
        resize: not_at_once,
        finish: drop,
    }
}

thing! {
    impl['p, A: Access] PoolVec<'p, Record, A> {
        has_block: |this| this.capacity() > 0,
        edit: edit_vector,
        resize: not_at_once,
        finish: |this| drop(this.into_slice()),
    }
}

thing! {
    impl['p, A: Access] PoolString<'p, A> {
        has_block: |this| this.capacity() > 0,
        edit: edit_string,
        resize: not_at_once,
        finish: |this| drop(this.into_str()),
    }
}

thing! {
    impl['p, A: Access] DynMutex<'p, dyn Known, A> {
        has_block: |_| true,
        edit: same_size,
        resize: not_at_once,
        finish: drop,
    }
}

impl<A: Access> Thing for Pin<Fixed<'_, Record, A>> {
    fn marks(&self) -> Result<Marks> {
        address(&**self);
        Ok((**self).marks())
    }

    fn has_block(&self) -> bool {
        true
    }

    fn hold(&mut self, _exclusively: bool, run: &mut dyn FnMut()) {
        hold_content(&**self, run);
    }

    fn leak_guard(&mut self, _exclusive: bool) -> Result<()> {
        unreachable!("it is its own guard")
    }

    fn change(&mut self, expected: &mut Marks) {
        (**self).change(expected);
    }

    fn edit(&mut self, size: usize, expected: &mut Marks) -> Result<()> {
        same_size(self, size, expected)
    }

    fn resize(&self, size: usize) -> Option<(usize, usize)> {
        not_at_once(self, size)
    }

    fn finish(self: Box<Self>) {
        drop(Fixed::unpin(*self).into_inner());
    }
}

fn edit_vector<A: Access>(vector: &mut PoolVec<Record, A>, size: usize, expected: &mut Marks) -> Result<()> {
    let middle = vector.len() / 2;
    match size % 8 {
        0 => {
            let last = vector.pop();
            assert_eq!(last.as_ref().map(Record::id), expected.ids.pop());
        }
        1 if middle < vector.len() => {
            let record = vector.remove(middle);
            assert_eq!(record.id(), expected.ids.remove(middle));
        }
        2 => {
            expected.ids.truncate(middle);
            vector.truncate(middle);
        }
        3 => vector.shrink_to_fit(),
        4 => vector.reserve(size / 64)?,
        5 => {
            let record = Record::new();
            let id = record.id();
            vector.insert(middle, record)?;
            expected.ids.insert(middle, id);
        }
        _ => {
            for _ in 0..size / 64 + 1 {
                let record = Record::new();
                let id = record.id();
                vector.push(record).map_err(|refused| {
                    assert_eq!(refused.value.id(), id);
                    refused.error
                })?;
                expected.ids.push(id);
            }
        }
    }
    Ok(())
}

fn edit_string<A: Access>(string: &mut PoolString<A>, size: usize, expected: &mut Marks) -> Result<()> {
    match size % 4 {
        0 => {
            string.truncate(size / 8);
            expected.bytes.truncate(size / 8);
        }
        1 => {
            let last = string.pop();
            assert_eq!(last, expected.bytes.pop().map(char::from));
        }
        2 => {
            string.push('z')?;
            expected.bytes.push(b'z');
        }
        _ => {
            let more = "written ".repeat(size / 16);
            string.push_str(&more)?;
            expected.bytes.extend_from_slice(more.as_bytes());
        }
    }
    Ok(())
}

/// A new record, and its number noted.
pub fn noted(ids: &mut Vec<u64>) -> Record {
    let record = Record::new();
    ids.push(record.id());
    record
}
