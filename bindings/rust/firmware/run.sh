#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the example for each target, runs it in the emulator, and tells how its flash is used: run.sh SCRATCH
set -euo pipefail

scratch=$(realpath -m -- "${1:?name a folder for what is built}")
cd "$(dirname "${BASH_SOURCE[0]}")"

# The sources of core are those of Debian's compiler, which lets only nightly versions build them unless told otherwise.
export PATH=/usr/bin:/bin:$PATH RUSTC_BOOTSTRAP=1 CARGO_TARGET_DIR=$scratch/target
unset RUSTFLAGS # which would take the place of those in .cargo/config.toml
readonly FLAGS=(--release --locked -Zbuild-std=core)
readonly SECONDS_TO_RUN=60

die() {
    echo "run.sh: $*" >&2
    exit 1
}

run() {
    local target=$1 log=$scratch/$1.log status=0

    timeout "$SECONDS_TO_RUN" cargo run --quiet "${FLAGS[@]}" --target "$target" </dev/null >"$log" 2>&1 || status=$?
    cat "$log"
    (( status != 124 )) || die "$target: the program has not ended after $SECONDS_TO_RUN seconds"
    (( status == 0 )) || die "$target: the program ended with exit code $status"
    grep -q '^passed: ' "$log" || die "$target: the program ended well, but has not said that it passed"
}

# Adds up the symbols in flash: of the C library, which are those of its archive, and of each crate. Code of one that
# the compiler put into a function of another counts there.
sizes() {
    local target=$1 prefix=$2 built=$CARGO_TARGET_DIR/$1/release flash

    flash=$("${prefix}size" "$built/defrag-firmware" | awk 'NR == 2 { print $1 + $2 }')
    awk -v target="$target" -v flash="$flash" '
        NR == FNR { of_c[$1]; next }
        $3 !~ /^[TtRrWwVv]$/ { next }
        {
            bytes = $2
            sub(/^[0-9]+ [0-9]+ . (core::ptr::drop_in_place::)?[<&]*/, "")
            if ($0 in of_c) c += bytes
            else if (/^defrag::/) layer += bytes
            else if (/^defrag_firmware::/) example += bytes
        }
        END {
            printf "%s: %d bytes of flash: C library %d, Rust layer %d, example %d, start-up, core and texts %d\n",
                target, flash, c, layer, example, flash - c - layer - example
            exit !(c && layer && example)
        }
    ' <("${prefix}nm" --portability --defined-only "$built"/build/defrag-sys-*/out/libdefrag.a) \
        <("${prefix}nm" --print-size --radix=d --demangle --defined-only "$built/defrag-firmware") ||
        die "$target: these are not all of the image's parts"
}

while read -r target prefix; do
    echo "== $target"
    cargo build --quiet "${FLAGS[@]}" --target "$target" </dev/null
    run "$target"
    sizes "$target" "$prefix"
done <<'TARGETS'
thumbv7m-none-eabi arm-none-eabi-
thumbv6m-none-eabi arm-none-eabi-
riscv32imac-unknown-none-elf riscv64-unknown-elf-
TARGETS
