# SPDX-License-Identifier: MIT
"""Generated from defrag.h by tools/generate_abi.py; change that, not this."""

import ctypes
from typing import Any

DEFRAG_OK = 0
DEFRAG_FRAGMENTED = 1
DEFRAG_OUT_OF_MEMORY = 2
DEFRAG_OUT_OF_HANDLES = 3
DEFRAG_INVALID_SIZE = 4
DEFRAG_INVALID_ALIGNMENT = 5
DEFRAG_INVALID_HANDLE = 6
DEFRAG_LOCKED = 7
DEFRAG_NOT_LOCKED = 8
DEFRAG_TOO_MANY_LOCKS = 9
DEFRAG_INVALID_POOL = 10
DEFRAG_CORRUPT = 11
DEFRAG_BUSY = 12
DEFRAG_INVALID_ARGUMENT = 13
DEFRAG_FAST = 0
DEFRAG_BEST = 1
DEFRAG_MAKE_ROOM = 2
DEFRAG_ZEROED = 1
DEFRAG_PINNED = 2
DEFRAG_EVENT_ALLOC = 1
DEFRAG_EVENT_FREE = 2
DEFRAG_EVENT_MOVE = 3
DEFRAG_EVENT_RESIZE = 4
DEFRAG_EVENT_LOCK = 5
DEFRAG_EVENT_UNLOCK = 6
DEFRAG_EVENT_REFUSE = 7
DEFRAG_VERSION_MAJOR = 0
DEFRAG_VERSION_MINOR = 1
DEFRAG_VERSION_PATCH = 0
DEFRAG_VERSION = 100
DEFRAG_MIN_POOL_BYTES = 256
DEFRAG_MAX_ALIGNMENT = 1024
DEFRAG_MAX_SHARED_LOCKS = 12
DEFRAG_NO_HANDLE = 0

Status = ctypes.c_int32


class Pool(ctypes.Structure):
    """Opaque."""


Handle = ctypes.c_uint32
Fit = ctypes.c_int32


