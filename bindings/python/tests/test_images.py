# SPDX-License-Identifier: MIT
"""Snapshots, and what becomes of blocks when one is restored."""

import subprocess
import sys

import defrag
import pytest
from defrag import Block, Pool


def written(pool: Pool, text: bytes) -> Block:
    block = pool.alloc(len(text))
    with block.lock() as view:
        view[:] = text
    return block


def read(block: Block) -> bytes:
    with block.read() as view:
        return bytes(view)


def test_a_restored_pool_is_as_it_was(pool: Pool) -> None:
    block = written(pool, b"before")
    image, stats, extents = pool.snapshot(), pool.stats(), pool.walk()
    with block.lock() as view:
        view[:] = b"behind"
    pool.restore(image)
    assert read(block) == b"before"
    assert (pool.stats(), pool.walk(), pool.snapshot()) == (stats, extents, image)


def test_a_handle_stays_valid_although_its_block_moved(pool: Pool) -> None:
    below = pool.alloc(100)
    block = written(pool, b"content")
    image = pool.snapshot()
    below.free()
    pool.compact()
    pool.restore(image)
    assert read(block) == b"content"
    pool.check()


def test_a_block_that_the_image_lacks_counts_as_freed(pool: Pool) -> None:
    image = pool.snapshot()
    late = pool.alloc(8)
    pool.restore(image)
    assert not late
    with pytest.raises(defrag.InvalidHandleError):
        late.free()


def test_a_block_that_the_image_lacks_is_not_mistaken_for_a_later_one(pool: Pool) -> None:
    image = pool.snapshot()
    late = pool.alloc(8)
    handle = late.handle
    pool.restore(image)
    again = pool.alloc(8)
    assert again.handle == handle  # as the image knows nothing of the first
    assert pool.block(handle) is again
    del late
    assert pool.stats().live == 1


def test_a_block_that_only_the_image_has_stays_until_it_is_named(pool: Pool) -> None:
    block = written(pool, b"content")
    handle = block.handle
    image = pool.snapshot()
    block.free()
    pool.restore(image)
    assert not block
    extent = pool.walk()[0]
    assert (extent.handle, extent.block) == (handle, None)
    named = pool.block(handle)
    assert pool.block(handle) is named
    assert read(named)[:7] == b"content"
    del named
    assert pool.stats().live == 0


def test_sizes_and_pins_are_the_images(pool: Pool) -> None:
    grown, pinned, unpinned = written(pool, b"content"), pool.alloc(8), pool.alloc(8, pinned=True)
    same = pool.alloc(5)
    image = pool.snapshot()
    grown.resize(300)
    pinned.free()
    pinned = pool.alloc(8, pinned=True)
    unpinned.unpin()
    pool.restore(image)
    assert 7 <= len(grown) < 32
    assert read(grown)[:7] == b"content"
    assert not pinned
    assert unpinned.pinned
    assert len(same) == 5
    unpinned.free()
    pool.check()


def test_an_image_may_be_of_another_size(width: int) -> None:
    small, large = Pool(1024, width), Pool(8192, width)
    block = written(small, b"content")
    large.restore(small.snapshot())
    assert large.stats().pool_bytes == 1024
    assert read(large.block(block.handle))[:7] == b"content"


def test_an_image_makes_a_pool_elsewhere(width: int) -> None:
    pool = Pool(4096, width)
    block = pool.alloc(8, align=1024, pinned=True)
    with block.lock() as view:
        view[:] = b"anywhere"
    code = (
        "import sys, defrag\n"
        f"pool = defrag.Pool.from_snapshot(sys.stdin.buffer.read(), {width})\n"
        f"block = pool.block({block.handle})\n"
        "with block.lock() as view: print(bytes(view[:8]).decode(), block.pinned)\n"
    )
    command = [sys.executable, "-c", code]
    result = subprocess.run(command, input=pool.snapshot(), capture_output=True, check=True)
    assert result.stdout.split() == [b"anywhere", b"True"]


def test_a_pool_with_views_is_neither_imaged_nor_restored(pool: Pool) -> None:
    image = pool.snapshot()
    block = pool.alloc(8)
    with block.read() as view:
        with pytest.raises(defrag.LockedError):
            pool.snapshot()
        with pytest.raises(defrag.LockedError):
            pool.restore(image)
        assert len(view) == 8
    pool.restore(image)


def test_an_image_with_a_locked_block_is_refused(pool: Pool) -> None:
    block = pool.alloc(8)
    lock = block.lock()
    image = pool._heap.memory.image()  # as another program might have taken it
    lock.unlock()
    with pytest.raises(defrag.LockedError, match="while a block was locked"):
        pool.restore(image)
    with pytest.raises(defrag.LockedError, match="while a block was locked"):
        Pool.from_snapshot(image, pool.width)


def test_a_damaged_image_changes_nothing(pool: Pool) -> None:
    block = written(pool, b"content")
    image = bytearray(pool.snapshot())
    refused = 0
    for position in range(0, len(image), 7):
        image[position] ^= 0x10
        try:
            pool.restore(image)
        except (defrag.CorruptError, defrag.InvalidPoolError, defrag.InvalidSizeError):
            refused += 1
        image[position] ^= 0x10
        pool.check()
        assert len(read(block)) == 7
    assert refused > 20
