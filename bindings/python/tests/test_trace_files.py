# SPDX-License-Identifier: MIT
"""What is refused as a trace: in one sentence that says what to do."""

from pathlib import Path

import pytest
from defrag.explore import FaultError, load, smallest
from tracefile import ALLOCATE, ALLOCATE_WITH, END, FREE, LOCK, MAGIC, RESIZE, THREAD, record, trace

FOREIGN = "is not a trace; give one that 'defrag record' made, or a device's log"
GOOD = trace(
    (ALLOCATE, 0, 100),
    (ALLOCATE_WITH, 1, 50, 2 * 6 + 1),
    (RESIZE, 0, 300),
    (FREE, 1),
    (THREAD, 1),
    (LOCK, 0, 1),
    (LOCK, 0, 0),
    (FREE, 0),
)

BAD_TRACES = {
    "an empty file is no trace": (b"", FOREIGN),
    "a foreign file is no trace": (b"GIF89a and so on", FOREIGN),
    "a text is no trace": (b"operation,bytes\n1,2\n", FOREIGN),
    "a trace of another version is refused": (GOOD[:7] + b"\x02" + GOOD[8:], "is a trace of version 2 but"),
    "a trace cut within its magic is refused": (GOOD[:5], "is cut short before the first operation; copy"),
    "a trace cut after its magic is refused": (GOOD[:8], "is cut short after operation 0; copy"),
    "a trace cut within a record is refused": (GOOD[:9], "is cut short after operation 0; copy"),
    "a trace without an end is refused": (trace((ALLOCATE, 0, 8), end=False), "is cut short after operation 1; copy"),
    "a recording that was never ended is refused": (
        trace((ALLOCATE, 0, 8), end=False) + bytes(4096),
        "is cut short after operation 1; copy",
    ),
    "a record of no kind is refused": (MAGIC + b"\x08", "is damaged: byte 8 is no part of a record; copy"),
    "a number that never ends is refused": (MAGIC + b"\xff" * 12, "is damaged: byte 8 is no part of a record; copy"),
    "an alignment beyond any machine is refused": (
        trace((ALLOCATE_WITH, 0, 8, 64)),
        "is damaged: byte 8 is no part of a record; copy",
    ),
    "bytes after the end are refused": (GOOD + b"\x00", "is damaged: 1 bytes follow its end; copy"),
    "an end that tells of other operations is refused": (
        trace((ALLOCATE, 0, 8), end=False) + record(END, 0, 2, 8, 1),
        "its end tells of 2 operations, 8 bytes and 1 live blocks but it holds 1, 8 and 1; copy",
    ),
    "an end that tells of other sizes is refused": (
        trace((ALLOCATE, 0, 9), end=False) + record(END, 0, 1, 8, 1),
        "its end tells of 1 operations, 8 bytes and 1 live blocks but it holds 1, 9 and 1; copy",
    ),
    "a free of an unknown block is refused": (trace((FREE, 5)), "operation 1 frees block 5, which is not allocated;"),
    "a second free is refused": (
        trace((ALLOCATE, 0, 8), (FREE, 0), (FREE, 0)),
        "operation 3 frees block 0, which is not allocated;",
    ),
    "a resize of an unknown block is refused": (
        trace((RESIZE, 0, 9)),
        "operation 1 resizes block 0, which is not allocated;",
    ),
    "a second allocation of a live block is refused": (
        trace((ALLOCATE, 0, 8), (ALLOCATE, 0, 8)),
        "operation 2 allocates block 0, which is allocated already;",
    ),
    "a block number out of order is refused": (
        trace((ALLOCATE, 900_000_000, 8)),
        "operation 1 allocates block 900000000 but the next new block is 0;",
    ),
    "a thread number out of order is refused": (trace((THREAD, 7)), "thread 7 calls but the next new thread is 1;"),
    "a size of 2^63 is refused": (
        trace((ALLOCATE, 0, 2**63)),
        "operation 1 asks for 9223372036854775808 bytes, more than 4294967295;",
    ),
    "a size of 2^32 is refused": (
        trace((ALLOCATE, 0, 1), (RESIZE, 0, 2**32)),
        "operation 2 asks for 4294967296 bytes, more than 4294967295;",
    ),
    "a lock of an unknown block is refused": (
        trace((LOCK, 3, 1)),
        "operation 1 locks block 3, which is not allocated;",
    ),
    "a lock of a freed block is refused": (
        trace((ALLOCATE, 0, 8), (FREE, 0), (LOCK, 0, 1)),
        "operation 3 locks block 0, which is not allocated;",
    ),
    "an unlock of an unknown block is refused": (
        trace((LOCK, 0, 0)),
        "operation 1 unlocks block 0, which is not allocated;",
    ),
    "an unlock of an unlocked block is refused": (
        trace((ALLOCATE, 0, 8), (LOCK, 0, 1), (LOCK, 0, 0), (LOCK, 0, 0)),
        "operation 4 unlocks block 0, which is not locked;",
    ),
    "a new block is not locked as an older one of its number": (
        trace((ALLOCATE, 0, 8), (LOCK, 0, 1), (LOCK, 0, 0), (FREE, 0), (ALLOCATE, 0, 8), (LOCK, 0, 0)),
        "operation 6 unlocks block 0, which is not locked;",
    ),
    "a free of a locked block is refused": (
        trace((ALLOCATE, 0, 8), (LOCK, 0, 1), (LOCK, 0, 1), (LOCK, 0, 0), (FREE, 0)),
        "operation 5 frees block 0, which is locked;",
    ),
    "a resize of a locked block is refused": (
        trace((ALLOCATE, 0, 8), (LOCK, 0, 1), (RESIZE, 0, 9)),
        "operation 3 resizes block 0, which is locked;",
    ),
    "a lock of neither kind is refused": (
        trace((ALLOCATE, 0, 8), (LOCK, 0, 2)),
        "is damaged: byte 10 is no part of a record; copy",
    ),
    "a lock cut short is refused": (
        trace((ALLOCATE, 0, 8), end=False) + record(LOCK, 0),
        "is cut short after operation 1; copy",
    ),
}


