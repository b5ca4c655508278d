// SPDX-License-Identifier: MIT
//! The committed bindings are what the header generates today. `UPDATE_EXPECT=1` brings them up to date.
#![cfg(feature = "bindgen")]

#[test]
fn a_fresh_run_gives_the_committed_bindings() {
    let fresh = include_str!(concat!(env!("OUT_DIR"), "/bindings.rs"));
    expect_test::expect_file!["../src/bindings.rs"].assert_eq(fresh);
}
