#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs firmware on an emulated board, and ends with its exit code: emulate.sh BOARD PROGRAM [ARGUMENT..]
# In EMULATOR_FLAGS the emulator can be given more.
set -euo pipefail

board=$1
program=$2
shift 2
case $board in
    virt) emulator=(qemu-system-riscv32 -bios none) ;;
    *) emulator=(qemu-system-arm) ;;
esac
semihosting=enable=on,target=native,chardev=console$(printf ',arg=%s' "${program##*/}" "$@")
read -ra flags <<<"${EMULATOR_FLAGS:-}"
exec "${emulator[@]}" -M "$board" -display none -monitor none -serial none -chardev stdio,id=console \
    -semihosting-config "$semihosting" "${flags[@]}" -kernel "$program"
