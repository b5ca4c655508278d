# SPDX-License-Identifier: MIT
"""What pools and blocks do, one thing at a time."""

import copy
import ctypes
import gc
import pickle
from collections.abc import Callable
from dataclasses import fields

import defrag
import pytest
from defrag import Block, EventKind, Fit, Pool, Progress, Stats, Status, _abi


def fill(block: Block, value: int) -> None:
    with block.lock() as view:
        view[:] = bytes([value]) * len(view)


def content(block: Block) -> bytes:
    with block.read() as view:
        return bytes(view)


def test_a_zeroed_block_is_zero_where_others_were(pool: Pool) -> None:
    with pool.alloc(200) as block:
        fill(block, 0xFF)
    assert content(pool.alloc(200, zeroed=True)) == bytes(200)


def test_a_block_is_freed_at_the_end_of_its_with(pool: Pool) -> None:
    with pool.alloc(8) as block:
        assert block
        assert pool.stats().live == 1
    assert not block
    assert block.handle == 0
    assert pool.stats().live == 0


def test_a_block_may_be_freed_within_its_with(pool: Pool) -> None:
    with pool.alloc(8) as block:
        block.free()
    assert pool.stats().live == 0


@pytest.mark.parametrize("pinned", [False, True])
def test_a_block_is_freed_with_the_last_reference(pool: Pool, pinned: bool) -> None:
    block = pool.alloc(8, pinned=pinned)
    assert pool.stats().live == 1
    del block
    assert pool.stats().live == 0


def test_a_block_in_a_cycle_is_freed_by_the_collector(pool: Pool) -> None:
    cycle: list[object] = [pool.alloc(8)]
    cycle.append(cycle)
    del cycle
    gc.collect()
    assert pool.stats().live == 0


def test_a_block_works_on_without_its_pool(width: int) -> None:
    block = Pool(4096, width).alloc(8)
    fill(block, 1)
    assert content(block) == b"\1" * 8


def test_a_freed_block_leaves_the_next_one_alone(pool: Pool) -> None:
    old = pool.alloc(8)
    old.free()
    new = pool.alloc(8)
    del old
    assert pool.stats().live == 1
    assert new


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_block_has_one_owner(pool: Pool, duplicate: Callable[[Block], object]) -> None:
    block = pool.alloc(8, pinned=True)
    with pytest.raises(TypeError, match="two Blocks cannot own one block"):
        duplicate(block)


def test_resizing_keeps_content_through_moves(pool: Pool) -> None:
    block, behind = pool.alloc(50), pool.alloc(50)
    fill(block, 5)
    block.resize(500)
    assert len(block) == 500
    assert content(block)[:50] == b"\5" * 50
    block.resize(3)
    assert content(block) == b"\5" * 3
    assert behind


def test_making_room_moves_what_is_in_the_way(pool: Pool) -> None:
    blocks = [pool.alloc(120) for _ in range(24)]
    for value, block in enumerate(blocks):
        fill(block, value)
    del blocks[::2], block
    wanted = pool.stats().largest_now + 200
    assert pool.would_fit(wanted)
    assert not pool.would_fit(wanted).now
    with pytest.raises(defrag.FragmentedError):
        pool.alloc(wanted, fit=Fit.BEST)
    assert pool.stats().moved_blocks == 0
    large = pool.alloc(wanted)
    assert pool.stats().moved_blocks > 0
    assert [content(block)[0] for block in blocks] == list(range(1, 24, 2))
    assert large


def test_steps_come_to_an_end(pool: Pool) -> None:
    blocks = [pool.alloc(40) for _ in range(60)]
    del blocks[::3]
    steps = [pool.step(100, 8)]
    while not steps[-1].done:
        steps.append(pool.step(100, 8))
    assert all(step.moved_bytes <= 100 and step.looked_at <= 8 for step in steps)
    assert sum(step.moved_blocks for step in steps) == pool.stats().moved_blocks > 0


def test_a_watermark_lets_steps_rest(width: int) -> None:
    pool = Pool(4096, width, watermark=100)
    blocks = [pool.alloc(40) for _ in range(30)]
    del blocks[::3]
    assert pool.step(1000, 100) == Progress(done=True, moved_bytes=0, moved_blocks=0, looked_at=0, needs_bytes=0)


def test_handles_are_set_aside_and_cleaned(width: int) -> None:
    pool = Pool(4096, width, handles=10)
    assert pool.stats().handles == 10
    blocks = [pool.alloc(8) for _ in range(30)]
    del blocks
    assert pool.stats().handles == 30
    pool.clean()
    assert pool.stats().handles == 10


def test_a_tag_marks_handles(width: int) -> None:
    assert Pool(4096, width, tag=1).alloc(8).handle != Pool(4096, width, tag=2).alloc(8).handle


