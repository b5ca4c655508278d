# SPDX-License-Identifier: MIT
"""Heap logs of devices: the reader, the C code that writes them, and that both mean the same."""

import itertools
import os
import re
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import defrag.explore
import pytest
from defrag import Fit
from defrag.explore import FaultError, Policy, load, replay
from defrag.explore.devicelog import is_log, read
from hypothesis import given
from hypothesis import strategies as st
from tracefile import ALLOCATE, ALLOCATE_WITH, END, FREE, LOCK, RESIZE
from tracefile import read as read_trace

PROJECT = Path(__file__).resolve().parent.parent
DEVICE = Path(defrag.explore.__file__).parent / "device"

Deed = tuple[int, str, int]  # which block, counted by their allocations; what became of it; bytes


def deeds(trace: bytes) -> list[Deed]:
    """What a trace tells, in order."""
    blocks: dict[int, int] = {}
    told: list[Deed] = []
    count = itertools.count()
    for kind, number, arguments in read_trace(trace):
        if kind in (ALLOCATE, ALLOCATE_WITH):
            assert number not in blocks
            blocks[number] = next(count)
            told.append((blocks[number], "zeroed" if arguments[1:] == [1] else "allocate", arguments[0]))
        elif kind == RESIZE:
            told.append((blocks[number], "resize", arguments[0]))
        elif kind == LOCK:
            told.append((blocks[number], "lock" if arguments[0] else "unlock", 0))
        elif kind == FREE:
            told.append((blocks.pop(number), "free", 0))
        else:
            assert kind == END
    return told


def told_by(text: str) -> list[Deed]:
    log = read("device.log", text.encode())
    assert log.lost == 0
    return deeds(log.trace)


# ----------------------------------------------------------------------------------------------------------- the reader


def test_each_kind_of_record_is_read() -> None:
    text = (
        "@h 0 b\n"
        "@h 1 a 20000010 100\n"
        "@h 2 z 20000100 50\n"
        "@h 3 l 20000100\n"
        "@h 4 l 20000100\n"
        "@h 5 r 20000010 20000200 300\n"
        "@h 6 u 20000100\n"
        "@h 7 u 20000100\n"
        "@h 8 f 20000200\n"
    )
    assert told_by(text) == [
        (0, "allocate", 100),
        (1, "zeroed", 50),
        (1, "lock", 0),
        (1, "lock", 0),
        (0, "resize", 300),
        (1, "unlock", 0),
        (1, "unlock", 0),
        (0, "free", 0),
    ]


def test_a_log_is_told_from_other_files() -> None:
    assert is_log(b"@h 0 b\n")
    assert is_log(b"boot\r\n[    0.001] @h ffff a 20000000 8\r\n")
    assert is_log(b"x\n" * 100_000 + b"@h 0 f 20000000\n")
    assert not is_log(b"")
    assert not is_log(b"@h is how our messages begin\n")
    assert not is_log(b"\x89DFT\r\n\x1a\x01 @h 0 a 20000000 8\n")


def test_a_log_is_loaded_as_a_trace(tmp_path: Path) -> None:
    path = tmp_path / "device.log"
    path.write_text("@h 10 a 20000000 100\n@h 12 a 20000100 9\n")
    trace = load(path)
    assert (trace.operations, trace.peak_bytes, trace.lost, trace.from_device) == (2, 109, 1, True)


SAME = {
    "lines that end as on Windows": "@h 0 a 10 8\r\n@h 1 f 10\r\n",
    "lines that end twice": "@h 0 a 10 8\r\r\n@h 1 f 10\r\r\n",
    "lines that end as on an old terminal": "@h 0 a 10 8\r@h 1 f 10\r",
    "time stamps": "[00:00:01.250] @h 0 a 10 8\n<dbg> 17: @h 1 f 10\n",
    "colours": "\x1b[1;32m@h 0 a 10 8\x1b[0m\n\x1b[32m@h 1 f 10\x1b[0m\r\n",
    "capitals": "@h 0 a 1A 8\n@h 1 f 1a\n",
    "other lines": "boot: 17 ok\n@h 0 a 10 8\n\n@home sensor 3 a 10 9\nheap @ 5\n@h 1 f 10\nbye",
    "a last record under way": "@h 0 a 10 8\n@h 1 f 10\n@h 2 a 20 1",
    "a last record without its end": "@h 0 a 10 8\n@h 1 f 10\n@h 2 a 20 100",
    "bytes that are no text": "\x00\xff@h 0 a 10 8\n\x07@h 1 f 10\n",
}


