# SPDX-License-Identifier: MIT
"""Calls come one at a time."""

import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from defrag import Block, BusyError, DefragError, NoRoomError, Pool
from defrag.events import Event, watch


@pytest.fixture
def hasty_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def during_a_call(pool: Pool, act: Callable[[], object]) -> None:
    """Runs `act` while the library is in the midst of a call on the pool."""

    def at_event(_: Event) -> None:
        act()

    pool._heap.streams.append(at_event)
    with pool._heap as heap:
        watch(heap)
    pool.alloc(8)


@pytest.mark.parametrize(
    "ask",
    [
        Pool.stats,
        Pool.walk,
        Pool.check,
        Pool.compact,
        Pool.clean,
        Pool.snapshot,
        lambda pool: pool.alloc(8),
        lambda pool: pool.step(1, 1),
        lambda pool: pool.would_fit(1),
        lambda pool: pool.restore(b""),
        lambda pool: pool.block(1),
        lambda pool: pool.events().__enter__(),
    ],
)
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_call_during_a_call_is_refused(pool: Pool, ask: Callable[[Pool], object], elsewhere: bool) -> None:
    refusals: list[BaseException] = []

    def attempt() -> None:
        try:
            ask(pool)
        except DefragError as error:
            refusals.append(error)

    def attempt_elsewhere() -> None:
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()

    during_a_call(pool, attempt_elsewhere if elsewhere else attempt)
    assert [type(refusal) for refusal in refusals] == [BusyError]
    assert "lock of your own" in str(refusals[0])
    pool.check()


def test_a_block_let_go_during_a_call_is_freed_by_the_next(pool: Pool) -> None:
    blocks = [pool.alloc(8), pool.alloc(8)]
    during_a_call(pool, blocks.clear)
    assert pool.stats().live == 0


def test_an_unlock_refused_as_busy_is_made_good(pool: Pool) -> None:
    block = pool.alloc(8)
    lock = block.lock()
    refusals = []

    def unlock() -> None:
        with pytest.raises(BusyError):
            lock.unlock()
        refusals.append(1)

    during_a_call(pool, unlock)
    assert refusals
    assert pool.stats().locked == 0


@pytest.mark.usefixtures("hasty_switches")
def test_threads_without_a_guard_do_no_harm(pool: Pool) -> None:
    def use(value: int) -> int:
        kept: list[Block] = []
        done = 0
        for i in range(400):
            try:
                block = pool.alloc(1 + (i * value) % 90)
                with block.lock() as view:
                    view[:] = bytes([value]) * len(view)
                kept = [*kept[-5:], block]
                with kept[0].read() as view:
                    assert set(view) <= {value} or not any(view)
                done += 1
            except (BusyError, NoRoomError):
                pass
        return done

    with ThreadPoolExecutor(4) as threads:
        done = sum(threads.map(use, range(1, 5)))
    assert done > 0
    pool.check()
    assert pool.stats().live == 0


def test_threads_with_a_guard_get_everything_done(pool: Pool) -> None:
    guard = threading.Lock()

    def use(value: int) -> None:
        for _ in range(100):
            with guard:
                block = pool.alloc(20)
                lock = block.lock()
            lock.view[:] = bytes([value]) * 20  # views need no guard
            with guard:
                lock.unlock()
                pool.compact()
            with guard, block.read() as view:
                assert bytes(view) == bytes([value]) * 20
            with guard:
                block.free()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(use, range(4)))
    assert pool.stats().live == 0
