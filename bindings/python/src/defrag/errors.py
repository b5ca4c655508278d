# SPDX-License-Identifier: MIT
"""What calls answer, and an exception for each answer but OK."""

from enum import IntEnum
from typing import ClassVar

from . import _abi
from ._library import library


class Status(IntEnum):
    """What a call of the C library returns."""

    OK = _abi.DEFRAG_OK
    FRAGMENTED = _abi.DEFRAG_FRAGMENTED
    OUT_OF_MEMORY = _abi.DEFRAG_OUT_OF_MEMORY
    OUT_OF_HANDLES = _abi.DEFRAG_OUT_OF_HANDLES
    INVALID_SIZE = _abi.DEFRAG_INVALID_SIZE
    INVALID_ALIGNMENT = _abi.DEFRAG_INVALID_ALIGNMENT
    INVALID_HANDLE = _abi.DEFRAG_INVALID_HANDLE
    LOCKED = _abi.DEFRAG_LOCKED
    NOT_LOCKED = _abi.DEFRAG_NOT_LOCKED
    TOO_MANY_LOCKS = _abi.DEFRAG_TOO_MANY_LOCKS
    INVALID_POOL = _abi.DEFRAG_INVALID_POOL
    CORRUPT = _abi.DEFRAG_CORRUPT
    BUSY = _abi.DEFRAG_BUSY
    INVALID_ARGUMENT = _abi.DEFRAG_INVALID_ARGUMENT

    @property
    def text(self) -> str:
        """The library's own words on it."""
        return str(library(16).defrag_status_text(self), "ascii")


class DefragError(Exception):
    """A pool refused a call, and is as it was before; only an allocation or a resize with Fit.MAKE_ROOM may have moved
    blocks. Its text says what is wrong and what to do."""

    status: ClassVar[Status]
    advice: ClassVar[str]

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail or self.status.text)

    def __str__(self) -> str:
        return f"{self.args[0]}; {self.advice}"


class NoRoomError(DefragError, MemoryError):
    """There is no room for an allocation, or for what a block shall grow to."""


class FragmentedError(NoRoomError):
    """The free bytes suffice, but no hole is large enough."""

    status = Status.FRAGMENTED
    advice = "ask with Fit.MAKE_ROOM, or unlock or unpin what Pool.would_fit names"


class OutOfMemoryError(NoRoomError):
    """The free bytes do not suffice."""

    status = Status.OUT_OF_MEMORY
    advice = "free blocks, or make the pool larger"


class OutOfHandlesError(NoRoomError):
    """The handle table cannot grow."""

    status = Status.OUT_OF_HANDLES
    advice = "ask with Fit.MAKE_ROOM, unlock the last block of the pool, or set handles aside when making the pool"


class InvalidSizeError(DefragError, ValueError):
    """A size is below one, or more than the pool could ever hold; or a pool's own size is not usable."""

    status = Status.INVALID_SIZE
    advice = "ask for 1 to Stats.capacity bytes; a pool has 256 bytes to 256 KiB, or to 4 GiB with width=32"


class InvalidAlignmentError(DefragError, ValueError):
    """An alignment is no power of two up to 1024."""

    status = Status.INVALID_ALIGNMENT
    advice = "give a power of two from 1 to 1024"


class InvalidHandleError(DefragError, ValueError):
    """The block is freed, or no block of this pool has the handle."""

    status = Status.INVALID_HANDLE
    advice = "use blocks neither after they were freed, nor after a restore of an image without them"


class LockedError(DefragError):
    """The block is locked, so that it cannot be locked exclusively, freed or resized; or the pool has open views."""

    status = Status.LOCKED
    advice = "let its views go and unlock it first, or unpin it if it is pinned"


class NotLockedError(DefragError):
    """The block is not locked, so that it cannot be unlocked."""

    status = Status.NOT_LOCKED
    advice = "lock it first"


class TooManyLocksError(DefragError):
    """The block carries 12 shared locks already."""

    status = Status.TOO_MANY_LOCKS
    advice = "share one view among readers"


class InvalidPoolError(DefragError, ValueError):
    """This is no image of a pool of this width."""

    status = Status.INVALID_POOL
    advice = "give what Pool.snapshot returned, and the width of that pool"


class CorruptError(DefragError):
    """The pool's own data is damaged."""

    status = Status.CORRUPT
    advice = "restore a snapshot; something wrote through an address beyond its block, or the image is not whole"


class BusyError(DefragError):
    """Another call on the pool is under way."""

    status = Status.BUSY
    advice = "guard the pool with a lock of your own when several threads use it"

    def __init__(self, detail: str = "another call on this pool is under way, and calls come one at a time") -> None:
        super().__init__(detail)


class InvalidArgumentError(DefragError, ValueError):
    """An argument is none that the library knows."""

    status = Status.INVALID_ARGUMENT
    advice = "give a Fit, a tag from 0 to 31, and numbers that are not negative"


EXCEPTIONS: dict[Status, type[DefragError]] = {
    error.status: error
    for error in (
        FragmentedError,
        OutOfMemoryError,
        OutOfHandlesError,
        InvalidSizeError,
        InvalidAlignmentError,
        InvalidHandleError,
        LockedError,
        NotLockedError,
        TooManyLocksError,
        InvalidPoolError,
        CorruptError,
        BusyError,
        InvalidArgumentError,
    )
}


def check(status: int) -> None:
    """Raises what belongs to a status, unless that is OK."""
    if status != Status.OK:
        raise EXCEPTIONS[Status(status)]()