@pytest.mark.parametrize("text", SAME.values(), ids=[name.replace(" ", "_") for name in SAME])
def test_what_surrounds_records_does_not_matter(text: str) -> None:
    assert told_by(text) == [(0, "allocate", 8), (0, "free", 0)]


TORN = {
    "a cut size": "@h 1 a 20000000 \n",
    "a cut address": "@h 1 f \n",
    "a cut kind": "@h 1 \n",
    "a lost blank": "@h 1 a 2000000010\n",
    "a garbled sequence": "@h x1 a 20000000 10\n",
    "a sequence too long": "@h 10000 a 20000000 10\n",
    "an unknown kind": "@h 1 q 20000000 10\n",
    "a garbled address": "@h 1 f 2000?000\n",
    "a size in hexadecimal": "@h 1 a 20000000 1f\n",
    "a size too long": "@h 1 a 20000000 10000000000\n",
    "a size too many": "@h 1 f 20000000 10\n",
    "an address too many": "@h 1 a 20000000 20000010 10\n",
    "an address for a beginning": "@h 0 b 20000000\n",
    "a new address missing": "@h 1 r 20000000 10\n",
    "another line within": "@h 1 a 20000[info] ready\n",
}


@pytest.mark.parametrize("line", TORN.values(), ids=[name.replace(" ", "_") for name in TORN])
def test_a_torn_line_is_named(line: str, tmp_path: Path) -> None:
    path = tmp_path / "torn.log"
    path.write_text("boot\n@h 0 a 20000100 8\n" + line + "@h 2 f 20000100\n")
    with pytest.raises(FaultError) as raised:
        load(path)
    remedy = "take that line out, or record it again"
    assert str(raised.value) == f"'{path}' is damaged: line 3 is no record of a heap log; {remedy}"


def test_a_record_that_another_broke_into_is_lost() -> None:
    log = read("device.log", b"@h 5 a 10 8\n@h 6 a 20 1@h 7 a 30 9\n")
    assert deeds(log.trace) == [(0, "allocate", 8), (1, "allocate", 9)]
    assert log.lost == 1


@pytest.mark.parametrize(
    ("sequences", "lost"),
    [
        ("0 1 2 3", 0),
        ("7 8", 0),
        ("0 2 3", 1),
        ("0 5 a", 8),
        ("fffe ffff 0 1", 0),
        ("fffe 2", 3),
        ("ffff ffff", 65535),
    ],
)
def test_lost_records_are_counted(sequences: str, lost: int) -> None:
    text = "".join(f"@h {sequence} a {i:x} 8\n" for i, sequence in enumerate(sequences.split()))
    assert read("device.log", text.encode()).lost == lost


def test_a_device_that_begins_anew_has_an_empty_heap() -> None:
    text = "@h 0 b\n@h 1 a 10 8\n@h 2 a 20 9\n@h 3 l 20\n@h 0 b\n@h 1 a 10 7\n"
    assert told_by(text) == [
        (0, "allocate", 8),
        (1, "allocate", 9),
        (1, "lock", 0),
        (0, "free", 0),
        (1, "unlock", 0),
        (1, "free", 0),
        (2, "allocate", 7),
    ]


def test_what_is_done_to_a_block_from_before_the_log_is_passed_over() -> None:
    text = "@h 0 f 10\n@h 1 l 20\n@h 2 u 20\n@h 3 a 30 8\n@h 4 u 30\n"
    assert told_by(text) == [(0, "allocate", 8)]


def test_a_block_from_before_the_log_is_there_once_it_is_resized() -> None:
    assert told_by("@h 0 r 10 20 8\n@h 1 f 20\n") == [(0, "allocate", 8), (0, "free", 0)]


def test_an_address_that_is_given_away_again_was_freed() -> None:
    text = "@h 0 a 10 8\n@h 2 a 10 9\n@h 3 a 20 7\n@h 5 r 20 10 6\n@h 6 f 20\n@h 7 f 10\n"
    log = read("device.log", text.encode())
    assert log.lost == 2
    assert deeds(log.trace) == [
        (0, "allocate", 8),
        (0, "free", 0),
        (1, "allocate", 9),
        (2, "allocate", 7),
        (1, "free", 0),
        (2, "resize", 6),
        (2, "free", 0),
    ]


