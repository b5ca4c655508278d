#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Takes malloc and what belongs to it out of newlib-nano, for a program of another C library: nano_malloc.sh OUTPUT FLAG..
set -euo pipefail

output=$1
shift
archive=$(arm-none-eabi-gcc "$@" -print-file-name=libc_nano.a)
[[ $archive == /* ]] || {
    echo "nano_malloc.sh: newlib-nano is missing; install what Debian calls libnewlib-arm-none-eabi" >&2
    exit 1
}
rm -f "$output"
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
(
    cd "$folder"
    arm-none-eabi-ar x "$archive" lib_a-nano-{malloc,free,realloc,msize}r.o
    arm-none-eabi-ar rcs malloc.a ./*.o
)
mv "$folder/malloc.a" "$output"
