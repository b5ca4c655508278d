// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
#![no_std]
#![deny(unsafe_op_in_unsafe_fn, missing_docs, missing_debug_implementations, clippy::undocumented_unsafe_blocks)]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "alloc")]
extern crate alloc as std_alloc;

mod access;
mod allocate;
mod block;
mod content;
mod display;
mod dynamic;
mod error;
mod guard;
mod look;
mod memory;
mod mutex;
mod observe;
mod pinned;
mod pool;
mod slice;
mod step;
mod string;
mod vec;

#[doc = include_str!("../MIGRATION.md")]
pub mod migration {}

#[cfg(feature = "critical-section")]
pub use access::CriticalSection;
pub use access::{Access, Local};
pub use allocate::{Fit, Fitting};
pub use content::Content;
pub use display::DisplayPool;
pub use dynamic::DynMutex;
pub use error::{Damage, Error, Refused, Result};
pub use guard::{ReadGuard, Slice, Value};
pub use look::{BlockInfo, Blocks, Handle, Stats, Verdict};
pub use memory::{BufferPool, StaticPool};
pub use mutex::{Mutex, SliceMutex};
pub use observe::Event;
pub use pinned::Fixed;
#[cfg(feature = "critical-section")]
pub use pool::SharedPool;
pub use pool::{Config, Pool};
pub use step::{Budget, Progress};
pub use string::PoolString;
pub use vec::PoolVec;
