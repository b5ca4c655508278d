// SPDX-License-Identifier: MIT
//! Tells the linker where the memory is, and to lay the program out as the start-up crate says.

use std::env;

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("set by cargo");
    let architecture = env::var("CARGO_CFG_TARGET_ARCH").expect("set by cargo");
    println!("cargo::rustc-link-search={folder}/memory/{architecture}");
    println!("cargo::rustc-link-arg=-Tlink.x");
    println!("cargo::rerun-if-changed=memory");
}
