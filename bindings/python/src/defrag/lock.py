# SPDX-License-Identifier: MIT
"""Locks, and how they outlast whatever still looks at their block.

A memoryview can be released, yet slices, casts and arrays made of it go on. All of them keep the window alive that
they look through, and it does not live longer than they do. So the window's end, and nothing else, is what ends a lock.
"""

import functools
import weakref
from types import TracebackType
from typing import TYPE_CHECKING

from ._memory import Window

if TYPE_CHECKING:
    from .block import Block


class Lock:
    """A block locked by Block.lock or Block.read: while it lasts the block does not move and cannot be freed or resized.

    `with block.lock() as view:` gives the bytes of the block as a memoryview, and unlocks at the end. Slices of the view,
    casts, and arrays over it must be gone by then. It lasts no longer than anything can look at the block: to release the
    view, or to drop it and the lock, ends it as well.
    """

    def __init__(self, block: "Block", exclusive: bool) -> None:
        window = block._open(exclusive)
        self._heap = block._heap
        self._end = weakref.finalize(window, self._heap.chores.append, functools.partial(block._close, exclusive))
        self._end.atexit = False
        self._view = _view_of(window, exclusive)

    @property
    def view(self) -> memoryview:
        """The bytes of the block, as many as were asked for; after Lock.unlock it is of no use."""
        return self._view

    def unlock(self) -> None:
        """Gives up the lock, unless it is given up already. O(1), moves nothing.

        BufferError: something else still looks at the block, such as a slice of the view or a NumPy array. The block
        then stays locked: let that go and call this again, or leave it, as the lock ends by itself with the last of these.
        """
        if self._is_viewed():
            raise BufferError(
                "something still looks at this block, such as a slice of its view or a NumPy array, so it stays locked;"
                " let that go, for example with del, before the lock ends"
            )
        with self._heap:
            pass  # the chore that ends the lock is done as any call begins

    def _is_viewed(self) -> bool:
        try:
            self._view.release()
        except BufferError:
            return True
        return self._end.alive

    def __enter__(self) -> memoryview:
        return self._view

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.unlock()


def _view_of(window: Window, writable: bool) -> memoryview:
    view = memoryview(window).cast("B")
    return view if writable else view.toreadonly()
