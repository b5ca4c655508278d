// SPDX-License-Identifier: MIT
#![doc = include_str!("../README.md")]
#![no_std]
#![allow(non_camel_case_types)]

#[rustfmt::skip] // as bindgen writes it
mod bindings;
mod layout;

pub use bindings::*;

/// Zero is never a valid handle. Written by hand, as the header casts it, which bindgen cannot follow.
pub const DEFRAG_NO_HANDLE: defrag_handle = 0;
