# SPDX-License-Identifier: MIT
"""A heap with movable blocks: no allocation fails for fragmentation.

A Pool hands out Blocks. While nobody looks at a block the pool may move it; within `with block.lock() as view:` it stays
where it is, and `view` is its memory. A view, or anything made of it, that is kept beyond the block makes the end of the
lock refuse with BufferError, so no Python code ever sees memory that has moved; short of raw addresses, as ctypes and
others hand out, for which nobody can vouch.
"""

from . import _abi
from .block import Block
from .errors import (
    BusyError,
    CorruptError,
    DefragError,
    FragmentedError,
    InvalidAlignmentError,
    InvalidArgumentError,
    InvalidHandleError,
    InvalidPoolError,
    InvalidSizeError,
    LockedError,
    NoRoomError,
    NotLockedError,
    OutOfHandlesError,
    OutOfMemoryError,
    Status,
    TooManyLocksError,
)
from .events import Event, EventKind, Events
from .lock import Lock
from .pool import Pool
from .report import Extent, Fit, FitReport, Progress, Stats

__all__ = [
    "Block",
    "BusyError",
    "CorruptError",
    "DefragError",
    "Event",
    "EventKind",
    "Events",
    "Extent",
    "Fit",
    "FitReport",
    "FragmentedError",
    "InvalidAlignmentError",
    "InvalidArgumentError",
    "InvalidHandleError",
    "InvalidPoolError",
    "InvalidSizeError",
    "Lock",
    "LockedError",
    "NoRoomError",
    "NotLockedError",
    "OutOfHandlesError",
    "OutOfMemoryError",
    "Pool",
    "Progress",
    "Stats",
    "Status",
    "TooManyLocksError",
]

__version__ = f"{_abi.DEFRAG_VERSION_MAJOR}.{_abi.DEFRAG_VERSION_MINOR}.{_abi.DEFRAG_VERSION_PATCH}"
