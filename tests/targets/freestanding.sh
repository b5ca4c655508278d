#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Compiles the library in each configuration with no headers but the compiler's: freestanding.sh COMPILER [FLAG..]
set -euo pipefail

headers=$("$1" -print-file-name=include)
for granule in 8 16 32; do
    for width in 16 32; do
        for source in lib/*.c; do
            "$@" -std=c11 -Os -ffreestanding -nostdinc -isystem "$headers" -Iinclude -S "$source" -o /dev/null \
                "-DDEFRAG_GRANULE=$granule" "-DDEFRAG_LINK_WIDTH=$width" \
                -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror
        done
    done
done
