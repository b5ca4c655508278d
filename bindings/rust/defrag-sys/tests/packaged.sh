#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Packages the crate, tests the package away from the repository, and builds a dependent of it: packaged.sh SCRATCH
set -euo pipefail

crate=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
repository=$(cd "$crate/../../.." && pwd -P)
mkdir -p "$1"
scratch=$(cd "$1" && pwd -P)
rm -rf "${scratch:?}"/{package,unpacked,dependent,target}

fail() {
    echo "packaged.sh: $*" >&2
    exit 1
}

# The tests below take the place of cargo's own verification.
(cd "$crate" && cargo package --locked --allow-dirty --no-verify --target-dir "$scratch/package")

mkdir "$scratch/unpacked"
tar -xzf "$scratch"/package/package/defrag-sys-*.crate -C "$scratch/unpacked" --strip-components=1
[[ -z $(find "$scratch/unpacked" -type l) ]] || fail "the package holds symbolic links"
for shared in lib include; do
    for file in "$repository/$shared"/*.[ch]; do
        cmp "$file" "$scratch/unpacked/c/$shared/${file##*/}"
    done
done
cmp "$repository/LICENSE" "$scratch/unpacked/LICENSE"
[[ -z $(find "$scratch/unpacked" -name '*.sh') ]] || fail "the package holds scripts that need the repository"

cd "$scratch/unpacked"
cargo test --target-dir "$scratch/target"

# Neither the build script's words nor the lists of what was read may name a source in the repository.
if grep -rlE "$repository/(bindings|include|lib|LICENSE)" "$scratch/target" --include='*.d' --include=output; then
    fail "the package was built from files of the repository"
fi

mkdir -p "$scratch/dependent/src"
cd "$scratch/dependent"
cat >Cargo.toml <<'TOML'
[package]
name = "dependent"
version = "0.0.0"
edition = "2021"

[dependencies]
defrag-sys = { path = "../unpacked" }

[build-dependencies]
cc = "1"

[workspace]
TOML
cat >build.rs <<'RUST'
fn main() {
    let include = std::env::var("DEP_DEFRAG_INCLUDE").expect("the folder of defrag.h");
    cc::Build::new().file("src/version.c").include(include).compile("version");
}
RUST
cat >src/version.c <<'C'
#include <defrag.h>

/* 1 if the header that was found belongs to the library that was linked. */
int header_matches(void)
{
    return defrag_version() == DEFRAG_VERSION;
}
C
cat >src/main.rs <<'RUST'
extern "C" {
    fn header_matches() -> i32;
}

fn main() {
    assert_eq!(unsafe { header_matches() }, 1);
    assert_eq!(unsafe { defrag_sys::defrag_version() }, defrag_sys::DEFRAG_VERSION);
    println!("dependent: C and Rust call one library");
}
RUST
cargo run --target-dir "$scratch/target"
