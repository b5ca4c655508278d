# SPDX-License-Identifier: MIT
"""What a replay tells is what happened in the pool."""

import math
from collections.abc import Sequence

import numpy as np
import pytest
from defrag import Fit, Status
from defrag.explore import FaultError, Policy, Replay, Run, Trace, replay, smallest, why
from defrag.explore.trace import checked
from hypothesis import given
from hypothesis import strategies as st
from tracefile import ALLOCATE, ALLOCATE_WITH, END, FREE, LOCK, RESIZE, THREAD, read
from tracefile import trace as trace_of

Records = Sequence[tuple[int, ...]]
OVERHEAD = 0xFFFFFFFF  # the block of a cell that is none


def traced(records: Records) -> Trace:
    return checked("some.dft", trace_of(*records))


def seen_in(records: Records, pool_bytes: int, policy: Policy | None = None, rows: int = 0) -> Replay:
    return replay(traced(records), pool_bytes, policy, rows=rows, moves=True, verify=True)


def run_of(records: Records, pool_bytes: int, policy: Policy | None = None) -> Run:
    return seen_in(records, pool_bytes, policy).run


def first_refusal(run: Run) -> tuple[int, int, Status]:
    return run.first_refused_operation, run.first_refused_bytes, run.first_refused_status


def pieces(blocks: int, size: int) -> list[tuple[int, ...]]:
    """Blocks of which every other one is freed."""
    return [(ALLOCATE, i, size) for i in range(blocks)] + [(FREE, i) for i in range(0, blocks, 2)]


# ---------------------------------------------------------------------------------------------------------- refusals


def test_what_follows_a_refusal_is_skipped_and_the_rest_goes_on() -> None:
    records = [
        (ALLOCATE, 0, 100),
        (ALLOCATE, 1, 9000),
        (RESIZE, 1, 9),
        (FREE, 1),
        (ALLOCATE, 1, 8),
        (FREE, 1),
        (FREE, 0),
    ]
    run = run_of(records, 1024)
    assert (run.operations, run.refused, run.skipped) == (7, 1, 2)
    assert first_refusal(run) == (2, 9000, Status.INVALID_SIZE)
    assert run.refused_for["invalid-size"] == 1


def test_locks_of_a_refused_block_are_skipped() -> None:
    records = [(ALLOCATE, 0, 9000), (LOCK, 0, 1), (LOCK, 0, 0), (FREE, 0), (ALLOCATE, 0, 8), (LOCK, 0, 1)]
    run = run_of(records, 1024)
    assert (run.operations, run.refused, run.skipped) == (6, 1, 3)


def test_a_refused_resize_leaves_the_block_as_it_was() -> None:
    records = [(ALLOCATE, 0, 400), (ALLOCATE, 1, 400), (RESIZE, 0, 700), (FREE, 0), (FREE, 1)]
    run = run_of(records, 1024)
    assert (run.refused, run.skipped) == (1, 0)
    assert first_refusal(run) == (3, 700, Status.OUT_OF_MEMORY)
    assert run.refused_for["out-of-memory"] == 1


def test_without_a_refusal_there_is_no_first_one() -> None:
    run = run_of([(ALLOCATE, 0, 8)], 1024)
    assert first_refusal(run) == (0, 0, Status.OK)
    assert set(run.refused_for.values()) == {0}


def test_a_block_of_zero_bytes_is_served_as_one_byte() -> None:
    run = run_of([(ALLOCATE, 0, 0), (RESIZE, 0, 5), (RESIZE, 0, 0), (FREE, 0)], 1024)
    assert (run.refused, run.peak_live) == (0, 1)


def test_only_moving_serves_what_is_free_in_pieces() -> None:
    records = [*pieces(20, 100), (ALLOCATE, 0, 700)]
    best, room = (run_of(records, 2560, Policy(fit)) for fit in (Fit.BEST, Fit.MAKE_ROOM))
    assert first_refusal(best) == (31, 700, Status.FRAGMENTED)
    assert best.moved_bytes == 0
    assert room.refused == 0
    assert room.worst_allocation == room.moved_bytes > 0


