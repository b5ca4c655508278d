# SPDX-License-Identifier: MIT
"""A film as a trace for Perfetto, or chrome://tracing: an operation takes a microsecond there."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from .film_data import Reel, Side

MOVES, REQUESTS, STEPS, REFUSALS = range(1, 5)
THREADS = {MOVES: "moves", REQUESTS: "requests that moved", STEPS: "steps", REFUSALS: "refusals"}
COUNTERS = {
    "free bytes": "free",
    "largest hole": "largest_now",
    "largest hole after moving": "largest_after_moving",
    "live blocks": "live",
    "moved bytes": "moved_bytes",
}
SLICES = 20000
"""So many steps are written at most, and so many requests that moved: those of the most bytes."""

Event = dict[str, Any]


def names(process: int, reel: Reel, side: Side) -> Iterator[Event]:
    yield {"ph": "M", "ts": 0, "pid": process, "name": "process_name", "args": {"name": f"{reel.title}, {side.label}"}}
    for thread, name in THREADS.items():
        about = {"ph": "M", "ts": 0, "pid": process, "tid": thread}
        yield {**about, "name": "thread_name", "args": {"name": name}}
        yield {**about, "name": "thread_sort_index", "args": {"sort_index": thread}}


def counters(process: int, side: Side) -> Iterator[Event]:
    for sample in side.seen.samples:
        about = {"ph": "C", "ts": int(sample["operation"]), "pid": process}
        for name, field in COUNTERS.items():
            yield {**about, "name": name, "args": {"value": int(sample[field])}}
        percent = round(100 * float(sample["fragmentation"]), 2)
        yield {**about, "name": "fragmentation in percent", "args": {"value": percent}}


def moves(process: int, side: Side) -> Iterator[Event]:
    """Each move that is kept: of a block that made room, and of one that was resized."""
    for name, some in (("move", side.moves.drawn), ("copy", side.copies.drawn)):
        for move in some:
            arguments = {field: int(move[field]) for field in ("from", "to", "bytes")}
            yield {
                "ph": "i",
                "s": "t",
                "ts": int(move["operation"]),
                "pid": process,
                "tid": MOVES,
                "name": name,
                "args": arguments,
            }


def slices(process: int, thread: int, name: str, per_operation: "np.ndarray[Any, Any]") -> Iterator[Event]:
    """The operations with the most bytes."""
    some = np.flatnonzero(per_operation)
    order = np.argsort(per_operation[some], kind="stable")[max(len(some) - SLICES, 0) :]
    for i in np.sort(some[order]):
        about = {"ph": "X", "ts": int(i) + 1, "dur": 1, "pid": process, "tid": thread}
        yield {**about, "name": name, "args": {"bytes": int(per_operation[i])}}


def refusals(process: int, side: Side, interval: int) -> Iterator[Event]:
    """A slice for each time between two samples in which something was refused."""
    for at, count in zip(side.refused_at, side.refused_count, strict=True):
        begin = (int(at) - 1) // interval * interval
        about = {"ph": "X", "ts": begin, "dur": int(at) - begin, "pid": process, "tid": REFUSALS}
        yield {**about, "name": "refused", "args": {"requests": int(count)}}


def first_refusal(process: int, side: Side) -> Iterator[Event]:
    run = side.seen.run
    if run.refused:
        arguments = {"bytes": run.first_refused_bytes, "status": run.first_refused_status.name.lower()}
        about = {"ph": "i", "s": "p", "ts": run.first_refused_operation, "pid": process, "tid": REFUSALS}
        yield {**about, "name": "first refusal", "args": arguments}


def events(reel: Reel) -> Iterator[Event]:
    for process, side in enumerate(reel.sides, 1):
        yield from names(process, reel, side)
        yield from counters(process, side)
        yield from moves(process, side)
        yield from slices(process, REQUESTS, "makes room", side.seen.moved)
        yield from slices(process, STEPS, "step", side.seen.stepped)
        yield from refusals(process, side, reel.interval)
        yield from first_refusal(process, side)


def draw(reel: Reel) -> bytes:
    ordered = sorted(events(reel), key=lambda event: event["ts"])
    told = {"operations": reel.trace.operations, "pool_bytes": reel.pool_bytes, "time": "1 us is one operation"}
    whole = {"displayTimeUnit": "ns", "otherData": told, "traceEvents": ordered}
    return json.dumps(whole, separators=(",", ":")).encode()
