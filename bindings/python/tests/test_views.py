# SPDX-License-Identifier: MIT
"""Whatever looks at a block keeps it where it is."""

import ctypes
import gc
import pickle
from collections.abc import Callable
from typing import Any

import defrag
import numpy as np
import pytest
from defrag import Block, Fit, Lock, Pool

LEFTOVERS: dict[str, Callable[[memoryview], Any]] = {
    "slice": lambda view: view[2:5],
    "slice of a slice": lambda view: view[2:][1:3],
    "strided slice": lambda view: view[::2],
    "cast": lambda view: view.cast("i"),
    "copy": memoryview,
    "read-only copy": lambda view: view.toreadonly(),
    "exporter": lambda view: view.obj,
    "pickle buffer": pickle.PickleBuffer,
    "NumPy array": lambda view: np.frombuffer(view, np.int16),
    "NumPy slice": lambda view: np.asarray(view)[3:],
    "NumPy reshape": lambda view: np.frombuffer(view, np.uint8).reshape(2, -1).T,
    "NumPy over the exporter": lambda view: np.asarray(view.obj),
    "list of views": lambda view: [[view[1:]], {"a": view[:1]}],
    "closure": lambda view: lambda part=view[1:]: bytes(part),
}
WRITABLE_LEFTOVERS: dict[str, Callable[[memoryview], Any]] = {
    "ctypes array": lambda view: (ctypes.c_ubyte * 8).from_buffer(view, 8),
    "ctypes structure": lambda view: ctypes.c_uint32.from_buffer(view),
    "ctypes pointer": lambda view: ctypes.pointer(ctypes.c_uint32.from_buffer(view)),
    "ctypes cast": lambda view: ctypes.cast(view.obj, ctypes.POINTER(ctypes.c_ubyte)),  # type: ignore[arg-type]
    "ctypes contents": lambda view: (
        ctypes.cast(
            view.obj,  # type: ignore[arg-type]
            ctypes.POINTER(ctypes.c_ubyte),
        ).contents
    ),
    "byref": lambda view: ctypes.byref(view.obj),  # type: ignore[arg-type]
}


@pytest.fixture
def block(pool: Pool) -> Block:
    """Has a hole before it, so that compaction wants to move it."""
    below = pool.alloc(64)
    block = pool.alloc(64)
    below.free()
    return block


def place(pool: Pool) -> int:
    return next(extent.offset for extent in pool.walk() if extent.handle)


def leave(lock: Lock, make: Callable[[memoryview], Any]) -> list[Any]:
    """Ends a lock while something made of its view is left, and returns that."""
    leftovers: list[Any] = []
    with pytest.raises(BufferError, match="still looks at this block"), lock as view:
        leftovers.append(make(view))
    return leftovers


def assert_stays_until_gone(pool: Pool, block: Block, leftovers: list[Any]) -> None:
    before = place(pool)
    pool.compact()
    assert place(pool) == before
    for refused in (block.free, block.lock, lambda: block.resize(8), pool.snapshot):
        with pytest.raises(defrag.LockedError):
            refused()
    leftovers.clear()
    gc.collect()  # ctypes.cast leaves a cycle
    pool.compact()
    assert place(pool) < before
    block.lock().unlock()
    block.free()


@pytest.mark.parametrize("make", [*LEFTOVERS.values(), *WRITABLE_LEFTOVERS.values()])
def test_what_outlives_an_exclusive_lock_keeps_it(pool: Pool, block: Block, make: Callable[[memoryview], Any]) -> None:
    assert_stays_until_gone(pool, block, leave(block.lock(), make))


@pytest.mark.parametrize("make", LEFTOVERS.values())
def test_what_outlives_a_shared_lock_keeps_it(pool: Pool, block: Block, make: Callable[[memoryview], Any]) -> None:
    assert_stays_until_gone(pool, block, leave(block.read(), make))


@pytest.mark.parametrize("make", LEFTOVERS.values())
def test_what_outlives_its_block_and_its_pool_is_still_memory(
    pool: Pool, block: Block, make: Callable[[memoryview], Any]
) -> None:
    with block.lock() as view:
        view[:] = bytes(range(64))
    with pytest.raises(BufferError), block.lock() as view:
        leftover = make(view)
        kept = view[:]
    del block
    pool.compact()
    others = [pool.alloc(16) for _ in range(8)]
    for other in others:
        with other.lock() as other_view:
            other_view[:] = b"\xff" * 16
    assert bytes(kept) == bytes(range(64))
    del pool, others, other
    gc.collect()
    kept[:] = bytes(reversed(kept))
    assert bytes(kept) == bytes(reversed(range(64)))
    assert leftover is not None


def test_a_view_is_of_no_use_after_its_lock(pool: Pool) -> None:
    block = pool.alloc(8)
    with block.lock() as view:
        iterator = iter(view)
        assert next(iterator) is not None
    for use in (lambda: view[0], lambda: bytes(view), lambda: memoryview(view), lambda: next(iterator)):
        with pytest.raises(ValueError, match="released"):
            use()


