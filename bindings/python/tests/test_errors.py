# SPDX-License-Identifier: MIT
"""Each refusal is an exception of its own, with a sentence that helps."""

import pickle
from collections.abc import Callable

import defrag
import pytest
from defrag import Block, DefragError, Fit, Pool, Status
from defrag._library import library
from defrag._memory import Window
from defrag.errors import EXCEPTIONS, check


def test_a_status_is_what_the_library_has_a_text_for() -> None:
    text = library(16).defrag_status_text
    assert all(text(status) != b"unknown status" for status in Status)
    assert text(len(Status)) == text(-1) == b"unknown status"


def test_each_status_but_ok_has_an_exception() -> None:
    check(Status.OK)
    assert set(EXCEPTIONS) == set(Status) - {Status.OK}
    for status, error in EXCEPTIONS.items():
        assert error.status is status
        assert error.__name__ == status.name.title().replace("_", "") + "Error"
        assert error.__name__ in defrag.__all__
        with pytest.raises(error):
            check(status)


def test_a_text_says_what_is_wrong_and_what_to_do() -> None:
    for status, error in EXCEPTIONS.items():
        wrong, advice = str(error()).split("; ", 1)
        assert advice == error.advice
        assert wrong == status.text or status is Status.BUSY


def test_an_exception_survives_pickling() -> None:
    for error in EXCEPTIONS.values():
        copied = pickle.loads(pickle.dumps(error("this")))
        assert type(copied) is error
        assert str(copied) == f"this; {error.advice}"


def freed(pool: Pool) -> Block:
    block = pool.alloc(8)
    block.free()
    return block


def while_locked(ask: Callable[[Block], object]) -> Callable[[Pool], object]:
    def lock_and_ask(pool: Pool) -> None:
        with pool.alloc(8) as block, block.lock():
            ask(block)

    return lock_and_ask


REFUSALS: list[tuple[type[DefragError], Callable[[Pool], object]]] = [
    (defrag.InvalidSizeError, lambda pool: pool.alloc(0)),
    (defrag.InvalidSizeError, lambda pool: pool.alloc(-1)),
    (defrag.InvalidSizeError, lambda pool: pool.alloc(4096)),
    (defrag.InvalidSizeError, lambda pool: pool.alloc((1 << 64) + 8)),
    (defrag.InvalidSizeError, lambda pool: pool.would_fit(0)),
    (defrag.InvalidSizeError, lambda pool: pool.step(-1, 1)),
    (defrag.InvalidSizeError, lambda pool: pool.alloc(8).resize(0)),
    (defrag.InvalidSizeError, lambda pool: pool.alloc(8).resize((1 << 64) + 8)),
    (defrag.InvalidSizeError, lambda pool: Pool(255, pool.width)),
    (defrag.InvalidSizeError, lambda pool: Pool(-1, pool.width)),
    (defrag.InvalidSizeError, lambda pool: Pool((256 << 10) + 1, 16)),
    (defrag.InvalidSizeError, lambda pool: Pool(1 << 32, 32)),
    (defrag.InvalidSizeError, lambda pool: Pool(4096, pool.width, handles=4096)),
    (defrag.InvalidSizeError, lambda pool: Pool(4096, pool.width, handles=1 << 32)),
    (defrag.InvalidArgumentError, lambda pool: Pool(4096, pool.width, tag=32)),
    (defrag.InvalidArgumentError, lambda pool: Pool(4096, pool.width, tag=1 << 32)),
    (defrag.InvalidAlignmentError, lambda pool: pool.alloc(8, align=12)),
    (defrag.InvalidAlignmentError, lambda pool: pool.alloc(8, align=2048)),
    (defrag.InvalidAlignmentError, lambda pool: pool.alloc(8, align=-8)),
    (defrag.InvalidAlignmentError, lambda pool: pool.would_fit(8, align=(1 << 64) + 8)),
    (defrag.InvalidHandleError, lambda pool: freed(pool).free()),
    (defrag.InvalidHandleError, lambda pool: freed(pool).lock()),
    (defrag.InvalidHandleError, lambda pool: freed(pool).read()),
    (defrag.InvalidHandleError, lambda pool: freed(pool).resize(8)),
    (defrag.InvalidHandleError, lambda pool: pool.block(0)),
    (defrag.InvalidHandleError, lambda pool: pool.block(pool.alloc(8).handle)),
    (defrag.LockedError, while_locked(Block.lock)),
    (defrag.LockedError, while_locked(Block.read)),
    (defrag.LockedError, while_locked(Block.free)),
    (defrag.LockedError, while_locked(lambda block: block.resize(8))),
    (defrag.LockedError, lambda pool: pool.alloc(8, pinned=True).resize(8)),
    (defrag.NotLockedError, lambda pool: pool.alloc(8).unpin()),
    (defrag.InvalidPoolError, lambda pool: pool.restore(b"")),
    (defrag.InvalidPoolError, lambda pool: pool.restore(bytes(4096))),
    (defrag.InvalidPoolError, lambda pool: pool.restore(Pool(4096, 48 - pool.width).snapshot())),
    (defrag.InvalidPoolError, lambda pool: Pool.from_snapshot(bytes((256 << 10) + 1))),
    (defrag.InvalidSizeError, lambda pool: pool.restore(pool.snapshot()[:-8])),
    (defrag.CorruptError, lambda pool: pool.restore(pool.snapshot()[:-8] + b"\1" * 8) if pool.alloc(8) else None),
]


