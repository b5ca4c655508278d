// SPDX-License-Identifier: MIT
//! What the heaps are put through: lists of steps that depend on a seed alone, never on the heap.

mod replay;
mod trace;

pub use replay::{fill, replay};
pub use trace::{slices, steady, strings, Trace};