each_bad_trace = pytest.mark.parametrize(
    ("given", "sentence"), BAD_TRACES.values(), ids=[name.replace(" ", "_") for name in BAD_TRACES]
)


def assert_refused(path: Path, sentence: str) -> None:
    with pytest.raises(FaultError) as raised:
        load(path)
    told = str(raised.value)
    assert told.startswith(f"'{path}' ")
    assert sentence in told
    assert "\n" not in told


@each_bad_trace
def test_bad_trace(given: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.dft"
    path.write_bytes(given)
    assert_refused(path, sentence)


@each_bad_trace
def test_bad_trace_that_is_compressed(given: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.dft.zst"
    path.write_bytes(compressed(given))
    assert_refused(path, sentence)


def compressed(data: bytes) -> bytes:
    """A zstd frame that stores its data as it is: magic, a 1 KiB window, then one last raw block."""
    assert len(data) < 2**17
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(data) << 3 | 1).to_bytes(3, "little") + data


def test_a_good_trace_is_loaded_compressed_or_not(tmp_path: Path) -> None:
    for name, data in (("good.dft", GOOD), ("good.dft.zst", compressed(GOOD))):
        path = tmp_path / name
        path.write_bytes(data)
        trace = load(path)
        assert (trace.data, trace.name, trace.operations) == (GOOD, str(path), 7)


def test_a_trace_cut_anywhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dft"
    for length in range(len(MAGIC), len(GOOD)):
        path.write_bytes(GOOD[:length])
        assert_refused(path, "is cut short after operation")


def test_a_compressed_trace_that_is_cut_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "cut.dft.zst"
    for length in range(6, len(compressed(GOOD))):
        path.write_bytes(compressed(GOOD)[:length])
        assert_refused(path, "is cut short, as zstd misses its end; copy")


def test_a_compressed_trace_that_is_damaged_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.dft.zst"
    path.write_bytes(compressed(GOOD)[:6] + b"\xff" * 30)
    assert_refused(path, "is damaged, as zstd cannot unpack it; copy")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path / "missing.dft", "cannot be read (No such file or directory); give")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert_refused(tmp_path, "cannot be read (Is a directory); give")


def test_a_trace_that_no_pool_serves_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pages.dft"
    path.write_bytes(trace((ALLOCATE_WITH, 0, 8, 2 * 12)))
    with pytest.raises(FaultError, match="operation 1 asks for an alignment above 1024; leave"):
        smallest(load(path))
