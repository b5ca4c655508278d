/* SPDX-License-Identifier: MIT
 *
 * What every fuzzer has. Each is one file that any engine with libFuzzer's interface drives, and that main.c replays without one. */
#ifndef DEFRAG_FUZZ_H
#define DEFRAG_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Tries one input. Returns 0; what it finds wrong ends the process by fuzz_fail. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input as a sequence of numbers, which are zero beyond its end. */
typedef struct fuzz_source {
    const uint8_t *at;
    size_t left;
} fuzz_source;

/* The next number of so many bytes, at most four; the lowest byte comes first. */
uint32_t fuzz_number(fuzz_source *source, unsigned bytes);

/* Memory of just this size, outside of which a sanitizer sees every access. Aligned to a page, and freed by free. */
void *fuzz_memory(size_t bytes);

/* Says what is wrong and aborts, which is how an engine learns of it. */
__attribute__((noreturn, format(printf, 1, 2))) void fuzz_fail(const char *format, ...);

#endif