class Config(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("handles", ctypes.c_uint32),
        ("watermark", ctypes.c_size_t),
        ("tag", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class Request(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("flags", ctypes.c_uint32),
        ("bytes", ctypes.c_size_t),
        ("alignment", ctypes.c_size_t),
        ("fit", Fit),
        ("reserved", ctypes.c_uint32),
    )


class Progress(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("done", ctypes.c_uint32),
        ("moved_bytes", ctypes.c_size_t),
        ("moved_blocks", ctypes.c_size_t),
        ("looked_at", ctypes.c_size_t),
        ("needs_bytes", ctypes.c_size_t),
    )


class PoolStats(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("granule", ctypes.c_uint32),
        ("block_overhead", ctypes.c_uint32),
        ("handle_overhead", ctypes.c_uint32),
        ("pool_bytes", ctypes.c_size_t),
        ("control_bytes", ctypes.c_size_t),
        ("capacity", ctypes.c_size_t),
        ("used", ctypes.c_size_t),
        ("overhead", ctypes.c_size_t),
        ("free", ctypes.c_size_t),
        ("largest_now", ctypes.c_size_t),
        ("largest_after_moving", ctypes.c_size_t),
        ("live", ctypes.c_size_t),
        ("locked", ctypes.c_size_t),
        ("holes", ctypes.c_size_t),
        ("handles", ctypes.c_size_t),
        ("peak_live", ctypes.c_size_t),
        ("peak_used", ctypes.c_size_t),
        ("high_water", ctypes.c_size_t),
        ("refused", ctypes.c_size_t),
        ("largest_refused", ctypes.c_size_t),
        ("worst_call_bytes", ctypes.c_size_t),
        ("moved_bytes", ctypes.c_uint64),
        ("moved_blocks", ctypes.c_uint64),
    )


class FitReport(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("verdict", Status),
        ("now", ctypes.c_uint32),
        ("blocking", ctypes.c_uint32),
        ("missing", ctypes.c_size_t),
        ("blockers", ctypes.POINTER(Handle)),
        ("capacity", ctypes.c_size_t),
    )


class Block(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("handle", Handle),
        ("offset", ctypes.c_size_t),
        ("bytes", ctypes.c_size_t),
        ("alignment", ctypes.c_uint32),
        ("locks", ctypes.c_uint32),
        ("exclusive", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class Event(ctypes.Structure):
    _fields_ = (
        ("size", ctypes.c_uint32),
        ("kind", ctypes.c_int32),
        ("handle", Handle),
        ("status", Status),
        ("offset", ctypes.c_size_t),
        ("from", ctypes.c_size_t),
        ("bytes", ctypes.c_size_t),
    )


Observer = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.POINTER(Pool), ctypes.POINTER(Event))

# Each function's result and arguments.
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "defrag_init": (
        Status,
        (ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(Config), ctypes.POINTER(ctypes.POINTER(Pool))),
    ),
    "defrag_attach": (
        Status,
        (ctypes.c_void_p, ctypes.c_size_t, ctypes.POINTER(ctypes.POINTER(Pool))),
    ),
    "defrag_deinit": (
        Status,
        (ctypes.POINTER(Pool),),
    ),
    "defrag_alloc": (
        Status,
        (ctypes.POINTER(Pool), ctypes.c_size_t, Fit, ctypes.POINTER(Handle)),
    ),
    "defrag_alloc_array": (
        Status,
        (ctypes.POINTER(Pool), ctypes.c_size_t, ctypes.c_size_t, Fit, ctypes.POINTER(Handle)),
    ),
    "defrag_alloc_with": (
        Status,
        (ctypes.POINTER(Pool), ctypes.POINTER(Request), ctypes.POINTER(Handle)),
    ),
    "defrag_free": (
        Status,
        (ctypes.POINTER(Pool), Handle),
    ),
    "defrag_resize": (
        Status,
        (ctypes.POINTER(Pool), Handle, ctypes.c_size_t, Fit),
    ),
    "defrag_usable_size": (
        Status,
        (ctypes.POINTER(Pool), Handle, ctypes.POINTER(ctypes.c_size_t)),
    ),
    "defrag_lock": (
        Status,
        (ctypes.POINTER(Pool), Handle, ctypes.POINTER(ctypes.c_void_p)),
    ),
    "defrag_lock_shared": (
        Status,
        (ctypes.POINTER(Pool), Handle, ctypes.POINTER(ctypes.c_void_p)),
    ),
    "defrag_unlock": (
        Status,
        (ctypes.POINTER(Pool), Handle),
    ),
    "defrag_clean": (
        Status,
        (ctypes.POINTER(Pool),),
    ),
    "defrag_compact": (
        Status,
        (ctypes.POINTER(Pool),),
    ),
    "defrag_step": (
        Status,
        (ctypes.POINTER(Pool), ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(Progress)),
    ),
    "defrag_stats": (
        Status,
        (ctypes.POINTER(Pool), ctypes.POINTER(PoolStats)),
    ),
    "defrag_would_fit": (
        Status,
        (ctypes.POINTER(Pool), ctypes.c_size_t, ctypes.c_size_t, ctypes.POINTER(FitReport)),
    ),
    "defrag_walk": (
        ctypes.c_bool,
        (ctypes.POINTER(Pool), ctypes.POINTER(Block)),
    ),
    "defrag_check": (
        Status,
        (ctypes.POINTER(Pool), ctypes.POINTER(ctypes.c_int32)),
    ),
    "defrag_observe": (
        Status,
        (ctypes.POINTER(Pool), Observer, ctypes.c_void_p),
    ),
    "defrag_status_text": (
        ctypes.c_char_p,
        (Status,),
    ),
    "defrag_invariant_text": (
        ctypes.c_char_p,
        (ctypes.c_int32,),
    ),
    "defrag_version": (
        ctypes.c_uint32,
        (),
    ),
}