def test_no_pool_is_refused() -> None:
    trace = traced([(ALLOCATE, 0, 8)])
    for pool_bytes, width in ((100, 0), (2**20, 16), (2**32, 0)):
        with pytest.raises(FaultError, match=f"^'some.dft' cannot be replayed in a pool of {pool_bytes} bytes: "):
            replay(trace, pool_bytes, Policy(link_width=width))


# -------------------------------------------------------------------------------------------------- moving and copying


def test_what_realloc_copies_is_told_apart_from_what_making_room_moves() -> None:
    run = run_of([(ALLOCATE, 0, 100), (ALLOCATE, 1, 100), (RESIZE, 0, 200)], 1024)
    assert (run.moved_bytes, run.worst_allocation) == (0, 0)
    assert 100 <= run.copied_bytes < 120


def test_a_step_stays_within_its_budget() -> None:
    seen = seen_in(pieces(40, 60), 8192, Policy(step_bytes=100, step_blocks=4))
    assert 0 < seen.run.worst_step == int(seen.stepped.max()) <= 100
    assert seen.run.worst_allocation == int(seen.moved.max()) == 0


@pytest.mark.parametrize("policy", [Policy(), Policy(Fit.FAST, step_bytes=300)], ids=str)
def test_moves_add_up_to_what_was_moved(policy: Policy) -> None:
    seen = seen_in([*pieces(20, 100), (ALLOCATE, 0, 700), (ALLOCATE, 2, 150)], 2560, policy)
    moves, header = seen.moves, 4
    assert 0 < len(moves) == seen.run.moved_blocks
    assert sum(moves["bytes"] + header) == seen.run.moved_bytes == seen.moved.sum() + seen.stepped.sum()
    for operation in range(1, seen.run.operations + 1):
        until = moves[moves["operation"] <= operation]
        under_way = (seen.moved + seen.stepped)[:operation].sum() - sum(until["bytes"] + header)
        assert 0 <= under_way < (104 if policy.step_bytes else 1)  # a block may be copied by several steps
    assert (moves["from"] != moves["to"]).all()
    assert (np.diff(moves["operation"].astype(np.int64)) >= 0).all()
    assert set(moves["bytes"]) == {100}


def test_moves_are_kept_only_if_they_are_wanted() -> None:
    trace = traced([*pieces(20, 100), (ALLOCATE, 0, 700)])
    seen = replay(trace, 2560)
    assert seen.run.moved_blocks > 0
    assert len(seen.moves) == 0
    assert seen.cells.size == 0


# ---------------------------------------------------------------------------------------------------------- link width


def test_the_pool_size_picks_the_link_width() -> None:
    sizes = (1 << 10, 1 << 18, (1 << 18) + 1, 1 << 20)
    assert [run_of([(ALLOCATE, 0, 9)], size).link_width for size in sizes] == [16, 16, 32, 32]


def test_both_link_widths_refuse_the_same_where_overhead_does_not_decide() -> None:
    # Blocks of 5000 bytes and one large hole that no rounding makes to fit or not.
    records = pieces(12, 5000)
    records += [(ALLOCATE, 0, 8000), (ALLOCATE, 2, 4000), (ALLOCATE_WITH, 4, 20000, 1), (RESIZE, 1, 9000)]
    for fit in Fit:
        narrow, wide = (run_of(records, 65536, Policy(fit, link_width=width)) for width in (16, 32))
        assert narrow.link_width != wide.link_width
        assert narrow.refused_for == wide.refused_for
        assert first_refusal(narrow) == first_refusal(wide)


# ------------------------------------------------------------------------------------------------------------- samples


