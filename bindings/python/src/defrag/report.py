# SPDX-License-Identifier: MIT
"""What a pool can be told and what it tells."""

import ctypes
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, Self

from . import _abi
from .errors import Status

if TYPE_CHECKING:
    from .block import Block


class Fit(IntEnum):
    """How hard an allocation or a resize tries. B is the number of blocks, H that of holes."""

    FAST = _abi.DEFRAG_FAST
    """O(1), moves nothing. May refuse although a hole would do."""
    BEST = _abi.DEFRAG_BEST
    """O(H), moves nothing. Refuses only if no hole fits."""
    MAKE_ROOM = _abi.DEFRAG_MAKE_ROOM
    """O(B) at worst; moves as little as it can. With nothing locked, pinned or aligned above the granule, it refuses only
    if the free bytes do not suffice."""


@dataclass(frozen=True, slots=True)
class Stats:
    """A pool's state and history. used + overhead + free = pool_bytes."""

    granule: int
    """Bytes; block sizes are multiples of it."""
    block_overhead: int
    """Bytes of a block's header."""
    handle_overhead: int
    """Bytes of a handle slot."""
    pool_bytes: int
    """All of the pool."""
    control_bytes: int
    """The control block at its start."""
    capacity: int
    """The largest request that the pool serves when empty, in bytes."""
    used: int
    """Bytes usable in live blocks, their rounding included."""
    overhead: int
    """Bytes of the control block, of block headers, and of the handle table."""
    free: int
    """All other bytes."""
    largest_now: int
    """The largest request that Fit.BEST would serve now, in bytes."""
    largest_after_moving: int
    """The largest request for which sliding blocks, not across locked ones, makes room, in bytes."""
    live: int
    """Live blocks."""
    locked: int
    """Live blocks that are locked or pinned."""
    holes: int
    """Holes, the space above the last block not counted."""
    handles: int
    """Handle slots in the table, used or not."""
    peak_live: int
    """The most blocks that were live at a time."""
    peak_used: int
    """The most bytes in live blocks at a time, headers included."""
    high_water: int
    """The highest end of a block so far, in bytes from the pool's start."""
    refused: int
    """Allocations and resizes that were refused for want of room."""
    largest_refused: int
    """The largest of these requests, in bytes."""
    worst_call_bytes: int
    """The most bytes that one call other than compact moved."""
    moved_bytes: int
    """Bytes moved since the pool was made, headers included."""
    moved_blocks: int
    """Blocks moved since the pool was made."""

    @classmethod
    def _of(cls, raw: _abi.PoolStats) -> Self:
        return cls(**values(raw, cls))


@dataclass(frozen=True, slots=True)
class Progress:
    """What one Pool.step did."""

    done: bool
    """Nothing is left that steps of this budget could move; otherwise call again."""
    moved_bytes: int
    """Bytes copied by this call, headers included; at most max_bytes."""
    moved_blocks: int
    """Blocks that changed place in this call."""
    looked_at: int
    """Holes and blocks considered by this call; at most max_blocks."""
    needs_bytes: int
    """Unless 0, the smallest max_bytes that would move a block which this budget cannot."""

    @classmethod
    def _of(cls, raw: _abi.Progress) -> Self:
        return cls(**values(raw, cls) | {"done": bool(raw.done)})


@dataclass(frozen=True, slots=True)
class Extent:
    """A block or a hole, as Pool.walk shows it."""

    handle: int
    """The block's name, or 0 for a hole."""
    offset: int
    """Where the usable bytes begin, from the pool's start."""
    bytes: int
    """Usable bytes, which is what was asked for, rounded up; of a hole, the largest request it serves."""
    alignment: int
    """Bytes; the granule or more."""
    locks: int
    """Shared locks held, of which a pin is one; or 1 if exclusive."""
    exclusive: bool
    """Whether the block is locked exclusively."""
    block: "Block | None"
    """The Block, unless it is a hole, or no Block names it."""

    @classmethod
    def _of(cls, raw: _abi.Block, block: "Block | None") -> Self:
        return cls(raw.handle, raw.offset, raw.bytes, raw.alignment, raw.locks, bool(raw.exclusive), block)


@dataclass(frozen=True, slots=True)
class FitReport:
    """Whether a request would fit, and what is in its way. It is true if the verdict is OK."""

    verdict: Status
    """OK: there is room, or sliding blocks that are not locked makes it. OUT_OF_MEMORY: the free bytes do not suffice.
    FRAGMENTED: locked blocks are in the way of sliding; as Fit.MAKE_ROOM also moves blocks across them, it may succeed
    nevertheless, and seldom the other way round."""
    now: bool
    """Whether Fit.BEST would serve it, so that nothing need move."""
    missing: int
    """With OUT_OF_MEMORY: how many bytes are missing."""
    handles: tuple[int, ...]
    """With FRAGMENTED: the fewest neighbouring locked blocks that are in the way, lowest address first."""
    blockers: "tuple[Block | None, ...]"
    """The same as Blocks; None stands for one that no Block names."""

    def __bool__(self) -> bool:
        return self.verdict is Status.OK


def values(raw: ctypes.Structure, shape: type[Stats] | type[Progress]) -> dict[str, Any]:
    """The fields of a C structure that a class of the same field names has."""
    return {field.name: getattr(raw, field.name) for field in fields(shape)}
