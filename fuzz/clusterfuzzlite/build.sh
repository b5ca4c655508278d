#!/bin/bash -eu
# SPDX-License-Identifier: MIT
# Builds all fuzzers into $OUT with their corpora, for the compiler, flags and engine that the environment names as OSS-Fuzz
# does. Runs in the repository's root; ./dev fuzz builds by it, too.
build=$WORK/meson

[[ -e $build/build.ninja ]] ||
    meson setup "$build" -Dbuildtype=plain -Db_lundef=false -Dtools=true "-Dfuzzing_engine=$LIB_FUZZING_ENGINE"
meson compile -C "$build" fuzzers
for fuzzer in "$build"/fuzz/fuzz_*; do
    [[ -f $fuzzer && -x $fuzzer ]] || continue
    cp "$fuzzer" "$OUT"
    name=${fuzzer##*/fuzz_}
    python3 -m zipfile -c "$OUT/fuzz_${name}_seed_corpus.zip" "fuzz/corpus/${name%%_*}"/*
done
