#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs a short stress test of each configuration as a 32-bit program: run_on_i386.sh PROGRAM [SEED]
set -euo pipefail

seed=${2:-$RANDOM}
for granule in 8 16 32; do
    for width in 16 32; do
        echo "granule $granule, link width $width, seed $seed"
        gcc -m32 -std=c11 -O2 -Iinclude -Ilib -Itests "-DDEFRAG_GRANULE=$granule" "-DDEFRAG_LINK_WIDTH=$width" \
            lib/*.c tests/model*.c tests/traffic.c tests/stress.c -o "$1"
        qemu-i386 "$1" --seed "$seed" --operations 20000
    done
done
