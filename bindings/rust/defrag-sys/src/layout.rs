// SPDX-License-Identifier: MIT
//! Holds rustc to the layout of `structures.rs` on every target that the crate is compiled for.

use crate::*;
use core::mem::{offset_of, size_of};

const P: usize = size_of::<usize>();

macro_rules! structures {
    ($($name:ident: $size:expr => { $($field:ident: $type:ty = $offset:expr,)+ })+) => {$(
        const _: () = {
            assert!(size_of::<$name>() == $size);
            $(
                assert!(offset_of!($name, $field) == $offset);
                let _typed: fn(&$name) -> &$type = |all| &all.$field;
            )+
            let _complete = |$name { $($field: _),+ }: $name| ();
        };
    )+};
}

include!("structures.rs");
