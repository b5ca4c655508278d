# SPDX-License-Identifier: MIT
"""What happens in a pool, as it happens.

The library tells an observer in the middle of its call, where nobody may use the pool. So what it tells is put down
there and read later, and no program's code runs within a call.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from types import TracebackType
from typing import Any, Self

from . import _abi
from ._heap import Heap
from .errors import Status


class EventKind(IntEnum):
    """What has happened."""

    ALLOC = _abi.DEFRAG_EVENT_ALLOC
    FREE = _abi.DEFRAG_EVENT_FREE
    MOVE = _abi.DEFRAG_EVENT_MOVE
    RESIZE = _abi.DEFRAG_EVENT_RESIZE
    LOCK = _abi.DEFRAG_EVENT_LOCK
    UNLOCK = _abi.DEFRAG_EVENT_UNLOCK
    REFUSE = _abi.DEFRAG_EVENT_REFUSE


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that has happened."""

    kind: EventKind
    handle: int
    """The block's, or 0 if an allocation was refused."""
    status: Status
    """Why, with REFUSE; otherwise OK."""
    offset: int
    """Where the block's usable bytes begin, in bytes from the pool's start."""
    origin: int
    """Where they began before, with MOVE and RESIZE."""
    bytes: int
    """Usable bytes; with REFUSE what was asked for."""


class Events:
    """The events of a pool within `with pool.events() as events:`, oldest first.

    Iterating takes out what has come up so far; what nobody takes stays, also when the with-block has ended. An event
    costs some microseconds and is kept until it is taken.
    """

    def __init__(self, heap: Heap) -> None:
        self._heap = heap
        self._queue: deque[Event] = deque()

    def __enter__(self) -> Self:
        with self._heap as heap:
            heap.streams.append(self._queue.append)
            watch(heap)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._heap as heap:
            heap.streams.remove(self._queue.append)
            watch(heap)

    def __iter__(self) -> Iterator[Event]:
        while self._queue:
            yield self._queue.popleft()

    def __len__(self) -> int:
        """How many events wait to be taken."""
        return len(self._queue)


def watch(heap: Heap) -> None:
    """Has the library tell the streams that there are, or nobody."""
    streams = tuple(heap.streams)

    def tell(_context: Any, _pool: Any, raw: Any) -> None:
        event = _event_of(raw.contents)
        for stream in streams:
            stream(event)

    observer = _abi.Observer(tell) if streams else _abi.Observer()
    heap.do("defrag_observe", observer, None)
    heap.observer = observer  # or it would be gone when the library calls it


def _event_of(raw: _abi.Event) -> Event:
    return Event(EventKind(raw.kind), raw.handle, Status(raw.status), raw.offset, getattr(raw, "from"), raw.bytes)
