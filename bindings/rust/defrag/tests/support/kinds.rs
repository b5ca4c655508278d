// SPDX-License-Identifier: MIT
//! All that can be put into a pool: each kind made with a size, along with what the model expects of it.

use defrag::{Access, Fitting, Mutex, PoolString, PoolVec, Result, SliceMutex};

use super::account::Marks;
use super::ledger::{Aligned, By1024, By16, By64, Nothing, Record};
use super::thing::{noted, Known, Thing};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Value,
    By16,
    By64,
    By1024,
    Nothing,
    Nothings,
    Text,
    Numbers,
    Records,
    FromIter,
    Vector,
    Written,
    Pinned,
    Dynamic,
}

/// A thing in the pool and what it holds.
pub type Made<'p> = (Box<dyn Thing + 'p>, Marks);

impl Kind {
    pub const ALL: [Self; 14] = [
        Self::Value,
        Self::By16,
        Self::By64,
        Self::By1024,
        Self::Nothing,
        Self::Nothings,
        Self::Text,
        Self::Numbers,
        Self::Records,
        Self::FromIter,
        Self::Vector,
        Self::Written,
        Self::Pinned,
        Self::Dynamic,
    ];

    /// The bytes and the alignment of the one request that making this kind comes to; none if it may be several.
    pub fn request(self, size: usize) -> Option<(usize, usize)> {
        let record = size_of::<Record>();
        Some(match self {
            Self::Value | Self::Pinned | Self::Dynamic => (record, align_of::<Record>()),
            Self::By16 => (size_of::<Aligned<By16>>(), 16),
            Self::By64 => (size_of::<Aligned<By64>>(), 64),
            Self::By1024 => (size_of::<Aligned<By1024>>(), 1024),
            Self::Nothing | Self::Nothings => (0, 1),
            Self::Text | Self::Written => (size, 1),
            Self::Numbers => (size / 4 * 4, 4),
            Self::Records => (size / record * record, align_of::<Record>()),
            Self::Vector => (size / record * record, align_of::<Record>()),
            Self::FromIter => return None,
        })
    }

    pub fn is_over_aligned(self) -> bool {
        matches!(self, Self::By16 | Self::By64 | Self::By1024)
    }

    /// Makes one of about `size` bytes, where that can be chosen.
    pub fn make<'p, A: Access>(self, pool: Fitting<'p, A>, size: usize) -> Result<Made<'p>> {
        let records = size / size_of::<Record>();
        match self {
            Self::Value => value(pool.alloc_value(Record::new())?),
            Self::By16 => aligned::<By16, A>(pool),
            Self::By64 => aligned::<By64, A>(pool),
            Self::By1024 => aligned::<By1024, A>(pool),
            Self::Nothing => {
                let nothing = pool.alloc_value(Nothing::new())?;
                Ok((Box::new(nothing), Marks::nothings(1)))
            }
            Self::Nothings => {
                let nothings = pool.alloc_slice_from_fn(size, |_| Nothing::new())?;
                Ok((Box::new(nothings), Marks::nothings(size)))
            }
            Self::Text => {
                let text = text(size);
                Ok((Box::new(pool.alloc_str(&text)?), Marks::bytes(text.as_bytes())))
            }
            Self::Numbers => numbers(pool, size / 4),
            Self::Records => {
                let mut ids = vec![];
                let slice = pool.alloc_slice_from_fn(records, |_| noted(&mut ids))?;
                Ok(self::records(slice, ids))
            }
            Self::FromIter => {
                let mut ids = vec![];
                // An iterator that does not tell its length, so that the slice grows.
                let elements = (0..records).filter(|_| true).map(|_| noted(&mut ids));
                let slice = pool.alloc_slice_from_iter(elements)?;
                Ok(self::records(slice, ids))
            }
            Self::Vector => {
                let vector: PoolVec<Record, A> = pool.alloc_vec(records)?;
                Ok((Box::new(vector), Marks::default()))
            }
            Self::Written => {
                let string: PoolString<A> = pool.alloc_string(size)?;
                Ok((Box::new(string), Marks::default()))
            }
            Self::Pinned => {
                let pinned = pool.alloc_pinned(Record::new())?;
                let marks = Marks::one(pinned.id());
                Ok((Box::new(pinned), marks))
            }
            Self::Dynamic => {
                let mut value = pool.alloc_value(Record::new())?;
                let marks = Marks::one(value.lock().id());
                Ok((Box::new(value.into_dyn::<dyn Known>(|record| record, |record| record)), marks))
            }
        }
    }
}

fn value<A: Access>(mut value: Mutex<'_, Record, A>) -> Result<Made<'_>> {
    let marks = Marks::one(value.lock().id());
    Ok((Box::new(value), marks))
}

fn aligned<'p, M: Default + 'static, A: Access>(pool: Fitting<'p, A>) -> Result<Made<'p>> {
    let mut value = pool.alloc_value(Aligned::<M>::new())?;
    let marks = Marks::one(value.lock().record.id());
    Ok((Box::new(value), marks))
}

fn numbers<'p, A: Access>(pool: Fitting<'p, A>, len: usize) -> Result<Made<'p>> {
    let numbers: Vec<u32> = (0..len as u32).map(|i| i.wrapping_mul(0x9E37_79B9)).collect();
    let slice = pool.alloc_slice_copy(&numbers)?;
    Ok((Box::new(slice), numbers.marks()))
}

fn records<A: Access>(slice: SliceMutex<'_, Record, A>, ids: Vec<u64>) -> Made<'_> {
    (Box::new(slice), Marks { ids, ..Marks::default() })
}

fn text(len: usize) -> String {
    ('a'..='z').cycle().take(len).collect()
}
