# SPDX-License-Identifier: MIT
"""The traces that come with the project replay, with every content verified, and what is claimed of moving holds."""

import functools
from pathlib import Path

import pytest
from defrag import Fit
from defrag.explore import Policy, Run, Trace, load, replay, smallest

TRACES = sorted((Path(__file__).resolve().parent.parent / "native/traces").glob("*.dft.zst"))
POLICIES = {
    "fast": Policy(Fit.FAST),
    "best": Policy(Fit.BEST),
    "make-room": Policy(Fit.MAKE_ROOM),
    "fast-and-steps": Policy(Fit.FAST, 256, 16),
    "make-room-and-steps": Policy(Fit.MAKE_ROOM, 256, 16),
}

each_trace = pytest.mark.parametrize("path", TRACES, ids=[path.name.split(".")[0] for path in TRACES])
each_policy = pytest.mark.parametrize("policy", POLICIES)

loaded = functools.cache(load)


@functools.cache
def smallest_with_moving(path: Path) -> int:
    return smallest(loaded(path), Policy(Fit.MAKE_ROOM)).pool_bytes


def run(trace: Trace, pool_bytes: int, policy: Policy | None = None, *, verify: bool = False) -> Run:
    return replay(trace, pool_bytes, policy, samples=0, verify=verify).run


def test_four_programs_or_more_are_shipped_in_two_megabytes() -> None:
    assert len(TRACES) >= 4
    assert sum(path.stat().st_size for path in TRACES) <= 2_000_000


@each_trace
@each_policy
def test_contents_survive_in_a_tight_pool(path: Path, policy: str) -> None:
    found = run(loaded(path), smallest_with_moving(path), POLICIES[policy], verify=True)
    assert found.operations == loaded(path).operations
    if "make-room" in policy:
        assert found.refused == 0


@each_trace
@each_policy
def test_contents_survive_in_a_pool_that_is_too_small(path: Path, policy: str) -> None:
    found = run(loaded(path), smallest_with_moving(path) * 2 // 3, POLICIES[policy], verify=True)
    assert found.refused > 0
    if policy == "make-room":
        assert found.refused_for["fragmented"] == found.refused_for["out-of-handles"] == 0


@each_trace
def test_moving_needs_no_larger_pool_than_not_moving(path: Path) -> None:
    still = min(smallest(loaded(path), Policy(fit)).pool_bytes for fit in (Fit.FAST, Fit.BEST))
    assert smallest_with_moving(path) <= still


@each_trace
def test_both_link_widths_serve_it_with_the_wide_one_needing_more(path: Path) -> None:
    trace = loaded(path)
    narrow = run(trace, 256 << 10, Policy(link_width=16), verify=True)
    wide = run(trace, 2 << 20, Policy(link_width=32), verify=True)
    assert wide.refused == 0
    assert (narrow.refused == 0) == (trace.peak_bytes < 250_000)
    if narrow.refused == 0:
        assert narrow.peak_used < wide.peak_used


@each_trace
def test_the_smallest_pool_with_moving_has_none_smaller_beside_it(path: Path) -> None:
    pool = smallest_with_moving(path)
    for less in (64, 128, 512, 4096):
        assert run(loaded(path), pool - less).refused > 0
