# SPDX-License-Identifier: MIT
"""What defrag-replay and defrag-record refuse: in one sentence that says what to do, with exit code 2."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest
from conftest import Run
from tracefile import ALLOCATE, ALLOCATE_WITH, END, FREE, MAGIC, RESIZE, THREAD, record, trace

GOOD = trace((ALLOCATE, 0, 100), (ALLOCATE_WITH, 1, 50, 2 * 6 + 1), (RESIZE, 0, 300), (FREE, 1), (THREAD, 1), (FREE, 0))

BAD_TRACES = {
    "an empty file is no trace": (b"", "is not a trace; give"),
    "a foreign file is no trace": (b"GIF89a and so on", "is not a trace; give"),
    "a text is no trace": (b"operation,bytes\n1,2\n", "is not a trace; give"),
    "a trace of another version is refused": (GOOD[:7] + b"\x02" + GOOD[8:], "is a trace of version 2 but"),
    "a trace cut within its magic is refused": (GOOD[:5], "is cut short before the first operation; copy"),
    "a trace cut after its magic is refused": (GOOD[:8], "is cut short after operation 0; copy"),
    "a trace cut within a record is refused": (GOOD[:9], "is cut short after operation 0; copy"),
    "a trace without an end is refused": (trace((ALLOCATE, 0, 8), end=False), "is cut short after operation 1; copy"),
    "a recording that was never ended is refused": (
        trace((ALLOCATE, 0, 8), end=False) + bytes(4096),
        "is cut short after operation 1; copy",
    ),
    "an unknown kind of record is refused": (MAGIC + b"\x07", "is damaged: byte 8 is no part of a record; copy"),
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
}

BAD_OPTIONS = {
    "a trace is required": (["--pool", "4K"], "there is no trace; name"),
    "one trace is enough": (["--pool", "4K", "TRACE", "TRACE"], "is one trace too many; name one"),
    "a pool size is required": (["TRACE"], "give either --pool SIZE or --smallest"),
    "a pool size and a search exclude each other": (
        ["TRACE", "--pool", "4K", "--smallest"],
        "give either --pool SIZE or --smallest",
    ),
    "an unknown option is named": (["TRACE", "--frobnicate"], "the option '--frobnicate' is unknown"),
    "an option without its value is named": (
        ["TRACE", "--pool"],
        "the option '--pool' is unknown, or its value is missing",
    ),
    "a negative size is refused": (["TRACE", "--pool", "-1"], "'-1' is no size for --pool; give"),
    "a size of zero is refused": (["TRACE", "--pool", "0"], "'0' is no size for --pool; give"),
    "an unknown unit is refused": (["TRACE", "--pool", "4Q"], "'4Q' is no size for --pool; give"),
    "a size above 4 GiB is refused": (["TRACE", "--pool", "5G"], "'5G' is no size for --pool; give"),
    "a size above 64 bits is refused": (["TRACE", "--pool", "99999999999999999999"], "is no size for --pool; give"),
    "a pool below the least is refused": (["TRACE", "--pool", "100"], "cannot be replayed in a pool of 100 bytes"),
    "a pool above the build's largest is refused": (
        ["TRACE", "--pool", "1M", "--link-width", "16"],
        "cannot be replayed in a pool of 1048576 bytes",
    ),
    "a pool above the largest of all is refused": (
        ["TRACE", "--pool", "4G"],
        "cannot be replayed in a pool of 4294967296",
    ),
    "an unknown fit is refused": (["TRACE", "--pool", "4K", "--fit", "worst"], "'worst' is no fit; choose"),
    "an unknown link width is refused": (
        ["TRACE", "--pool", "4K", "--link-width", "8"],
        "'8' is no link width; choose",
    ),
    "a step of nothing is refused": (
        ["TRACE", "--pool", "4K", "--step", "0"],
        "'0' is no size for the bytes of --step",
    ),
    "a step past its blocks is refused": (
        ["TRACE", "--pool", "4K", "--step", "9,"],
        "'' is no size for the blocks of --step",
    ),
    "a timeline that cannot be written is refused": (
        ["TRACE", "--pool", "4K", "--timeline", "/nowhere/x.csv"],
        "'/nowhere/x.csv' cannot be written (No such file or directory); choose",
    ),
}

BAD_RECORDINGS = {
    "a file is required": (["true"], "there is no file to write to; name one with -o FILE"),
    "a program is required": (["-o", "FILE"], "there is no program to record; name one"),
    "a program that is not there is refused": (
        ["-o", "FILE", "--", "no-such-program"],
        "'no-such-program' cannot be started (No such file or directory); give",
    ),
    "a file without permission to run is refused": (
        ["-o", "FILE", "--", "/etc/passwd"],
        "'/etc/passwd' cannot be started (Permission denied); give",
    ),
    "a file that cannot be written is refused": (
        ["-o", "/nowhere/x.dft", "true"],
        "'/nowhere/x.dft' cannot be written (No such file or directory); choose",
    ),
    "a device is no file to write to": (["-o", "/dev/null", "true"], "'/dev/null' is no regular file; choose"),
    "an unknown option is named": (["-o", "FILE", "--frobnicate", "true"], "the option '--frobnicate' is unknown"),
}


def by_name(cases: dict) -> pytest.MarkDecorator:
    ids = [name.replace(" ", "_") for name in cases]
    return pytest.mark.parametrize(("given", "sentence"), list(cases.values()), ids=ids)


def assert_refused(done: subprocess.CompletedProcess[str], program: str, sentence: str) -> None:
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{program}: ")
    assert sentence in done.stderr


@by_name(BAD_TRACES)
def test_bad_trace(given: bytes, sentence: str, replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.dft"
    path.write_bytes(given)
    assert_refused(replay(path, "--pool", "64K"), "defrag-replay", sentence)


@by_name(BAD_TRACES)
def test_bad_trace_that_is_compressed(given: bytes, sentence: str, replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.dft.zst"
    path.write_bytes(compressed(given))
    assert_refused(replay(path, "--smallest"), "defrag-replay", sentence)


def compressed(data: bytes) -> bytes:
    """A zstd frame that stores its data as it is: magic, a 1 KiB window, then one last raw block."""
    assert len(data) < 2**17
    return b"\x28\xb5\x2f\xfd\x00\x58" + (len(data) << 3 | 1).to_bytes(3, "little") + data


def test_a_compressed_trace_that_is_cut_is_refused(replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "cut.dft.zst"
    for length in range(6, len(compressed(GOOD))):
        path.write_bytes(compressed(GOOD)[:length])
        assert_refused(replay(path, "--pool", "64K"), "defrag-replay", "is cut short, as zstd misses its end; copy")


def test_a_compressed_trace_that_is_damaged_is_refused(replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.dft.zst"
    path.write_bytes(compressed(GOOD)[:6] + b"\xff" * 30)
    assert_refused(replay(path, "--pool", "64K"), "defrag-replay", "is damaged, as zstd cannot unpack it; copy")


def test_a_file_that_is_not_there_is_refused(replay: Run, tmp_path: Path) -> None:
    done = replay(tmp_path / "missing.dft", "--pool", "64K")
    assert_refused(done, "defrag-replay", "cannot be read (No such file or directory); give")


def test_a_folder_is_refused(replay: Run, tmp_path: Path) -> None:
    assert_refused(replay(tmp_path, "--pool", "64K"), "defrag-replay", "cannot be read (Is a directory); give")


def test_a_trace_that_no_pool_serves_is_refused(replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "pages.dft"
    path.write_bytes(trace((ALLOCATE_WITH, 0, 8, 2 * 12)))
    assert_refused(replay(path, "--smallest"), "defrag-replay", "operation 1 asks for an alignment above 1024; leave")


@by_name(BAD_OPTIONS)
def test_bad_option(given: list[str], sentence: str, replay: Run, tmp_path: Path) -> None:
    path = tmp_path / "good.dft"
    path.write_bytes(GOOD)
    arguments = [str(path) if argument == "TRACE" else argument for argument in given]
    assert_refused(replay(*arguments), "defrag-replay", sentence)


@by_name(BAD_RECORDINGS)
def test_bad_recording(given: list[str], sentence: str, record: Run, tmp_path: Path) -> None:
    arguments = [str(tmp_path / "x.dft") if argument == "FILE" else argument for argument in given]
    assert_refused(record(*arguments), "defrag-record", sentence)


def test_help_goes_to_standard_output(replay: Run, record: Run) -> None:
    for program in (replay, record):
        done = program("--help")
        assert done.returncode == 0
        assert "Usage:" in done.stdout
        assert done.stderr == ""


# --------------------------------------------------------------------------------------------------- what is reported


def report_of(replay: Run, tmp_path: Path, records: list[tuple[int, ...]], *options: str) -> dict:
    path = tmp_path / "some.dft"
    path.write_bytes(trace(*records))
    done = replay(path, "--json", "--verify", *options)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


def test_what_follows_a_refusal_is_skipped_and_the_rest_goes_on(replay: Run, tmp_path: Path) -> None:
    records = [
        (ALLOCATE, 0, 100),
        (ALLOCATE, 1, 9000),
        (RESIZE, 1, 9),
        (FREE, 1),
        (ALLOCATE, 1, 8),
        (FREE, 1),
        (FREE, 0),
    ]
    report = report_of(replay, tmp_path, records, "--pool", "1K")
    assert (report["operations"], report["refused"], report["skipped"]) == (7, 1, 2)
    assert report["first_refusal"] == {"operation": 2, "bytes": 9000, "reason": "invalid-size"}


def test_a_refused_resize_leaves_the_block_as_it_was(replay: Run, tmp_path: Path) -> None:
    records = [(ALLOCATE, 0, 400), (ALLOCATE, 1, 400), (RESIZE, 0, 700), (FREE, 0), (FREE, 1)]
    report = report_of(replay, tmp_path, records, "--pool", "1K")
    assert (report["refused"], report["skipped"]) == (1, 0)
    assert report["first_refusal"] == {"operation": 3, "bytes": 700, "reason": "out-of-memory"}
    assert report["refused_for"]["out-of-memory"] == 1


def test_a_block_of_zero_bytes_is_served_as_one_byte(replay: Run, tmp_path: Path) -> None:
    report = report_of(replay, tmp_path, [(ALLOCATE, 0, 0), (RESIZE, 0, 5), (RESIZE, 0, 0), (FREE, 0)], "--pool", "1K")
    assert report["refused"] == 0
    assert report["peak_live"] == 1


def test_only_moving_serves_what_is_free_in_pieces(replay: Run, tmp_path: Path) -> None:
    blocks = 20
    records = [(ALLOCATE, i, 100) for i in range(blocks)]
    records += [(FREE, i) for i in range(0, blocks, 2)]
    records += [(ALLOCATE, 0, 700)]
    fits = {fit: report_of(replay, tmp_path, records, "--pool", "2560", "--fit", fit) for fit in ("best", "make-room")}
    assert fits["best"]["first_refusal"] == {"operation": blocks + 11, "bytes": 700, "reason": "fragmented"}
    assert fits["best"]["moved_bytes"] == 0
    assert fits["make-room"]["refused"] == 0
    assert fits["make-room"]["worst_allocation"] == fits["make-room"]["moved_bytes"] > 0


def test_what_realloc_copies_is_told_apart_from_what_making_room_moves(replay: Run, tmp_path: Path) -> None:
    records = [(ALLOCATE, 0, 100), (ALLOCATE, 1, 100), (RESIZE, 0, 200)]
    report = report_of(replay, tmp_path, records, "--pool", "1K")
    assert (report["moved_bytes"], report["worst_allocation"]) == (0, 0)
    assert 100 <= report["copied_bytes"] < 120


def test_the_pool_size_picks_the_link_width(replay: Run, tmp_path: Path) -> None:
    widths = {
        size: report_of(replay, tmp_path, [(ALLOCATE, 0, 9)], "--pool", size)["pool"]["link_width"]
        for size in ("1K", "256K", "262145", "1M")
    }
    assert widths == {"1K": 16, "256K": 16, "262145": 32, "1M": 32}


def test_both_link_widths_refuse_the_same_where_overhead_does_not_decide(replay: Run, tmp_path: Path) -> None:
    # Blocks of 5000 bytes and one large hole that no rounding makes to fit or not.
    records = [(ALLOCATE, i, 5000) for i in range(12)]
    records += [(FREE, i) for i in range(0, 12, 2)]
    records += [(ALLOCATE, 0, 8000), (ALLOCATE, 2, 4000), (ALLOCATE_WITH, 4, 20000, 1), (RESIZE, 1, 9000)]
    for fit in ("fast", "best", "make-room"):
        options = ("--pool", "64K", "--fit", fit)
        narrow, wide = (report_of(replay, tmp_path, records, *options, "--link-width", width) for width in ("16", "32"))
        assert narrow["pool"]["link_width"] != wide["pool"]["link_width"]
        assert narrow["refused_for"] == wide["refused_for"]
        assert narrow["first_refusal"] == wide["first_refusal"]


def test_the_smallest_pool_serves_and_the_next_smaller_one_refuses(replay: Run, tmp_path: Path) -> None:
    records = [(ALLOCATE, i, 300) for i in range(30)]
    found = report_of(replay, tmp_path, records, "--smallest", "--granularity", "8")["smallest"]["bytes"]
    assert report_of(replay, tmp_path, records, "--pool", str(found))["refused"] == 0
    assert report_of(replay, tmp_path, records, "--pool", str(found - 8))["refused"] == 1


def test_pools_above_the_found_one_that_refuse_are_counted(replay: Run, tmp_path: Path) -> None:
    # Small blocks that just fit the largest pool of the narrow build: in the wide one they cost nearly twice as much.
    records = [(ALLOCATE, i, 12) for i in range(13_080)]
    smallest = report_of(replay, tmp_path, records, "--smallest")["smallest"]
    assert 2**18 - 512 <= smallest["bytes"] <= 2**18
    assert smallest["refused_above"] == smallest["looked_above"] - (2**18 - smallest["bytes"]) // 64


def test_a_step_stays_within_its_budget(replay: Run, tmp_path: Path) -> None:
    blocks = 40
    records = [(ALLOCATE, i, 60) for i in range(blocks)] + [(FREE, i) for i in range(0, blocks, 2)]
    report = report_of(replay, tmp_path, records, "--pool", "8K", "--step", "100,4")
    assert 0 < report["worst_step"] <= 100
    assert report["worst_allocation"] == 0


def test_the_timeline_has_a_line_for_each_sample(replay: Run, tmp_path: Path) -> None:
    timeline = tmp_path / "timeline.csv"
    records = [(ALLOCATE, i, 60) for i in range(40)]
    report = report_of(replay, tmp_path, records, "--pool", "8K", "--timeline", str(timeline))
    lines = [line.split(",") for line in timeline.read_text().splitlines()]
    assert lines[0][0] == "operation"
    assert [int(line[0]) for line in lines[1:]] == list(range(1, 41))
    assert report["largest_hole"]["samples"] == 40
    assert report["largest_hole"]["last"] == int(lines[-1][lines[0].index("largest_now")])


def test_threads_and_peaks_are_counted(replay: Run, tmp_path: Path) -> None:
    records = [(ALLOCATE, 0, 70), (THREAD, 1), (ALLOCATE, 1, 30), (FREE, 0), (THREAD, 0), (RESIZE, 1, 50)]
    counted = Counter(report_of(replay, tmp_path, records, "--pool", "8K")["trace"])
    assert counted == Counter(
        operations=4, threads=2, allocated_bytes=120, peak_bytes=100, peak_blocks=2, live_blocks_at_end=1
    )