def test_statistics_have_every_field_and_add_up(pool: Pool) -> None:
    assert [field.name for field in fields(Stats)] == [name for name, *_ in _abi.PoolStats._fields_[1:]]
    assert [field.name for field in fields(Progress)] == [name for name, *_ in _abi.Progress._fields_[1:]]
    block = pool.alloc(100)
    stats = pool.stats()
    assert stats.used + stats.overhead + stats.free == stats.pool_bytes == 4096
    assert stats.live == 1
    assert stats.used == pool.walk()[0].bytes >= len(block)


def test_a_walk_shows_blocks_and_holes_in_order(pool: Pool) -> None:
    blocks = [pool.alloc(50, align=align) for align in (0, 8, 128)]
    reader = blocks[0].read()
    writer = blocks[2].lock()
    blocks[1].free()
    extents = pool.walk()
    assert [extent.offset for extent in extents] == sorted(extent.offset for extent in extents)
    shown = [(e.block, e.handle, e.locks, e.exclusive) for e in extents if e.block]
    assert shown == [(blocks[0], blocks[0].handle, 1, False), (blocks[2], blocks[2].handle, 1, True)]
    holes = [extent for extent in extents if not extent.handle]
    assert len(holes) == pool.stats().holes + 1
    assert max(hole.bytes for hole in holes) == pool.stats().largest_now
    reader.unlock()
    writer.unlock()


def test_what_is_in_the_way_is_named(pool: Pool) -> None:
    blocks = [pool.alloc(120) for _ in range(24)]
    pin = pool.alloc(8, pinned=True, fit=Fit.BEST)
    rest = pool.alloc(pool.stats().largest_now)
    reader = blocks[12].read()
    blocks = [blocks[12]]
    report = pool.would_fit(2000)
    assert not report
    assert report.verdict is Status.FRAGMENTED
    assert report.blockers == (blocks[0],)
    assert report.handles == (blocks[0].handle,)
    reader.unlock()
    assert pool.would_fit(2000)
    report = pool.would_fit(3000)
    assert report.verdict is Status.OUT_OF_MEMORY
    assert report.missing > 0
    assert pin and rest


def test_events_tell_what_happens(pool: Pool) -> None:
    below = pool.alloc(32)
    with pool.events() as events:
        block = pool.alloc(64)
        below.free()
        pool.compact()
        with block.lock():
            pass
        block.resize(8)
        with pytest.raises(defrag.OutOfMemoryError):
            pool.alloc(pool.stats().capacity)
        handle = block.handle
        del block
        pool.clean()
    pool.alloc(8)
    assert len(events) == 8
    told = list(events)
    assert [event.kind.name for event in told] == [
        "ALLOC",
        "FREE",
        "MOVE",
        "LOCK",
        "UNLOCK",
        "RESIZE",
        "REFUSE",
        "FREE",
    ]
    assert all(event.handle == handle for event in told if event.kind not in (EventKind.REFUSE, told[1].kind))
    move, refusal = told[2], told[6]
    assert move.origin == told[0].offset > move.offset == told[3].offset
    assert (refusal.handle, refusal.status, refusal.bytes) == (0, Status.OUT_OF_MEMORY, pool.stats().capacity)
    assert not list(events)


def test_streams_of_events_are_independent(pool: Pool) -> None:
    with pool.events() as first:
        block = pool.alloc(8)
        with pool.events() as second:
            block.free()
        block = pool.alloc(8)
    assert [event.kind.name for event in first] == ["ALLOC", "FREE", "ALLOC"]
    assert [event.kind.name for event in second] == ["FREE"]


def test_events_go_on_after_a_restore(pool: Pool) -> None:
    with pool.events() as events:
        pool.restore(pool.snapshot())
        gc.collect()
        pool.alloc(8)
        assert [event.kind.name for event in events] == ["ALLOC"]


def test_pools_do_not_mix(pool: Pool, width: int) -> None:
    other = Pool(4096, width)
    here, there = pool.alloc(8), other.alloc(8)
    here.free()
    assert there
    assert other.stats().live == 1


def test_memory_is_aligned_for_any_block() -> None:
    assert all(Pool(300)._heap.memory.address % 1024 == 0 for _ in range(20))


def test_window_types_are_not_kept_for_ever() -> None:
    assert ctypes.Array in type(Pool(4096).alloc(9).lock().view.obj).__mro__
    block = Pool(4096).alloc(1)
    for size in range(1, 3000):
        block.resize(size)
        block.read().unlock()
    gc.collect()
    assert len([kind for kind in ctypes.Array.__subclasses__() if kind.__name__ == "Window"]) <= 1024
