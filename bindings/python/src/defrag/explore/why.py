# SPDX-License-Identifier: MIT
"""What stands in a request's way."""

import ctypes
from dataclasses import dataclass

from ..errors import Status
from . import _abi
from ._native import library, pointer_to, require, sentence
from .fault import FaultError
from .policy import Policy
from .replay import run
from .trace import Trace

CAPACITY = 1 << 16  # blocks in the way; a gap has at most as many as the pool has blocks


@dataclass(frozen=True)
class Blocker:
    """A locked block."""

    block: int
    """Its number in the trace."""
    offset: int
    """Where its usable bytes begin, from the pool's start."""
    bytes: int
    born: int
    """The operation that allocated it."""
    locks: int


@dataclass(frozen=True)
class Reason:
    """A request, and what it met."""

    operation: int
    block: int
    bytes: int
    resizes: bool
    """Whether a block was to be resized, or one allocated."""
    skipped: bool
    """Whether it is about a block that was refused before."""
    status: Status
    """What became of it."""
    verdict: Status
    """OK if there was room, or sliding blocks that are not locked made it; OUT_OF_MEMORY if the free bytes did not
    suffice; FRAGMENTED if the blockers were in the way."""
    now: bool
    """Whether a hole was large enough."""
    missing: int
    """With OUT_OF_MEMORY: how many bytes."""
    moved: int
    """How many bytes of other blocks were moved for it."""
    free: int
    """Bytes that were free before,"""
    largest_now: int
    """the largest request that would have fit without moving,"""
    largest_after_moving: int
    """and with moving."""
    locked: int
    """How many blocks were locked."""
    blockers: tuple[Blocker, ...]
    """With FRAGMENTED: the fewest neighbouring locked blocks that were in the way."""


def first_refusal(trace: Trace, pool_bytes: int, policy: Policy) -> int:
    options = policy.options(pool_bytes)
    options.stop_at_refusal = True
    operation = run(trace, options).first_refused_operation
    if operation == 0:
        raise FaultError(
            f"'{trace.name}' meets no refusal in this pool; choose a smaller pool, or an operation with --at"
        )
    return operation


def why(trace: Trace, pool_bytes: int, policy: Policy | None = None, at: int | None = None) -> Reason:
    """Looks at what operation `at`, counted from 1, meets in a pool; by default the first that is refused."""
    policy = policy or Policy()
    at = first_refusal(trace, pool_bytes, policy) if at is None else at
    reason, told = _abi.ReplayReason(), sentence()
    blockers = (_abi.ReplayBlocker * CAPACITY)()
    status = library().replay_why(
        pointer_to(trace.data),
        len(trace.data),
        ctypes.byref(trace.summary),
        ctypes.byref(policy.options(pool_bytes)),
        at,
        ctypes.byref(reason),
        blockers,
        CAPACITY,
        told,
    )
    require(status, trace.name, told)
    return reason_of(reason, blockers)


def reason_of(raw: _abi.ReplayReason, blockers: "ctypes.Array[_abi.ReplayBlocker]") -> Reason:
    return Reason(
        operation=raw.operation,
        block=raw.block,
        bytes=raw.bytes,
        resizes=raw.kind == _abi.TRACE_RESIZE,
        skipped=bool(raw.skipped),
        status=Status(raw.status),
        verdict=Status(raw.verdict),
        now=bool(raw.now),
        missing=raw.missing,
        moved=raw.moved,
        free=raw.before.free,
        largest_now=raw.before.largest_now,
        largest_after_moving=raw.before.largest_after_moving,
        locked=raw.before.locked,
        blockers=tuple(
            Blocker(one.block, one.offset, one.bytes, one.born, one.locks) for one in blockers[: raw.blocking]
        ),
    )
