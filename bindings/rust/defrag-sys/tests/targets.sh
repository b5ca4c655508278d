#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the crate for microcontrollers, and has their C compilers judge its layout: targets.sh SCRATCH
# Takes Debian's Rust, as it brings the sources of core: packages cargo-web, rustc-web and rust-web-src.
set -euo pipefail

crate=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
mkdir -p "$1"
scratch=$(cd "$1" && pwd -P)
rm -rf "${scratch:?}/target"
cd "$crate"
export PATH=/usr/bin:/bin RUSTC_BOOTSTRAP=1 CARGO_PROFILE_RELEASE_OPT_LEVEL=s CARGO_TARGET_DIR=$scratch/target
export CC_ENABLE_DEBUG_OUTPUT=1 # has the crate cc show its commands

fail() {
    echo "targets.sh: $*" >&2
    exit 1
}

# Leaves the claims as C files in target/tmp.
cargo test --locked --test layout

# Lists the names of $library that are undefined in one of its files, or defined.
symbols() {
    "${compiler%gcc}nm" -P "$1" "$library" | awk 'NF > 1 { print $1 }' | sort -u
}

# Builds for TARGET, whose compiler, called with these flags, has to accept the claims on structures and constants.
build() {
    local target=$1 compiler=$2 claims log="$scratch/$1.log" library unknown

    # The assertions in src/layout.rs are judged here, with 32 bits.
    cargo build --locked --release -Zbuild-std=core --target "$target" -vv >"$log" 2>&1 || fail "$(cat "$log")"
    grep -qE "$compiler\"? .*\"?-Os" "$log" || fail "opt-level s did not become -Os for $target"

    for claims in structures constants; do
        "$compiler" "${@:3}" -std=c11 -ffreestanding -fsyntax-only -Ic/include "$scratch/target/tmp/$claims.c"
    done

    library=$(find "$scratch/target/$target" -name libdefrag.a)
    unknown=$(comm -23 <(symbols --undefined-only) <(symbols --defined-only) |
        sed -E '/^(mem(cpy|set|move)|__[a-z0-9_]+)$/d')
    [[ -z $unknown ]] || fail "for $target the C needs more than compiler_builtins has: $unknown"
    echo "$target: $("${compiler%gcc}size" -t "$library" | awk 'END { print $1 }') bytes of C"
}

build thumbv6m-none-eabi arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb
build thumbv7m-none-eabi arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb
build riscv32imac-unknown-none-elf riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32