def test_a_locked_block_is_unlocked_before_it_is_resized_or_freed() -> None:
    text = "@h 0 a 10 8\n@h 1 l 10\n@h 2 l 10\n@h 4 r 10 10 9\n@h 5 l 10\n@h 7 f 10\n"
    words = [word for _, word, _ in deeds(read("device.log", text.encode()).trace)]
    assert words == ["allocate", "lock", "lock", "unlock", "unlock", "resize", "lock", "unlock", "free"]


# --------------------------------------------------------------------------------------- any operations, there and back


@dataclass
class Device:
    """Uses a heap at random, prints a log, and knows what it did."""

    lines: list[str] = field(default_factory=list)
    did: list[Deed] = field(default_factory=list)
    live: dict[int, list[int]] = field(default_factory=dict)  # by address: the block, its locks
    blocks: int = 0
    sequence: int = 0

    def put(self, deed: Deed, record: str) -> None:
        self.did.append(deed)
        self.lines.append(f"@h {self.sequence % 65536:x} {record}")
        self.sequence += 1

    def unused(self, wish: int) -> int:
        while wish in self.live:
            wish += 8
        return wish

    def operate(self, kind: str, pick: int, size: int) -> None:
        place = self.unused(0x20000000 + 8 * (pick % 40))  # few, so that they are given away again
        if kind in "az" or not self.live:
            self.live[place] = [self.blocks, 0]
            self.put(
                (self.blocks, "zeroed" if kind == "z" else "allocate", size), f"{'az'[kind == 'z']} {place:x} {size}"
            )
            self.blocks += 1
            return
        address = list(self.live)[pick % len(self.live)]
        block, locks = self.live[address]
        if kind == "l":
            self.live[address][1] += 1
            self.put((block, "lock", 0), f"l {address:x}")
        elif locks:
            self.live[address][1] -= 1
            self.put((block, "unlock", 0), f"u {address:x}")
        elif kind == "r":
            new = address if pick % 3 == 0 else place
            self.live[new] = self.live.pop(address)
            self.put((block, "resize", size), f"r {address:x} {new:x} {size}")
        else:
            del self.live[address]
            self.put((block, "free", 0), f"f {address:x}")


operations = st.lists(
    st.tuples(st.sampled_from("aazrfffl"), st.integers(0, 1000), st.integers(0, 2**32 - 1)), max_size=200
)


def device_after(doing: Sequence[tuple[str, int, int]], start: int) -> Device:
    device = Device(sequence=start)
    for kind, pick, size in doing:
        device.operate(kind, pick, size)
    return device


@given(operations, st.integers(0, 65535), st.sampled_from(["\n", "\r\n"]))
def test_a_log_tells_exactly_what_was_done(doing: list[tuple[str, int, int]], start: int, ending: str) -> None:
    device = device_after(doing, start)
    data = "".join(line + ending for line in device.lines).encode()
    log = read("device.log", data)
    assert log.lost == 0
    assert deeds(log.trace) == device.did


@given(operations, st.integers(0, 65535), st.data())
def test_whatever_is_lost_a_trace_comes_of_the_rest(
    doing: list[tuple[str, int, int]], start: int, data: st.DataObject
) -> None:
    lines = device_after([("a", 0, 1), *doing, ("a", 0, 1)], start).lines
    kept = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    kept[0] = kept[-1] = True  # what is lost before and after nobody can tell
    text = "".join(line + "\n" for line, is_kept in zip(lines, kept, strict=True) if is_kept)
    log = read("device.log", text.encode())
    assert log.lost == kept.count(False)
    summary = defrag.explore.trace.checked("device.log", log.trace)
    assert summary.operations == len(deeds(log.trace))


# ---------------------------------------------------------------------------------------------------- the device's side

STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wmissing-prototypes", "-Werror"]
WRAPPED = "-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free"
HEAP = ("defrag_log.c", "defrag_log_malloc.c")
DRAIN = r"""
#include "defrag_log.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void show(void *context, const char *text, size_t length)
{
    if (strlen(text) != length || text[length - 1] != '\n') {
        abort();
    }
    fwrite(text, 1, length, context);
}
"""
# Not known to the compiler, which would warn of them.
SIZES = "static volatile size_t too_much = (size_t)-1 / 4, nothing = 0;\n"


def compiler() -> list[str]:
    return os.environ.get("CC", "cc").split()