def test_a_copy_of_the_content_does_not_count(pool: Pool) -> None:
    block = pool.alloc(8, zeroed=True)
    with block.lock() as view:
        copies = bytes(view), view.tolist(), np.array(view), (ctypes.c_ubyte * 8).from_buffer_copy(view)
    assert [bytes(copy) for copy in copies] == [bytes(8)] * 4


def test_garbage_counts_until_it_is_collected(pool: Pool) -> None:
    block = pool.alloc(8)
    with pytest.raises(BufferError), block.lock() as view:
        cycle: list[Any] = [view[1:]]
        cycle.append(cycle)
        del cycle
    gc.collect()
    block.free()


def test_a_lock_can_be_given_up_once_what_looked_is_gone(pool: Pool) -> None:
    block = pool.alloc(8)
    lock = block.lock()
    part = lock.view[1:]
    with pytest.raises(BufferError):
        lock.unlock()
    part[0] = 1
    del part
    lock.unlock()
    lock.unlock()  # nothing is left to be done
    assert pool.stats().locked == 0


def test_a_lock_that_is_dropped_ends(pool: Pool) -> None:
    block = pool.alloc(8)
    block.lock()
    assert pool.stats().locked == 0


def test_a_lock_holds_while_only_its_view_is_kept(pool: Pool) -> None:
    block = pool.alloc(8)
    view = block.lock().view
    assert pool.stats().locked == 1
    view[0] = 1
    del view
    assert pool.stats().locked == 0


def test_an_exception_within_the_lock_comes_out(pool: Pool) -> None:
    block = pool.alloc(8)
    with pytest.raises(KeyError), block.lock() as view:
        raise KeyError(view[0])
    block.free()


def test_an_exception_is_the_context_of_a_refused_unlock(pool: Pool) -> None:
    block = pool.alloc(8)
    with pytest.raises(BufferError) as refused, block.lock() as view:
        part = view[1:]
        raise KeyError
    assert isinstance(refused.value.__context__, KeyError)
    del part


def test_a_view_of_a_reader_cannot_be_written(pool: Pool) -> None:
    with pool.alloc(8) as block, block.read() as view:
        assert view.readonly
        with pytest.raises(TypeError, match="read-only"):
            view[0] = 1
        array = np.frombuffer(view, np.uint8)
        assert not array.flags.writeable
        del array


def test_readers_read_together(pool: Pool) -> None:
    block = pool.alloc(8, zeroed=True)
    with block.read() as first, block.read() as second:
        assert bytes(first) == bytes(second)
        with pytest.raises(defrag.LockedError):
            block.lock()


def test_a_numpy_array_works_on_the_block_itself(pool: Pool) -> None:
    block = pool.alloc(80, align=64)
    with block.lock() as view:
        numbers = np.frombuffer(view, np.float64)
        numbers[:] = np.arange(10)
        numbers *= 2
        del numbers
    pool.compact()
    with block.read() as view:
        assert np.frombuffer(view, np.float64).tolist() == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18]


def test_a_view_has_the_bytes_that_were_asked_for(pool: Pool) -> None:
    for size in (1, 4, 5, 98, 333):
        with pool.alloc(size) as block, block.lock() as view:
            assert (len(block), len(view), view.format, view.ndim) == (size, size, "B", 1)


@pytest.mark.parametrize("align", [8, 16, 64, 1024])
def test_a_block_is_aligned_through_every_move(width: int, align: int) -> None:
    pool = Pool(8192, width)
    below = pool.alloc(100)
    block = pool.alloc(100, align=align)
    changes: list[Callable[[], None]] = [pool.check, below.free, pool.compact, lambda: block.resize(400), pool.compact]
    for change in changes:
        change()
        with block.lock() as view:
            assert ctypes.addressof(view.obj) % align == 0  # type: ignore[arg-type]


def test_a_pinned_block_is_written_like_any_other_and_stays(pool: Pool) -> None:
    below = pool.alloc(64)
    block = pool.alloc(64, pinned=True, fit=Fit.BEST)
    below.free()
    before = place(pool)
    with block.lock() as view:
        view[0] = 7
        for refused in (block.unpin, block.free, block.lock, block.read):
            with pytest.raises(defrag.LockedError):
                refused()
    with block.read() as view:
        assert view[0] == 7
        with pytest.raises(defrag.LockedError):
            block.lock()
    pool.compact()
    assert place(pool) == before
    block.unpin()
    pool.compact()
    assert place(pool) < before


def test_a_pin_given_up_while_read_keeps_the_reader(pool: Pool) -> None:
    below = pool.alloc(64)
    block = pool.alloc(64, pinned=True)
    below.free()
    before = place(pool)
    with block.read() as view:
        block.unpin()
        pool.compact()
        assert place(pool) == before
        assert len(view) == 64
    assert pool.stats().locked == 0
