# SPDX-License-Identifier: MIT
"""A raw pool in its memory, and the rule that calls on it come one at a time."""

import ctypes
import operator
import threading
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from weakref import WeakValueDictionary

from . import _abi
from ._library import library
from ._memory import Memory
from .errors import BusyError, DefragError, InvalidSizeError, check

if TYPE_CHECKING:
    from .block import Block
    from .events import Event

SIZE_BITS = 8 * ctypes.sizeof(ctypes.c_size_t)


def unsigned(value: int, bits: int = SIZE_BITS, error: type[DefragError] = InvalidSizeError) -> int:
    """Raises `error` for what ctypes would cut to so many bits."""
    number = operator.index(value)
    if number < 0 or number >> bits:
        raise error()
    return number


def sized(structure: type[ctypes.Structure], **fields: Any) -> Any:
    """Makes a structure that begins with its size."""
    return structure(size=ctypes.sizeof(structure), **fields)


class Heap:
    """A raw pool. Within `with heap:` is a call; a second one at the same time, from wherever, raises BusyError.

    What garbage leaves to be done, which may come to light in any thread and within any call, waits in `chores` and is
    done when the next call begins.
    """

    def __init__(self, width: int, memory: Memory) -> None:
        self.library = library(width)
        self.memory = memory
        self.pool = ctypes.POINTER(_abi.Pool)()
        self.blocks: WeakValueDictionary[int, Block] = WeakValueDictionary()  # by handle
        self.views = 0  # windows that are open
        self.chores: deque[Callable[[Heap], None]] = deque()
        self.streams: list[Callable[[Event], None]] = []  # what is told of events
        self.observer: object = None  # what the library tells them through
        self._turn = threading.Lock()

    def make(self, config: _abi.Config) -> None:
        check(
            self.library.defrag_init(
                self.memory.address, self.memory.size, ctypes.byref(config), ctypes.byref(self.pool)
            )
        )

    def attach(self) -> None:
        check(self.library.defrag_attach(self.memory.address, self.memory.size, ctypes.byref(self.pool)))

    def __enter__(self) -> Self:
        if not self._turn.acquire(blocking=False):
            raise BusyError
        try:
            self.sweep()
        except BaseException:
            self._turn.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._turn.release()

    def sweep(self) -> None:
        while self.chores:
            self.chores.popleft()(self)

    def do(self, function: str, *arguments: Any) -> None:
        """Calls a function of the library on the pool, and raises what it refuses with."""
        check(getattr(self.library, function)(self.pool, *arguments))

    def walk(self) -> list[_abi.Block]:
        shown = sized(_abi.Block)
        found = []
        while self.library.defrag_walk(self.pool, ctypes.byref(shown)):
            found.append(_abi.Block.from_buffer_copy(shown))
        return found
