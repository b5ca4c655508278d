// SPDX-License-Identifier: MIT
//! What the model knows of one thing in the pool.

/// What a content is, to be compared with what the model says it is.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Marks {
    /// The records in it.
    pub ids: Vec<u64>,
    /// Plain bytes.
    pub bytes: Vec<u8>,
    /// How many values without size.
    pub nothings: usize,
}

impl Marks {
    pub fn one(id: u64) -> Self {
        Self { ids: vec![id], ..Self::default() }
    }

    pub fn bytes(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), ..Self::default() }
    }

    pub fn nothings(nothings: usize) -> Self {
        Self { nothings, ..Self::default() }
    }
}

/// Locks whose guards were leaked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stray {
    None,
    Exclusive,
    Readers(u8),
}

/// What the pool has to say of one thing.
#[derive(Debug, Clone)]
pub struct Account {
    pub marks: Marks,
    pub has_block: bool,
    pub is_locked: bool,
    pub is_over_aligned: bool,
}