@pytest.mark.parametrize(("error", "ask"), REFUSALS)
def test_a_refusal_has_its_exception_and_changes_nothing(
    pool: Pool, error: type[DefragError], ask: Callable[[Pool], object]
) -> None:
    with pytest.raises(error):
        ask(pool)
    pool.check()
    assert pool.stats().live == pool.stats().locked == 0


def test_a_thirteenth_reader_is_refused(pool: Pool) -> None:
    block = pool.alloc(8)
    readers = [block.read() for _ in range(12)]
    with pytest.raises(defrag.TooManyLocksError):
        block.read()
    readers.pop().unlock()
    block.read().unlock()


def test_want_of_room_says_what_it_is(pool: Pool) -> None:
    blocks = [pool.alloc(120) for _ in range(24)]
    kept = blocks[1::2]
    del blocks
    free = pool.stats().free
    with pytest.raises(defrag.FragmentedError):
        pool.alloc(pool.stats().largest_now + 100, fit=Fit.BEST)
    with pytest.raises(defrag.OutOfMemoryError):
        pool.alloc(free)
    assert kept


def test_a_table_that_cannot_grow_says_so(pool: Pool) -> None:
    shrunk = pool.alloc(400)
    rest = pool.alloc(pool.stats().largest_now)  # up to the table
    shrunk.resize(8)
    blocks = [rest, pool.alloc(8, fit=Fit.BEST)]  # with room for one more slot below a granule's end
    with pytest.raises(defrag.OutOfHandlesError):
        blocks.append(pool.alloc(8, fit=Fit.BEST))
    blocks.append(pool.alloc(8, fit=Fit.MAKE_ROOM))
    assert all(blocks)


def test_want_of_room_is_a_memory_error() -> None:
    for error in (defrag.FragmentedError, defrag.OutOfMemoryError, defrag.OutOfHandlesError):
        assert issubclass(error, defrag.NoRoomError)
        assert issubclass(error, MemoryError)


def test_other_widths_are_refused() -> None:
    with pytest.raises(ValueError, match="give 16 for pools"):
        Pool(4096, 24)


def test_other_fits_are_refused(pool: Pool) -> None:
    with pytest.raises(ValueError, match="Fit"):
        pool.alloc(8, fit=3)  # type: ignore[arg-type]


def owner_of_the_lowest_block(pool: Pool) -> Window:
    """That half of its header which names its slot."""
    memory, stats = pool._heap.memory, pool.stats()
    half = stats.block_overhead // 2
    return memory.window(memory.address + stats.control_bytes + half, half)


def test_damage_is_named(pool: Pool) -> None:
    block = pool.alloc(100)
    owner = owner_of_the_lowest_block(pool)
    owner[0] ^= 2
    with pytest.raises(defrag.CorruptError, match=r"I\d+: "):
        pool.check()
    owner[0] ^= 2
    pool.check()
    assert block


def test_damage_found_in_a_block_let_go_is_told_once(pool: Pool) -> None:
    block = pool.alloc(100)
    owner = owner_of_the_lowest_block(pool)
    owner[0] ^= 2
    del block
    with pytest.raises(defrag.CorruptError):
        pool.clean()
    owner[0] ^= 2
    pool.check()
    assert pool.stats().live == 1
