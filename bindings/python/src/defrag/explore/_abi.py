# SPDX-License-Identifier: MIT
"""Generated from trace.h and trace_change.h and replay.h by tools/generate_abi.py; change that, not this."""

import ctypes
from typing import Any

TRACE_MAGIC_BYTES = 8
TRACE_RECORD_BYTES = 40
TRACE_SENTENCE_BYTES = 256
TRACE_USUAL_ALIGNMENT = 16
TRACE_ALIGNMENT_BITS = 31
TRACE_NONE = 0
TRACE_ALLOCATE = 1
TRACE_ALLOCATE_WITH = 2
TRACE_FREE = 3
TRACE_RESIZE = 4
TRACE_THREAD = 5
TRACE_END = 6
TRACE_LOCK = 7
TRACE_OK = 0
TRACE_FOREIGN = 1
TRACE_OTHER_VERSION = 2
TRACE_CUT = 3
TRACE_MALFORMED = 4
TRACE_MAX_BYTES = 4294967295
TRACE_MAX_LENGTH = 1073741824
TRACE_MAX_NUMBER = 4294967294
REPLAY_OVERHEAD = 4294967295
REPLAY_OK = 0
REPLAY_NO_POOL = 1
REPLAY_NO_MEMORY = 2
REPLAY_BROKEN = 3
REPLAY_BAD_TRACE = 4

TraceKind = ctypes.c_int


