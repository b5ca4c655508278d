# SPDX-License-Identifier: MIT
"""The traces that come with the project replay, with every content verified, and what is claimed of moving holds."""

import json
import subprocess
from pathlib import Path

import pytest
from conftest import Run

TRACES = sorted((Path(__file__).resolve().parents[1] / "traces").glob("*.dft.zst"))
POLICIES = {
    "fast": ["--fit", "fast"],
    "best": ["--fit", "best"],
    "make-room": ["--fit", "make-room"],
    "fast-and-steps": ["--fit", "fast", "--step", "256,16"],
    "make-room-and-steps": ["--fit", "make-room", "--step", "256,16"],
}

each_trace = pytest.mark.parametrize("trace", TRACES, ids=[trace.name.split(".")[0] for trace in TRACES])


def report(replay: Run, *arguments: str | Path) -> dict:
    done: subprocess.CompletedProcess[str] = replay("--json", *arguments)
    assert done.returncode == 0, done
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def smallest() -> dict[Path, int]:
    return {}


def smallest_with_moving(replay: Run, trace: Path, known: dict[Path, int]) -> int:
    if trace not in known:
        known[trace] = report(replay, trace, "--smallest")["smallest"]["bytes"]
    return known[trace]


def test_four_programs_or_more_are_shipped_in_two_megabytes() -> None:
    assert len(TRACES) >= 4
    assert sum(trace.stat().st_size for trace in TRACES) <= 2_000_000


@each_trace
@pytest.mark.parametrize("policy", POLICIES)
def test_contents_survive_in_a_tight_pool(trace: Path, policy: str, replay: Run, smallest: dict[Path, int]) -> None:
    pool = smallest_with_moving(replay, trace, smallest)
    found = report(replay, trace, "--verify", "--pool", str(pool), *POLICIES[policy])
    assert found["operations"] == found["trace"]["operations"]
    if "make-room" in policy:
        assert found["refused"] == 0


@each_trace
@pytest.mark.parametrize("policy", POLICIES)
def test_contents_survive_in_a_pool_that_is_too_small(
    trace: Path, policy: str, replay: Run, smallest: dict[Path, int]
) -> None:
    pool = smallest_with_moving(replay, trace, smallest) * 2 // 3
    found = report(replay, trace, "--verify", "--pool", str(pool), *POLICIES[policy])
    assert found["refused"] > 0
    if policy == "make-room":
        assert found["refused_for"]["fragmented"] == found["refused_for"]["out-of-handles"] == 0


@each_trace
def test_moving_needs_no_larger_pool_than_not_moving(trace: Path, replay: Run, smallest: dict[Path, int]) -> None:
    still = min(report(replay, trace, "--smallest", "--fit", fit)["smallest"]["bytes"] for fit in ("fast", "best"))
    assert smallest_with_moving(replay, trace, smallest) <= still


@each_trace
def test_both_link_widths_serve_it_with_the_wide_one_needing_more(trace: Path, replay: Run) -> None:
    narrow = report(replay, trace, "--verify", "--pool", "256K", "--link-width", "16")
    wide = report(replay, trace, "--verify", "--pool", "2M", "--link-width", "32")
    assert wide["refused"] == 0
    assert (narrow["refused"] == 0) == (narrow["trace"]["peak_bytes"] < 250_000)
    if narrow["refused"] == 0:
        assert narrow["peak_used"] < wide["peak_used"]


@each_trace
def test_the_smallest_pool_with_moving_has_none_smaller_beside_it(
    trace: Path, replay: Run, smallest: dict[Path, int]
) -> None:
    pool = smallest_with_moving(replay, trace, smallest)
    for less in (64, 128, 512, 4096):
        assert report(replay, trace, "--pool", str(pool - less))["refused"] > 0
