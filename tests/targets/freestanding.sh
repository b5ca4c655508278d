#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles the library in each configuration with no headers but the compiler's, for stress, and with each of lib/ports that
# this compiler's core has: freestanding.sh COMPILER [FLAG..]
set -euo pipefail

headers=$("$1" -print-file-name=include)
case $1 in
    arm-*) ports=(primask freertos zephyr) ;;
    riscv*) ports=(mstatus freertos zephyr) ;;
    *) ports=(freertos zephyr) ;;
esac

compile() {
    local source

    for source in lib/*.c; do
        "$@" "$source"
    done
}

compiler=("$@" -std=c11 -Os -ffreestanding -nostdinc -isystem "$headers" -Iinclude -S -o /dev/null
    -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror)
for granule in 8 16 32; do
    for width in 16 32; do
        compile "${compiler[@]}" "-DDEFRAG_GRANULE=$granule" "-DDEFRAG_LINK_WIDTH=$width"
    done
done
compile "${compiler[@]}" -DDEFRAG_STRESS
for port in "${ports[@]}"; do
    compile "${compiler[@]}" -Itests/targets/stubs "-DDEFRAG_CONFIG=\"ports/$port.h\""
done