def build(folder: Path, program: str, sources: Sequence[str | Path], *options: str) -> Path:
    """Builds a program with some of the device's files."""
    source, executable = folder / "program.c", folder / "program"
    source.write_text(program)
    files = [source, *(DEVICE / name for name in sources)]
    command = [*compiler(), *STRICT, "-O1", "-fno-builtin", f"-I{DEVICE}", *options, *map(str, files), "-pthread"]
    done = subprocess.run([*command, "-o", str(executable)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return executable


def output_of(program: Path, *arguments: str) -> str:
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=True, timeout=60).stdout


USE = (
    DRAIN
    + SIZES
    + r"""
static void *require(void *block)
{
    if (block == NULL) {
        abort();
    }
    return block;
}

static void dirty(void)
{
    void *block = require(malloc(150));
    memset(block, 0xff, 150);
    free(block);
}

int main(void)
{
    dirty();
    unsigned char *zeroed = require(calloc(3, 50));
    for (int i = 0; i < 150; i++) {
        if (zeroed[i] != 0) {
            abort();
        }
    }
    char *grown = require(realloc(NULL, 100));
    memset(grown, 'x', 100);
    void *between = require(malloc(7));
    grown = require(realloc(grown, 50000));
    if (grown[99] != 'x' || malloc(too_much) != NULL || realloc(between, too_much) != NULL ||
        calloc(too_much + 1, 4) != NULL) {
        abort();
    }
    defrag_log_drain(show, stdout);
    grown = require(realloc(grown, 10));
    free(grown);
    free(NULL);
    void *emptied = realloc(between, nothing);
    if (emptied != NULL) {
        free(emptied);
    }
    require(malloc(nothing));
    require(calloc(nothing, 9));
    defrag_log_drain(show, stdout);
    return 0;
}
"""
)
USED = [
    (0, "allocate", 150),
    (0, "free", 0),
    (1, "zeroed", 150),
    (2, "allocate", 100),
    (3, "allocate", 7),
    (2, "resize", 50000),
    (2, "resize", 10),
    (2, "free", 0),
    (3, "free", 0),
    (4, "allocate", 0),
    (5, "zeroed", 0),
]


def test_the_log_of_a_program_tells_what_it_did(tmp_path: Path) -> None:
    assert told_by(output_of(build(tmp_path, USE, HEAP, WRAPPED))) == USED


# While a block is freed another task is given its address.
HURRY = (
    DRAIN
    + r"""
void *__wrap_malloc(size_t bytes);
void __wrap_free(void *block);
void *__real_malloc(size_t bytes);
void *__real_realloc(void *block, size_t bytes);
void __real_free(void *block);

static int freed;

void *__real_malloc(size_t bytes)
{
    static char memory[100];
    return bytes <= sizeof memory ? memory : NULL;
}

void *__real_realloc(void *block, size_t bytes)
{
    (void)block;
    (void)bytes;
    return NULL;
}

void __real_free(void *block)
{
    if (freed++ == 0 && __wrap_malloc(9) != block) {
        abort();
    }
}

int main(void)
{
    __wrap_free(__wrap_malloc(8));
    __wrap_free(__wrap_malloc(101));
    defrag_log_drain(show, stdout);
    return 0;
}
"""
)


def test_a_block_is_told_free_before_somebody_else_can_have_it(tmp_path: Path) -> None:
    assert told_by(output_of(build(tmp_path, HURRY, HEAP))) == [(0, "allocate", 8), (0, "free", 0), (1, "allocate", 9)]


# A realloc as some C libraries have it.
NAMED_REALLOC = r"""
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *realloc(void *block, size_t bytes)
{
    void *moved = malloc(bytes);
    if (moved != NULL) {
        size_t old = malloc_usable_size(block);
        memcpy(moved, block, old < bytes ? old : bytes);
        free(block);
    }
    return moved;
}
"""


def test_a_realloc_that_calls_malloc_and_free_is_one_operation(tmp_path: Path) -> None:
    source = tmp_path / "realloc.c"
    source.write_text(NAMED_REALLOC)
    expected = list(USED)
    expected[9:9] = [(4, "allocate", 0), (4, "free", 0)]  # this realloc leaves an empty block
    expected[11:] = [(5, "allocate", 0), (6, "zeroed", 0)]
    assert told_by(output_of(build(tmp_path, USE, [*HEAP, source], WRAPPED))) == expected


OVERFLOW = (
    DRAIN
    + r"""
int main(void)
{
    for (int i = 1; i <= 20; i++) {
        defrag_log_record('a', (uintptr_t)(16 * i), 0, (size_t)i);
    }
    if (defrag_log_drain(show, stdout) != DEFRAG_LOG_RECORDS || defrag_log_drain(show, stdout) != 0) {
        abort();
    }
    defrag_log_record('f', 16, 0, 0);
    return defrag_log_drain(show, stdout) == 1 ? 0 : 1;
}
"""
)


def test_what_the_ring_cannot_hold_is_seen_as_lost(tmp_path: Path) -> None:
    text = output_of(build(tmp_path, OVERFLOW, ["defrag_log.c"], "-DDEFRAG_LOG_RECORDS=8"))
    log = read("device.log", text.encode())
    assert log.lost == 12
    assert deeds(log.trace) == [*((i, "allocate", i + 1) for i in range(8)), (0, "free", 0)]


def test_the_sequence_and_the_ring_go_round(tmp_path: Path) -> None:
    program = r"""
int main(void)
{
    for (int i = 0; i < 100000; i++) {
        defrag_log_record(i % 2 == 0 ? 'a' : 'f', (uintptr_t)-16, 0, (size_t)4294967295U);
        if (i % 7 == 0) {
            defrag_log_drain(show, stdout);
        }
    }
    defrag_log_drain(show, stdout);
    return 0;
}
"""
    told = told_by(output_of(build(tmp_path, DRAIN + program, ["defrag_log.c"], "-DDEFRAG_LOG_RECORDS=16")))
    assert len(told) == 100_000
    assert set(told[::2]) == {(i, "allocate", 2**32 - 1) for i in range(50_000)}


def test_a_ring_of_another_size_than_a_power_of_two_is_not_compiled(tmp_path: Path) -> None:
    command = [*compiler(), "-std=c11", "-fsyntax-only", "-DDEFRAG_LOG_RECORDS=48", str(DEVICE / "defrag_log.c")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "must be a power of two" in done.stderr


def test_printing_that_uses_the_heap_comes_to_an_end(tmp_path: Path) -> None:
    program = r"""
static void put(void *context, const char *text, size_t length)
{
    char *copy = malloc(length + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, length + 1);
    show(context, copy, length);
    free(copy);
}

int main(void)
{
    free(malloc(1000));
    defrag_log_drain(put, stdout);
    defrag_log_drain(show, stdout);
    return 0;
}
"""
    told = told_by(output_of(build(tmp_path, DRAIN + program, HEAP, WRAPPED)))
    assert told[:2] == [(0, "allocate", 1000), (0, "free", 0)]
    assert [word for _, word, _ in told] == ["allocate", "free"] * 4  # three lines were copied


LOCKS = r"""
#include <pthread.h>
extern pthread_mutex_t guard;
extern _Thread_local int inside;
#define DEFRAG_LOG_ENTER() int before = inside++; if (before == 0) { pthread_mutex_lock(&guard); }
#define DEFRAG_LOG_EXIT() inside = before; if (before == 0) { pthread_mutex_unlock(&guard); }
"""
CROWD = (
    DRAIN
    + r"""
enum { WORKERS = 4, BLOCKS = 3000 };

pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
_Thread_local int inside;

static void put(void *context, const char *text, size_t length)
{
    if (inside != 0) {
        abort(); /* others are kept away while a line goes out */
    }
    show(context, text, length);
}

static void *work(void *first)
{
    for (size_t i = 0; i < BLOCKS; i++) {
        free(malloc(*(size_t *)first + i % 500));
    }
    return NULL;
}

int main(void)
{
    static size_t first[WORKERS] = { 1000, 2000, 3000, 4000 };
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        pthread_create(&threads[i], NULL, work, &first[i]);
    }
    for (int i = 0; i < WORKERS; i++) {
        defrag_log_drain(put, stdout);
        pthread_join(threads[i], NULL);
    }
    defrag_log_drain(put, stdout);
    return inside;
}
"""
)


def test_tasks_that_get_in_each_others_way_are_told_apart(tmp_path: Path) -> None:
    header = tmp_path / "locks.h"
    header.write_text(LOCKS)
    options = [WRAPPED, "-include", str(header), "-DDEFRAG_LOG_RECORDS=32768"]
    told = told_by(output_of(build(tmp_path, CROWD, HEAP, *options)))
    workers = {block: size // 1000 for block, word, size in told if word == "allocate" and size >= 1000}
    for worker in range(1, 5):
        sizes = [size for block, word, size in told if workers.get(block) == worker and word == "allocate"]
        assert sizes == [1000 * worker + i % 500 for i in range(3000)]
    assert sum(word == "free" and block in workers for block, word, _ in told) == 4 * 3000


def undefined_in(folder: Path, name: str) -> set[str]:
    made = folder / "object.o"
    options = ["-std=c11", "-Os", "-ffreestanding", "-fno-stack-protector", f"-I{PROJECT / 'c/include'}"]
    subprocess.run([*compiler(), *options, "-c", str(DEVICE / name), "-o", str(made)], check=True)
    listed = subprocess.run(["nm", "-u", str(made)], capture_output=True, text=True, check=True).stdout
    return set(re.findall(r"U (\w+)", listed)) - {"_GLOBAL_OFFSET_TABLE_"}


def test_it_needs_nothing_of_the_c_library_but_to_copy_and_to_fill(tmp_path: Path) -> None:
    assert undefined_in(tmp_path, "defrag_log.c") <= {"memcpy", "memset"}
    real = {"__real_malloc", "__real_realloc", "__real_free"}
    assert undefined_in(tmp_path, "defrag_log_malloc.c") <= {"memset", "defrag_log_record"} | real
    assert undefined_in(tmp_path, "defrag_log_pool.c") == {"defrag_log_record"}


# --------------------------------------------------------------------------------------------------------------- a pool

POOL = (
    DRAIN
    + r"""
#include <defrag.h>

static void require(defrag_status expected, defrag_status status)
{
    if (status != expected) {
        abort();
    }
}

int main(void)
{
    static _Alignas(16) unsigned char memory[1024];
    defrag_pool *pool = NULL;
    defrag_handle blocks[4];
    void *address = NULL;
    const void *shared = NULL;
    require(DEFRAG_OK, defrag_init(memory, sizeof memory, NULL, &pool));
    require(DEFRAG_OK, defrag_observe(pool, defrag_log_observer, NULL));
    for (int i = 0; i < 4; i++) {
        require(DEFRAG_OK, defrag_alloc(pool, 160, DEFRAG_FAST, &blocks[i]));
    }
    require(DEFRAG_OK, defrag_lock_shared(pool, blocks[3], &shared));
    require(DEFRAG_OK, defrag_lock_shared(pool, blocks[3], &shared));
    require(DEFRAG_OK, defrag_free(pool, blocks[0]));
    require(DEFRAG_OK, defrag_free(pool, blocks[2]));
    require(DEFRAG_FRAGMENTED, defrag_alloc(pool, 240, DEFRAG_BEST, &blocks[0]));
    require(DEFRAG_OK, defrag_alloc(pool, 240, DEFRAG_MAKE_ROOM, &blocks[0]));
    require(DEFRAG_OK, defrag_unlock(pool, blocks[3]));
    require(DEFRAG_OK, defrag_unlock(pool, blocks[3]));
    require(DEFRAG_OK, defrag_resize(pool, blocks[3], 40, DEFRAG_FAST));
    require(DEFRAG_OK, defrag_lock(pool, blocks[1], &address));
    require(DEFRAG_LOCKED, defrag_free(pool, blocks[1]));
    require(DEFRAG_OK, defrag_unlock(pool, blocks[1]));
    require(DEFRAG_OK, defrag_free(pool, blocks[1]));
    defrag_log_drain(show, stdout);
    return 0;
}
"""
)


def deeds_in_pool() -> Iterator[Deed]:
    yield from ((block, "allocate", 164) for block in range(4))
    yield from [(3, "lock", 0), (3, "lock", 0), (0, "free", 0), (2, "free", 0), (4, "allocate", 244)]
    yield from [(3, "unlock", 0), (3, "unlock", 0), (3, "resize", 44)]
    yield from [(1, "lock", 0), (1, "unlock", 0), (1, "free", 0)]


def build_with_pool(folder: Path) -> Path:
    objects = []
    include = f"-I{PROJECT / 'c/include'}"
    for source in sorted((PROJECT / "c/lib").glob("*.c")):
        objects.append(folder / f"{source.stem}.o")
        subprocess.run([*compiler(), "-std=c11", include, "-c", str(source), "-o", str(objects[-1])], check=True)
    return build(folder, POOL, ["defrag_log.c", "defrag_log_pool.c", *objects], include)


def test_the_log_of_a_pool_tells_what_became_of_its_blocks(tmp_path: Path) -> None:
    path = tmp_path / "pool.log"
    path.write_text(output_of(build_with_pool(tmp_path)))
    assert told_by(path.read_text()) == list(deeds_in_pool())
    trace = load(path)
    # It replays as it went: the moving is needed, and suffices.
    assert replay(trace, 1024, Policy(Fit.MAKE_ROOM), verify=True).run.refused == 0
    assert replay(trace, 1024, Policy(Fit.BEST), verify=True).run.refused_for["fragmented"] == 1