def test_there_is_a_sample_for_each_operation_if_there_is_room() -> None:
    records = [(ALLOCATE, 0, 70), (ALLOCATE, 1, 30), (THREAD, 1), (FREE, 0), (LOCK, 1, 1), (ALLOCATE, 0, 9000)]
    seen = seen_in(records, 1024)
    samples = seen.samples
    assert list(samples["operation"]) == [1, 2, 3, 4, 5]
    assert list(samples["asked"]) == [70, 100, 30, 30, 30]
    assert list(samples["live"]) == [1, 2, 1, 1, 1]
    assert list(samples["locked"]) == [0, 0, 0, 1, 1]
    assert list(samples["refused"]) == [0, 0, 0, 0, 1]
    assert set(samples["used"] + samples["overhead"] + samples["free"]) == {1024}


@pytest.mark.parametrize(("room", "taken"), [(0, []), (1, [40]), (7, range(6, 41, 6)), (40, range(1, 41))])
def test_samples_are_spread_evenly(room: int, taken: Sequence[int]) -> None:
    seen = replay(traced([(ALLOCATE, i, 60) for i in range(40)]), 8192, samples=room)
    assert list(seen.samples["operation"]) == list(taken)


def test_fragmentation_is_nothing_in_one_hole_and_grows_with_pieces() -> None:
    samples = seen_in(pieces(20, 100), 4096, Policy(Fit.BEST)).samples
    assert (samples["fragmentation"][:20] == 0).all()
    assert (np.diff(samples["fragmentation"][19:]) > 0).all()
    assert (samples["fragmentation"] < 1).all()
    # All holes but the one above the blocks are of 108 bytes, with what a header takes.
    above = int(samples[-1]["largest_now"]) + 4
    free = [104] * 10 + [above]
    expected = 1 - math.sqrt(sum(size**2 for size in free)) / sum(free)
    assert samples["fragmentation"][-1] == pytest.approx(expected)


def test_the_largest_holes_are_what_a_request_can_have() -> None:
    records = pieces(20, 100)
    last = seen_in(records, 2560).samples[-1]
    for size, fit in ((last["largest_now"], Fit.BEST), (last["largest_after_moving"], Fit.MAKE_ROOM)):
        assert run_of([*records, (ALLOCATE, 0, int(size))], 2560, Policy(fit)).refused == 0
        assert run_of([*records, (ALLOCATE, 0, int(size) + 1)], 2560, Policy(fit)).refused == 1


def test_peaks_are_those_of_the_samples() -> None:
    seen = seen_in([*pieces(10, 100), (RESIZE, 1, 300), (ALLOCATE, 0, 20)], 4096)
    assert seen.run.peak_live == max(seen.samples["live"]) == 10
    assert seen.run.peak_used == max(seen.samples["used"] + 4 * seen.samples["live"])


def test_threads_and_peaks_are_counted() -> None:
    records = [(ALLOCATE, 0, 70), (THREAD, 1), (ALLOCATE, 1, 30), (FREE, 0), (THREAD, 0), (RESIZE, 1, 50)]
    trace = traced(records)
    assert (trace.operations, trace.threads, trace.allocated_bytes) == (4, 2, 120)
    assert (trace.peak_bytes, trace.peak_blocks, trace.live_at_end) == (100, 2, 1)


# --------------------------------------------------------------------------------------------------------------- cells


