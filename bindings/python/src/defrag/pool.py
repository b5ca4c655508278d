# SPDX-License-Identifier: MIT
"""Pools."""

import ctypes
from typing import Self

from . import _abi
from ._heap import Heap, sized, unsigned
from ._library import LARGEST
from ._memory import Memory
from .block import Block
from .errors import (
    CorruptError,
    InvalidAlignmentError,
    InvalidArgumentError,
    InvalidHandleError,
    InvalidPoolError,
    InvalidSizeError,
    LockedError,
    Status,
    check,
)
from .events import Events, watch
from .report import Extent, Fit, FitReport, Progress, Stats

Image = bytes | bytearray | memoryview


class Pool:
    """A heap whose blocks may move while nobody looks at them, so that its free memory can always be gathered.

    Calls come one at a time: BusyError is raised, and nothing done, if a call is made, on the pool or on a block of it,
    while another is under way, as may happen with several threads; guard the pool with a lock of your own then. Views of
    locked blocks may be used by any thread at any time.

    Only `alloc` and Block.resize with Fit.MAKE_ROOM, `compact` and `step` move blocks; Block.resize may also move the
    block itself. None of them moves a block that is locked, pinned, or looked at. Sizes are in bytes. Complexity counts
    B, the blocks, and H, the holes.
    """

    def __init__(self, size: int, width: int = 16, *, handles: int = 0, watermark: int = 0, tag: int = 0) -> None:
        """Makes an empty pool of `size` bytes in memory of its own. O(size).

        With width=16 it has 256 bytes to 256 KiB, and a block costs 8 bytes beyond its size rounded up; with width=32 it
        has 256 bytes to 4 GiB less 4 KiB, and a block costs 16. `handles` slots are set aside at once; the table still
        grows. `step` rests while a request of `watermark` bytes would fit. `tag`, 1 to 31, marks the handles; with 0 it is
        drawn from the address.

        ValueError: the width is neither. InvalidSizeError: size or handles do not suit. InvalidArgumentError: the tag.
        """
        if unsigned(size) > LARGEST.get(width, size):
            raise InvalidSizeError
        config = sized(
            _abi.Config,
            handles=unsigned(handles, 32),
            watermark=unsigned(watermark),
            tag=unsigned(tag, 32, InvalidArgumentError),
        )
        self._width = width
        self._heap = Heap(width, Memory(size))
        self._heap.make(config)

    @classmethod
    def from_snapshot(cls, image: Image, width: int = 16) -> Self:
        """Makes a pool from what `snapshot` returned, in this process or another. Its blocks have no Block yet, and stay
        until they are named by `block`. O(len(image)). Fails as `restore`."""
        pool = cls.__new__(cls)
        pool._width = width
        pool._heap = _heap_from(image, width)
        return pool

    @property
    def width(self) -> int:
        """Bits of a link: 16 or 32."""
        return self._width

    # ------------------------------------------------------------------------------------------------------- blocks

    def alloc(
        self, size: int, *, fit: Fit = Fit.MAKE_ROOM, align: int = 0, zeroed: bool = False, pinned: bool = False
    ) -> Block:
        """Allocates a block of `size` bytes, 1 or more. Time and moving: see Fit; `zeroed` adds O(size).

        align: a power of two, 1 to 1024, kept through every move; 0 is the granule, 8 bytes or, with width=32, 16.
        zeroed: fills the block with zero bytes; otherwise its contents are undefined.
        pinned: for blocks that stay: they are placed low, and do not move until Block.unpin.

        InvalidSizeError, InvalidAlignmentError. FragmentedError, OutOfMemoryError, OutOfHandlesError: there is no room.
        BusyError: see Pool.
        """
        request = sized(
            _abi.Request,
            flags=zeroed * _abi.DEFRAG_ZEROED | pinned * _abi.DEFRAG_PINNED,
            bytes=unsigned(size),
            alignment=unsigned(align, error=InvalidAlignmentError),
            fit=Fit(fit),
        )
        handle = _abi.Handle()
        with self._heap as heap:
            heap.do("defrag_alloc_with", ctypes.byref(request), ctypes.byref(handle))
            return Block(heap, handle.value, request.bytes, bool(pinned))

    def block(self, handle: int) -> Block:
        """The Block of a handle; for one that had none it is made, owns the block from then on, and has all usable bytes.
        O(B), moves nothing.

        InvalidHandleError: no block has this handle. BusyError: see Pool.
        """
        with self._heap as heap:
            known = heap.blocks.get(handle)
            if known is not None:
                return known
            for raw in heap.walk():
                if raw.handle == handle != 0:
                    return Block(heap, raw.handle, raw.bytes, raw.locks != 0)
            raise InvalidHandleError

    # ------------------------------------------------------------------------------------------------------- moving

    def compact(self) -> None:
        """Moves everything that may move: at most one hole is left below each locked block, and one above all. O(B) and up
        to all bytes. BusyError: see Pool."""
        with self._heap as heap:
            heap.do("defrag_compact")

    def step(self, max_bytes: int, max_blocks: int) -> Progress:
        """Moves a little: copies at most `max_bytes` bytes, and considers at most `max_blocks` holes and blocks. Calls
        repeated with nothing between them end with Progress.done. O(max_bytes + max_blocks).

        InvalidSizeError: a number is negative or too large. BusyError: see Pool.
        """
        progress = sized(_abi.Progress)
        budget = unsigned(max_bytes), unsigned(max_blocks)
        with self._heap as heap:
            heap.do("defrag_step", *budget, ctypes.byref(progress))
        return Progress._of(progress)

    def clean(self) -> None:
        """Gives unused handle slots at the end of the table back as free memory. O(handles), moves nothing. BusyError: see
        Pool."""
        with self._heap as heap:
            heap.do("defrag_clean")

    # ------------------------------------------------------------------------------------------------------ looking

    def stats(self) -> Stats:
        """The pool's state and history. O(B), moves nothing. BusyError: see Pool."""
        stats = sized(_abi.PoolStats)
        with self._heap as heap:
            heap.do("defrag_stats", ctypes.byref(stats))
        return Stats._of(stats)

    def walk(self) -> list[Extent]:
        """All blocks and holes as they are now, lowest address first. O(B), moves nothing. BusyError: see Pool."""
        with self._heap as heap:
            return [Extent._of(raw, heap.blocks.get(raw.handle)) for raw in heap.walk()]

    def would_fit(self, size: int, align: int = 0) -> FitReport:
        """Tells whether a request would fit, and if locks or pins prevent it, the fewest neighbouring blocks that would
        have to go. O(B), moves nothing.

        InvalidSizeError, InvalidAlignmentError: as `alloc`. BusyError: see Pool.
        """
        request = unsigned(size), unsigned(align, error=InvalidAlignmentError)
        report = sized(_abi.FitReport)
        with self._heap as heap:
            heap.do("defrag_would_fit", *request, ctypes.byref(report))
            handles = (_abi.Handle * report.blocking)()
            report.blockers = handles
            report.capacity = len(handles)
            heap.do("defrag_would_fit", *request, ctypes.byref(report))
            blockers = tuple(heap.blocks.get(handle) for handle in handles)
        return FitReport(Status(report.verdict), bool(report.now), report.missing, tuple(handles), blockers)

    def check(self) -> None:
        """Verifies every invariant of the pool. O(B), moves nothing. CorruptError: one is broken, and the text says which.
        BusyError: see Pool."""
        broken = ctypes.c_int32()
        with self._heap as heap:
            status = heap.library.defrag_check(heap.pool, ctypes.byref(broken))
            if status == Status.CORRUPT:
                raise CorruptError(str(heap.library.defrag_invariant_text(broken), "ascii"))
            check(status)

    def events(self) -> Events:
        """`with pool.events() as events:` notes what happens in the pool; iterate over it to read that. O(1)."""
        return Events(self._heap)

    # ------------------------------------------------------------------------------------------------------- images

    def snapshot(self) -> bytes:
        """The pool as bytes, with all blocks, handles, pins and contents. O(size), moves nothing.

        LockedError: something looks at a block. BusyError: see Pool.
        """
        with self._heap as heap:
            if heap.views:
                raise LockedError(_VIEWS)
            return heap.memory.image()

    def restore(self, image: Image) -> None:
        """Makes the pool what it was when `snapshot` made the image, its size included. O(len(image)).

        A Block names what its handle names in the image, and counts as freed if that is nothing. If its size differed, it
        then has all usable bytes. A block of the image that no Block names stays until it is named by `block`.

        LockedError: something looks at a block of the pool, or the image was taken elsewhere while a block was locked.
        InvalidPoolError: it is no image of a pool of this width. CorruptError: it breaks an invariant. All of these leave
        the pool as it was. BusyError: see Pool.
        """
        with self._heap as heap:
            if heap.views:
                raise LockedError(_VIEWS)
            restored = _heap_from(image, self._width)
            named = list(heap.blocks.values())  # so that none is let go while they are named anew
            heap.sweep()
            before = {raw.handle: raw.bytes for raw in heap.walk()}
            after = {raw.handle: raw for raw in restored.walk() if raw.handle}
            heap.memory, heap.pool = restored.memory, restored.pool
            watch(heap)
            for block in named:
                block._adopt(after.get(block.handle), before.get(block.handle))


_VIEWS = "a block of the pool is locked"


def _heap_from(image: Image, width: int) -> Heap:
    """A heap of its own from an image."""
    content = memoryview(image).cast("B")
    if len(content) > LARGEST.get(width, len(content)):
        raise InvalidPoolError
    heap = Heap(width, Memory(len(content)))
    heap.memory.fill(content)
    heap.attach()
    if any(raw.exclusive or raw.locks > 1 for raw in heap.walk()):
        raise LockedError("the image was taken while a block was locked")
    return heap
