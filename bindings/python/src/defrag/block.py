# SPDX-License-Identifier: MIT
"""Blocks."""

import ctypes
import functools
from types import TracebackType
from typing import NoReturn, Self

from . import _abi
from ._heap import Heap, unsigned
from ._memory import Window
from .errors import LockedError, NotLockedError
from .lock import Lock
from .report import Fit


def _free(handle: int, pinned: bool, heap: Heap) -> None:
    if pinned:
        heap.do("defrag_unlock", handle)
    heap.do("defrag_free", handle)


class Block:
    """Memory in a pool, that may move while nobody looks at it. Pool.alloc makes it.

    It is freed by `free`, at the end of `with block:`, or when nothing refers to it any more; in that last case when the
    next call on the pool begins.
    """

    # No more: what hung on a block could be a view of it, and neither would ever be let go.
    __slots__ = ("__weakref__", "_exclusive", "_handle", "_heap", "_pinned", "_size", "_views")

    def __init__(self, heap: Heap, handle: int, size: int, pinned: bool) -> None:
        self._heap = heap
        self._handle = handle
        self._size = size
        self._pinned = pinned
        self._views = 0  # open windows on it
        self._exclusive = False  # one of them, alone and writable
        heap.blocks[handle] = self

    @property
    def handle(self) -> int:
        """Its name in the pool and in images of the pool; 0 when it is freed."""
        return self._handle

    @property
    def pinned(self) -> bool:
        """Whether it stays where it is until it is unpinned or freed."""
        return self._pinned

    def __len__(self) -> int:
        """The bytes that were asked for, and that its views have."""
        return self._size

    def __bool__(self) -> bool:
        """Whether it is not freed."""
        return self._handle != 0

    def lock(self) -> Lock:
        """Locks it exclusively: `with block.lock() as view:` gives a writable memoryview. O(1), moves nothing.

        InvalidHandleError: it is freed. LockedError: it has a view already. BusyError: see Pool.
        """
        return Lock(self, exclusive=True)

    def read(self) -> Lock:
        """Locks it along with other readers, at most 12, of which a pin counts as one; the memoryview is read-only, though
        not what its `obj` names. O(1), moves nothing.

        InvalidHandleError: it is freed. LockedError: it is locked exclusively. TooManyLocksError. BusyError: see Pool.
        """
        return Lock(self, exclusive=False)

    def resize(self, size: int, *, fit: Fit = Fit.MAKE_ROOM) -> None:
        """Changes its size, 1 byte or more; contents up to the smaller size stay. O(1) in place, else O(size), else as the
        fit. It may move itself, and with Fit.MAKE_ROOM others.

        InvalidHandleError: it is freed. LockedError: it has a view, or is pinned. InvalidSizeError. FragmentedError,
        OutOfMemoryError, OutOfHandlesError: there is no room, and it is as it was. CorruptError. BusyError: see Pool.
        """
        wanted = unsigned(size)
        with self._heap as heap:
            heap.do("defrag_resize", self._handle, wanted, Fit(fit))
            self._size = wanted

    def unpin(self) -> None:
        """Lets it move again. O(1), moves nothing.

        NotLockedError: it is not pinned. LockedError: it is locked exclusively. BusyError: see Pool.
        """
        with self._heap as heap:
            if not self._pinned:
                raise NotLockedError
            if self._exclusive:
                raise LockedError
            heap.do("defrag_unlock", self._handle)
            self._pinned = False

    def free(self) -> None:
        """Frees it, pinned or not. O(1), moves nothing.

        InvalidHandleError: it is freed already. LockedError: it has a view. CorruptError: something wrote over its header.
        BusyError: see Pool.
        """
        with self._heap as heap:
            if self._views:
                raise LockedError
            _free(self._handle, self._pinned, heap)
            self._forget()

    def _forget(self) -> None:
        """What it named is no more."""
        del self._heap.blocks[self._handle]
        self._handle = 0
        self._pinned = False

    def _adopt(self, found: _abi.Block | None, usable: int | None) -> None:
        """Another image of the pool is in force; it had `usable` bytes in the last one."""
        if found is None:
            self._forget()
            return
        self._pinned = found.locks != 0
        if found.bytes != usable:
            self._size = found.bytes

    def _open(self, exclusive: bool) -> Window:
        address = ctypes.c_void_p()
        with self._heap as heap:
            if exclusive and self._pinned:
                self._lend_pin()
            heap.do("defrag_lock" if exclusive else "defrag_lock_shared", self._handle, ctypes.byref(address))
            heap.views += 1
            self._views += 1
            self._exclusive = exclusive
            return heap.memory.window(address.value or 0, self._size)

    def _close(self, exclusive: bool, heap: Heap) -> None:
        """The chore that is left when a window is gone."""
        heap.views -= 1
        self._views -= 1
        self._exclusive = False
        heap.do("defrag_unlock", self._handle)
        if exclusive and self._pinned:
            heap.do("defrag_lock_shared", self._handle, ctypes.byref(ctypes.c_void_p()))

    def _lend_pin(self) -> None:
        """Gives up the pin's shared lock for an exclusive one, which holds the block in its place just as well."""
        if self._views:
            raise LockedError
        self._heap.do("defrag_unlock", self._handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self:
            self.free()

    def __del__(self) -> None:
        if self._handle:
            self._heap.chores.append(functools.partial(_free, self._handle, self._pinned))

    def __reduce__(self) -> NoReturn:
        raise TypeError("two Blocks cannot own one block; copy its content instead")

    def __repr__(self) -> str:
        state = f"{self._size} bytes" if self else "freed"
        return f"<{'pinned ' if self._pinned else ''}block {self._handle:#x}: {state}>"