class TraceTotals(ctypes.Structure):
    _fields_ = (
        ("operations", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("live", ctypes.c_uint64),
    )


class TraceRecord(ctypes.Structure):
    _fields_ = (
        ("kind", TraceKind),
        ("number", ctypes.c_uint32),
        ("bytes", ctypes.c_uint64),
        ("alignment", ctypes.c_uint32),
        ("zeroed", ctypes.c_bool),
        ("locks", ctypes.c_bool),
        ("totals", TraceTotals),
    )


class TraceCursor(ctypes.Structure):
    _fields_ = (
        ("at", ctypes.POINTER(ctypes.c_uint8)),
        ("end", ctypes.POINTER(ctypes.c_uint8)),
    )


TraceStatus = ctypes.c_int


class TraceSummary(ctypes.Structure):
    _fields_ = (
        ("totals", TraceTotals),
        ("allocated_bytes", ctypes.c_uint64),
        ("peak_bytes", ctypes.c_uint64),
        ("peak_blocks", ctypes.c_uint32),
        ("numbers", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
    )


ReplayStatus = ctypes.c_int32


class ReplayOptions(ctypes.Structure):
    _fields_ = (
        ("pool_bytes", ctypes.c_uint64),
        ("step_bytes", ctypes.c_uint64),
        ("step_blocks", ctypes.c_uint64),
        ("until", ctypes.c_uint64),
        ("fit", ctypes.c_int32),
        ("link_width", ctypes.c_uint32),
        ("locked", ctypes.c_uint32),
        ("locked_seed", ctypes.c_uint32),
        ("verify", ctypes.c_uint32),
        ("stop_at_refusal", ctypes.c_uint32),
    )


class ReplaySample(ctypes.Structure):
    _fields_ = (
        ("operation", ctypes.c_uint64),
        ("live", ctypes.c_uint64),
        ("locked", ctypes.c_uint64),
        ("asked", ctypes.c_uint64),
        ("used", ctypes.c_uint64),
        ("overhead", ctypes.c_uint64),
        ("free", ctypes.c_uint64),
        ("holes", ctypes.c_uint64),
        ("largest_now", ctypes.c_uint64),
        ("largest_after_moving", ctypes.c_uint64),
        ("moved_bytes", ctypes.c_uint64),
        ("refused", ctypes.c_uint64),
        ("fragmentation", ctypes.c_double),
    )


class ReplayCell(ctypes.Structure):
    _fields_ = (
        ("used", ctypes.c_uint32),
        ("share", ctypes.c_uint32),
        ("block", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("born", ctypes.c_uint32),
        ("locks", ctypes.c_uint32),
    )


class ReplayMove(ctypes.Structure):
    _fields_ = (
        ("operation", ctypes.c_uint64),
        ("from", ctypes.c_uint64),
        ("to", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
    )


class ReplayViews(ctypes.Structure):
    _fields_ = (
        ("samples", ctypes.POINTER(ReplaySample)),
        ("cells", ctypes.POINTER(ReplayCell)),
        ("moves", ctypes.POINTER(ReplayMove)),
        ("moved", ctypes.POINTER(ctypes.c_uint32)),
        ("stepped", ctypes.POINTER(ctypes.c_uint32)),
        ("sample_capacity", ctypes.c_uint64),
        ("rows", ctypes.c_uint64),
        ("move_capacity", ctypes.c_uint64),
        ("sample_count", ctypes.c_uint64),
        ("move_count", ctypes.c_uint64),
    )


class ReplayResult(ctypes.Structure):
    _fields_ = (
        ("pool_bytes", ctypes.c_uint64),
        ("operations", ctypes.c_uint64),
        ("skipped", ctypes.c_uint64),
        ("refused", ctypes.c_uint64),
        ("refused_fragmented", ctypes.c_uint64),
        ("refused_out_of_memory", ctypes.c_uint64),
        ("refused_out_of_handles", ctypes.c_uint64),
        ("refused_invalid_size", ctypes.c_uint64),
        ("refused_invalid_alignment", ctypes.c_uint64),
        ("first_refused_operation", ctypes.c_uint64),
        ("first_refused_bytes", ctypes.c_uint64),
        ("moved_bytes", ctypes.c_uint64),
        ("copied_bytes", ctypes.c_uint64),
        ("moved_blocks", ctypes.c_uint64),
        ("worst_allocation", ctypes.c_uint64),
        ("worst_step", ctypes.c_uint64),
        ("peak_live", ctypes.c_uint64),
        ("peak_used", ctypes.c_uint64),
        ("high_water", ctypes.c_uint64),
        ("block_overhead", ctypes.c_uint64),
        ("control_bytes", ctypes.c_uint64),
        ("need_operation", ctypes.c_uint64),
        ("need_asked", ctypes.c_uint64),
        ("need_rounding", ctypes.c_uint64),
        ("need_blocks", ctypes.c_uint64),
        ("first_refused_status", ctypes.c_int32),
        ("link_width", ctypes.c_uint32),
    )


class ReplayReason(ctypes.Structure):
    _fields_ = (
        ("operation", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("alignment", ctypes.c_uint64),
        ("missing", ctypes.c_uint64),
        ("moved", ctypes.c_uint64),
        ("blocking", ctypes.c_uint64),
        ("before", ReplaySample),
        ("block", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("now", ctypes.c_uint32),
        ("verdict", ctypes.c_int32),
        ("status", ctypes.c_int32),
        ("skipped", ctypes.c_uint32),
    )


class ReplayBlocker(ctypes.Structure):
    _fields_ = (
        ("offset", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("born", ctypes.c_uint64),
        ("block", ctypes.c_uint32),
        ("locks", ctypes.c_uint32),
    )


class ReplaySmallest(ctypes.Structure):
    _fields_ = (
        ("pool_bytes", ctypes.c_uint64),
        ("granularity", ctypes.c_uint64),
        ("probes", ctypes.c_uint32),
        ("looked_above", ctypes.c_uint32),
        ("refused_above", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


# Each function's result and arguments.
FUNCTIONS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "trace_check": (
        ctypes.c_bool,
        (ctypes.POINTER(ctypes.c_uint8), ctypes.c_size_t, ctypes.POINTER(TraceSummary), ctypes.c_char_p),
    ),
    "trace_change": (
        ctypes.c_size_t,
        (
            ctypes.POINTER(ctypes.c_uint8),
            ctypes.c_size_t,
            ctypes.POINTER(TraceSummary),
            ctypes.c_double,
            ctypes.c_double,
            ctypes.c_uint64,
            ctypes.POINTER(ctypes.c_uint8),
        ),
    ),
    "replay_run": (
        ReplayStatus,
        (
            ctypes.POINTER(ctypes.c_uint8),
            ctypes.c_size_t,
            ctypes.POINTER(TraceSummary),
            ctypes.POINTER(ReplayOptions),
            ctypes.POINTER(ReplayViews),
            ctypes.POINTER(ReplayResult),
            ctypes.c_char_p,
        ),
    ),
    "replay_why": (
        ReplayStatus,
        (
            ctypes.POINTER(ctypes.c_uint8),
            ctypes.c_size_t,
            ctypes.POINTER(TraceSummary),
            ctypes.POINTER(ReplayOptions),
            ctypes.c_uint64,
            ctypes.POINTER(ReplayReason),
            ctypes.POINTER(ReplayBlocker),
            ctypes.c_uint64,
            ctypes.c_char_p,
        ),
    ),
    "replay_find_smallest": (
        ReplayStatus,
        (
            ctypes.POINTER(ctypes.c_uint8),
            ctypes.c_size_t,
            ctypes.POINTER(TraceSummary),
            ctypes.POINTER(ReplayOptions),
            ctypes.c_uint64,
            ctypes.POINTER(ReplaySmallest),
            ctypes.c_char_p,
        ),
    ),
}