@pytest.mark.parametrize("rows", [1, 7, 64, 500, 5000])
def test_cells_add_up_to_what_is_used(rows: int) -> None:
    pool_bytes = 2560
    seen = seen_in([*pieces(20, 100), (LOCK, 3, 1), (ALLOCATE, 0, 700)], pool_bytes, rows=rows)
    cells = seen.cells
    assert cells.shape == (seen.run.operations, rows)
    assert list(cells["used"].sum(axis=1)) == list(pool_bytes - seen.samples["free"])
    assert (cells["used"] <= -(-pool_bytes // rows)).all()
    assert (cells["share"] <= cells["used"]).all()
    assert ((cells["used"] == 0) == (cells["block"] == 0)).all()


def test_cells_tell_the_blocks_that_are_live() -> None:
    records = [(ALLOCATE, 0, 300), (ALLOCATE, 1, 300), (LOCK, 1, 1), (LOCK, 1, 1), (FREE, 0), (ALLOCATE, 0, 60)]
    seen = seen_in(records, 1024, rows=128)
    shown = [set(map(int, row["block"])) - {0, OVERHEAD} for row in seen.cells]
    assert shown == [{1}, {1, 2}, {1, 2}, {1, 2}, {2}, {1, 2}]
    last = seen.cells[-1]
    assert set(last["born"][last["block"] == 1]) == {6}
    assert set(last["born"][last["block"] == 2]) == {2}
    assert set(last["locks"][last["block"] == 2]) == {2}
    assert set(last["bytes"][last["block"] == 1]) == {60}
    assert last["block"][0] == OVERHEAD == last["block"][-1]


# --------------------------------------------------------------------------------------------------------------- locks


def test_a_share_of_the_blocks_stays_locked() -> None:
    records = [(ALLOCATE, i, 16) for i in range(2000)]
    for share in (0.0, 0.05, 0.3, 1.0):
        seen = seen_in(records, 65536, Policy(locked=share))
        assert seen.samples[-1]["locked"] == pytest.approx(2000 * share, abs=60 if 0 < share < 1 else 0)


def test_the_seed_picks_the_locked_blocks() -> None:
    records = [(ALLOCATE, i, 16) for i in range(200)]
    locked = [list(seen_in(records, 8192, Policy(locked=0.3, seed=seed)).samples["locked"]) for seed in (1, 1, 2)]
    assert locked[0] == locked[1] != locked[2]


def test_locked_blocks_do_not_move() -> None:
    records = [*pieces(20, 100), (ALLOCATE, 0, 700)]
    run = run_of(records, 2560, Policy(locked=1.0))
    assert first_refusal(run) == (31, 700, Status.FRAGMENTED)
    assert run.moved_bytes == 0


def test_a_blocks_locks_do_not_hinder_its_own_resize_and_end() -> None:
    records = [(ALLOCATE, 0, 100), (ALLOCATE, 1, 100), (RESIZE, 0, 300), (RESIZE, 0, 50), (FREE, 0), (FREE, 1)]
    seen = seen_in(records, 1024, Policy(locked=1.0))
    assert seen.run.refused == 0
    assert list(seen.samples["locked"]) == list(seen.samples["live"]) == [1, 2, 2, 2, 1, 0]


def test_a_block_is_locked_until_its_last_lock_ends() -> None:
    records = [(ALLOCATE, 0, 8), *[(LOCK, 0, 1)] * 20, *[(LOCK, 0, 0)] * 20, (FREE, 0)]
    locked = list(seen_in(records, 1024).samples["locked"])
    assert locked == [0, *[1] * 39, 0, 0]


# ----------------------------------------------------------------------------------------------------------- the search


def test_the_smallest_pool_serves_and_the_next_smaller_one_refuses() -> None:
    records = [(ALLOCATE, i, 300) for i in range(30)]
    found = smallest(traced(records), granularity=8).pool_bytes
    assert run_of(records, found).refused == 0
    assert run_of(records, found - 8).refused == 1


def test_pools_above_the_found_one_that_refuse_are_counted() -> None:
    # Small blocks that just fit the largest pool of the narrow build: in the wide one they cost nearly twice as much.
    found = smallest(traced([(ALLOCATE, i, 12) for i in range(13_080)]))
    assert 2**18 - 512 <= found.pool_bytes <= 2**18
    assert found.refused_above == found.looked_above - (2**18 - found.pool_bytes) // 64


def test_need_is_told_at_the_time_when_it_is_greatest() -> None:
    records = [(ALLOCATE, 0, 301), (ALLOCATE, 1, 100), (FREE, 1), (ALLOCATE, 1, 50), (RESIZE, 1, 90), (FREE, 0)]
    run = run_of(records, 1024)
    assert (run.need_operation, run.need_asked, run.need_blocks) == (2, 401, 2)
    assert run.need_rounding == 7  # a block of 301 bytes and a header of 4 takes 312
    assert run.need_bytes == run.control_bytes + 401 + 7 + 2 * run.block_overhead
    assert run.block_overhead == 8


def test_need_is_not_for_what_was_refused() -> None:
    run = run_of([(ALLOCATE, 0, 100), (ALLOCATE, 1, 9000), (RESIZE, 0, 8000)], 1024)
    assert (run.need_operation, run.need_asked, run.need_blocks) == (1, 100, 1)


@pytest.mark.parametrize("policy", [Policy(), Policy(Fit.BEST), Policy(Fit.FAST, step_bytes=256)], ids=str)
def test_the_parts_of_the_need_are_the_pool(policy: Policy) -> None:
    records = [*pieces(20, 101), (ALLOCATE, 0, 700)]
    sizing = smallest(traced(records), policy, 8)
    need = sizing.need
    assert need.asked + need.rounding + need.overhead + need.fragmentation == sizing.pool_bytes
    assert min(need.asked, need.rounding, need.overhead, need.fragmentation) >= 0
    assert (need.asked, need.rounding) == (
        (20 * 101, 20 * 7) if policy.fit != Fit.BEST else (need.asked, need.rounding)
    )
    assert sizing.run.pool_bytes == sizing.pool_bytes
    assert sizing.run.refused == 0


def test_where_nothing_is_wasted_there_is_hardly_any_fragmentation() -> None:
    sizing = smallest(traced([(ALLOCATE, i, 300) for i in range(30)]), granularity=8)
    assert (sizing.need.asked, sizing.need.rounding) == (9000, 0)
    assert sizing.need.overhead == 30 * 8 + sizing.run.control_bytes
    assert 0 <= sizing.need.fragmentation < 8


# ----------------------------------------------------------------------------------------------------------------- why


def held(locks: int = 1) -> list[tuple[int, ...]]:
    """Six blocks, of which the third and the fifth are locked; around these all is free up to the last."""
    records: list[tuple[int, ...]] = [(ALLOCATE, i, 148) for i in range(6)]
    records += [(LOCK, block, 1) for block in (2, 4) for _ in range(locks)]
    return [*records, *((FREE, block) for block in (0, 1, 3))]


def test_why_names_the_locked_blocks_in_the_way() -> None:
    records = [*held(locks=2), (ALLOCATE, 0, 400)]
    reason = why(traced(records), 1152)
    assert (reason.operation, reason.block, reason.bytes, reason.resizes) == (14, 0, 400, False)
    assert reason.status == reason.verdict == Status.FRAGMENTED
    assert (reason.now, reason.skipped, reason.missing) == (False, False, 0)
    assert reason.locked == 2
    assert reason.largest_now == reason.largest_after_moving < 400 < reason.free
    (blocker,) = reason.blockers
    assert (blocker.block, blocker.bytes, blocker.born, blocker.locks) == (2, 148, 3, 2)


def test_blockers_are_told_lowest_first_and_without_them_there_is_room() -> None:
    request = (ALLOCATE, 0, 490)
    reason = why(traced([*held(), request]), 1152)
    assert [blocker.block for blocker in reason.blockers] == [2, 4]
    assert reason.blockers[0].offset < reason.blockers[1].offset
    without = [*held(), *((LOCK, blocker.block, 0) for blocker in reason.blockers)]
    assert run_of([*without, request], 1152).refused == 0
    one = [*held(), (LOCK, 2, 0)]
    assert run_of([*one, request], 1152).refused == 1


def test_blocks_that_a_policy_locks_are_blockers_too() -> None:
    reason = why(traced([*pieces(20, 100), (ALLOCATE, 0, 700)]), 2560, Policy(locked=1.0))
    assert reason.operation == 31
    assert reason.locked == 10
    assert reason.blockers
    for blocker in reason.blockers:
        assert blocker.block % 2 == 1
        assert (blocker.born, blocker.locks) == (blocker.block + 1, 1)


def test_why_tells_of_a_request_that_is_served() -> None:
    trace = traced([*pieces(20, 100), (ALLOCATE, 0, 700)])
    now, moving = why(trace, 2560, at=1), why(trace, 2560, at=31)
    assert (now.now, now.status, now.verdict, now.moved, now.blockers) == (True, Status.OK, Status.OK, 0, ())
    assert (moving.now, moving.status, moving.verdict) == (False, Status.OK, Status.OK)
    assert moving.moved == replay(trace, 2560).moved[30] > 0


def test_why_looks_at_a_resize() -> None:
    trace = traced([(ALLOCATE, 0, 400), (ALLOCATE, 1, 300), (RESIZE, 0, 9000), (RESIZE, 1, 310)])
    reason = why(trace, 1024)
    assert (reason.operation, reason.resizes, reason.block, reason.bytes) == (3, True, 0, 9000)
    assert reason.status == Status.INVALID_SIZE
    assert why(trace, 1024, at=4).status == Status.OK


def test_why_tells_how_many_bytes_are_missing() -> None:
    records = [(ALLOCATE, 0, 400), (ALLOCATE, 1, 600)]
    reason = why(traced(records), 1024)
    assert (reason.operation, reason.status, reason.verdict) == (2, Status.OUT_OF_MEMORY, Status.OUT_OF_MEMORY)
    assert run_of(records, 1024 + -(-reason.missing // 8) * 8).refused == 0
    assert run_of(records, 1024 + -(-reason.missing // 8) * 8 - 8).refused == 1


def test_why_says_that_a_block_is_not_there() -> None:
    reason = why(traced([(ALLOCATE, 0, 9000), (RESIZE, 0, 10)]), 1024, at=2)
    assert reason.skipped


def test_why_refuses_what_is_no_request() -> None:
    trace = traced([(ALLOCATE, 0, 8), (FREE, 0)])
    with pytest.raises(FaultError, match="does not ask for memory at operation 2; choose one that allocates or"):
        why(trace, 1024, at=2)
    for at in (0, 3, 2**40):
        with pytest.raises(FaultError, match="has 2 operations; choose one of them"):
            why(trace, 1024, at=at)
    with pytest.raises(FaultError, match="meets no refusal in this pool; choose a smaller pool"):
        why(trace, 1024)


# ------------------------------------------------------------------------------------------------------ changed traces

Life = list[tuple[int, list[int]]]  # what happens to a block: kinds and arguments


def lives(trace: Trace) -> list[Life]:
    """In the order of births."""
    found: list[Life] = []
    now: dict[int, Life] = {}
    for kind, number, arguments in read(trace.data):
        if kind in (THREAD, END):
            continue
        if kind in (ALLOCATE, ALLOCATE_WITH):
            now[number] = []
            found.append(now[number])
        now[number].append((kind, arguments))
    return found


def scaled(life: Life, factor: float) -> Life:
    sized = (ALLOCATE, ALLOCATE_WITH, RESIZE)
    return [
        (kind, [math.ceil(given[0] * factor - 1e-6), *given[1:]] if kind in sized else given) for kind, given in life
    ]


@st.composite
def traces(draw: st.DrawFn) -> Trace:
    records: list[tuple[int, ...]] = []
    locks: dict[int, int] = {}
    spare: list[int] = []
    for kind, pick, size in draw(
        st.lists(st.tuples(st.sampled_from("aazfrlut"), st.integers(0, 99), st.integers(0, 9000)), max_size=120)
    ):
        if kind == "t":
            records.append((THREAD, 0))
        elif kind in "az" or not locks:
            number = spare.pop() if spare else len(locks)
            locks[number] = 0
            records.append((ALLOCATE_WITH, number, size, 2 * 6 + 1) if kind == "z" else (ALLOCATE, number, size))
        else:
            number = list(locks)[pick % len(locks)]
            if kind == "l":
                locks[number] += 1
                records.append((LOCK, number, 1))
            elif locks[number]:
                locks[number] -= 1
                records.append((LOCK, number, 0))
            elif kind == "r":
                records.append((RESIZE, number, size))
            else:
                del locks[number]
                spare.append(number)
                records.append((FREE, number))
    return traced(records)


@given(traces(), st.sampled_from([0.01, 0.6, 1.0, 1.1, 3.0]), st.sampled_from([0.0, 0.2, 0.99]), st.integers(0, 9))
def test_each_life_is_kept_with_its_sizes_scaled(trace: Trace, scale: float, jitter: float, seed: int) -> None:
    changed = trace.changed(scale, jitter, seed)
    assert lives(changed) == [scaled(life, scale) for life in lives(trace)]
    assert changed.operations == trace.operations
    assert changed.live_at_end == trace.live_at_end
    assert changed.name == trace.name


@given(traces(), st.sampled_from([0.6, 3.0]))
def test_scaling_leaves_the_order(trace: Trace, scale: float) -> None:
    order = [(kind, number) for kind, number, _ in read(trace.data) if kind not in (THREAD, END)]
    assert [(kind, number) for kind, number, _ in read(trace.changed(scale).data) if kind != END] == order


def test_sizes_are_rounded_up_and_end_at_the_largest() -> None:
    trace = traced([(ALLOCATE, 0, 10), (ALLOCATE, 1, 1), (ALLOCATE, 2, 0), (RESIZE, 0, 2**32 - 1)])
    assert [given[0] for life in lives(trace.changed(0.25)) for _, given in life] == [3, 2**30, 1, 0]
    assert [given[0] for life in lives(trace.changed(4)) for _, given in life] == [40, 2**32 - 1, 4, 0]


def lengths(trace: Trace) -> list[int]:
    """How long each block lives that is freed, in operations, in the order of births."""
    births: dict[int, tuple[int, int]] = {}
    found: dict[int, int] = {}
    born = 0
    for now, (kind, number, _) in enumerate(read(trace.data)):
        if kind == ALLOCATE:
            births[number] = (born, now)
            born += 1
        elif kind == FREE:
            life, birth = births[number]
            found[life] = now - birth
    return [found[life] for life in sorted(found)]


def test_jitter_makes_lives_longer_and_shorter_by_its_share() -> None:
    records: list[tuple[int, ...]] = []
    for i in range(3000):  # a hundred blocks live at a time, each for 199 operations
        records += [(FREE, i % 100)] if i >= 100 else []
        records += [(ALLOCATE, i % 100, 8)]
    trace = traced(records)
    assert set(lengths(trace)[100:]) == {199}
    jittered = lengths(trace.changed(jitter=0.2, seed=1))[200:-200]
    # Time counts operations, of which there are now a few more or less in the same time.
    assert 0.72 * 199 < min(jittered) < 0.85 * 199
    assert 1.15 * 199 < max(jittered) < 1.28 * 199
    assert np.mean(jittered) == pytest.approx(199, rel=0.02)


def test_the_seed_decides_the_jitter() -> None:
    trace = traced([record for i in range(50) for record in ((ALLOCATE, i, 8 + i),)] + [(FREE, i) for i in range(50)])
    made = [trace.changed(jitter=0.5, seed=seed).data for seed in (1, 1, 2)]
    assert made[0] == made[1] != made[2]
    assert trace.changed(jitter=0.0, seed=5).data == trace.data


def test_a_resize_that_is_served_by_the_blocks_own_bytes_met_no_obstacle() -> None:
    reason = why(checked("resized", trace_of((ALLOCATE, 0, 500), (RESIZE, 0, 600))), 1024, at=2)
    assert (reason.status, reason.verdict, reason.missing, reason.blockers) == (Status.OK, Status.OK, 0, ())


def test_whole_sizes_are_not_rounded_up_for_the_arithmetics_sake() -> None:
    record = checked("ten", trace_of((ALLOCATE, 0, 100))).changed(scale=1.1)
    assert record.peak_bytes == 110


@pytest.mark.parametrize(
    ("scale", "jitter"), [(0, 0), (-1, 0), (math.nan, 0), (math.inf, 0), (1, -0.1), (1, 1), (1, math.nan)]
)
def test_changes_that_make_no_trace_are_refused(scale: float, jitter: float) -> None:
    with pytest.raises(ValueError, match="give 0 < scale"):
        checked("ten", trace_of((ALLOCATE, 0, 100))).changed(scale=scale, jitter=jitter)
