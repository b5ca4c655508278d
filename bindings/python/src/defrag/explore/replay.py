# SPDX-License-Identifier: MIT
"""Runs a trace through a pool."""

import ctypes
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import Status
from . import _abi
from ._native import library, pointer_to, require, sentence
from .policy import Policy
from .trace import Trace

SAMPLES = 1000
REFUSALS = ("fragmented", "out_of_memory", "out_of_handles", "invalid_size", "invalid_alignment")


@dataclass(frozen=True)
class Run:
    """What came of a trace in a pool. Sizes are in bytes."""

    pool_bytes: int
    link_width: int
    operations: int
    """Done, refused or skipped."""
    skipped: int
    """Of these, operations on blocks that were refused."""
    refused: int
    first_refused_operation: int
    """Counted from 1; 0: none was refused."""
    first_refused_bytes: int
    moved_bytes: int
    """Of blocks, headers included, but for those that were resized."""
    copied_bytes: int
    """Of blocks that had to go elsewhere to grow, as realloc copies them."""
    moved_blocks: int
    worst_allocation: int
    """The most bytes of other blocks that one allocation or resize moved."""
    worst_step: int
    peak_live: int
    """The most blocks live at a time."""
    peak_used: int
    """The most bytes in live blocks at a time, headers included."""
    high_water: int
    """The highest end of a block, from the pool's start."""
    control_bytes: int
    block_overhead: int
    """Of a header and a handle slot."""
    need_operation: int
    """When blocks with headers and handle slots took most."""
    need_asked: int
    """What the program had asked for then,"""
    need_rounding: int
    """what its blocks had above that,"""
    need_blocks: int
    """and how many they were."""
    refused_for: dict[str, int]
    """How many requests were refused for which reason."""
    first_refused_status: Status

    @property
    def need_bytes(self) -> int:
        """The least that any heap of this layout must have."""
        overhead = self.need_blocks * self.block_overhead
        return self.control_bytes + self.need_asked + self.need_rounding + overhead


@dataclass(frozen=True)
class Replay:
    """A run and what was seen on its way."""

    trace: Trace
    policy: Policy
    run: Run
    samples: NDArray[Any]
    """How the pool looked, at up to SAMPLES points, with the fields of replay_sample in native/replay.h."""
    moved: NDArray[np.uint32]
    """For each operation, the bytes of other blocks that it moved."""
    stepped: NDArray[np.uint32]
    """For each operation, the bytes that the step after it copied."""
    moves: NDArray[Any]
    """Each move of a block, with the fields of replay_move."""
    cells: NDArray[Any]
    """What fills the slices of the pool at each sample, lowest address first, with the fields of replay_cell."""


def run_of(raw: _abi.ReplayResult) -> Run:
    plain = {field.name: getattr(raw, field.name) for field in fields(Run) if hasattr(raw, field.name)}
    plain["refused_for"] = {name.replace("_", "-"): getattr(raw, f"refused_{name}") for name in REFUSALS}
    plain["first_refused_status"] = Status(raw.first_refused_status)
    return Run(**plain)


def run(trace: Trace, options: _abi.ReplayOptions, views: _abi.ReplayViews | None = None) -> Run:
    result, told = _abi.ReplayResult(), sentence()
    status = library().replay_run(
        pointer_to(trace.data),
        len(trace.data),
        ctypes.byref(trace.summary),
        ctypes.byref(options),
        None if views is None else ctypes.byref(views),
        ctypes.byref(result),
        told,
    )
    require(status, trace.name, told)
    return run_of(result)


def replay(
    trace: Trace,
    pool_bytes: int,
    policy: Policy | None = None,
    *,
    samples: int = SAMPLES,
    rows: int = 0,
    moves: bool = False,
    verify: bool = False,
) -> Replay:
    """Runs a trace through a pool. FaultError if there is no such pool.

    With `rows` the pool is also looked at in so many slices, and with `moves` each move is kept. With `verify` contents
    are verified, and the pool itself: BrokenError if the library breaks its word.
    """
    policy = policy or Policy()
    options = policy.options(pool_bytes)
    options.verify = verify
    samples = min(samples, trace.operations)
    room = run(trace, options).moved_blocks if moves else 0
    taken = np.zeros(samples, np.dtype(_abi.ReplaySample))
    cells = np.zeros((samples, rows), np.dtype(_abi.ReplayCell))
    moved = np.zeros(trace.operations, np.uint32)
    stepped = np.zeros(trace.operations, np.uint32)
    moving = np.zeros(room, np.dtype(_abi.ReplayMove))
    views = _abi.ReplayViews(
        samples=taken.ctypes.data_as(ctypes.POINTER(_abi.ReplaySample)),
        cells=cells.ctypes.data_as(ctypes.POINTER(_abi.ReplayCell)) if rows else None,
        moves=moving.ctypes.data_as(ctypes.POINTER(_abi.ReplayMove)),
        moved=moved.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)),
        stepped=stepped.ctypes.data_as(ctypes.POINTER(ctypes.c_uint32)),
        sample_capacity=samples,
        rows=rows,
        move_capacity=room,
    )
    done = run(trace, options, views)
    count = int(views.sample_count)
    return Replay(trace, policy, done, taken[:count], moved, stepped, moving, cells[:count])
