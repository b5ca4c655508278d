# SPDX-License-Identifier: MIT
"""The memory of a pool, and windows through which a block in it is seen."""

import ctypes
import functools

from . import _abi

Window = ctypes.Array[ctypes.c_ubyte]


@functools.lru_cache(maxsize=1024)
def window_type(size: int) -> type[Window]:
    """An array type of its own: those that ctypes makes by multiplication are kept for ever."""
    return type("Window", (ctypes.Array,), {"_type_": ctypes.c_ubyte, "_length_": size})


class Memory:
    """Bytes aligned as strictly as any block can be, so that an image of them fits every other Memory.

    A window keeps the bytes alive, and lives itself as long as a memoryview, a slice, a cast or an array over it.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._bytes = bytearray(size + _abi.DEFRAG_MAX_ALIGNMENT - 1)
        unaligned = ctypes.addressof(ctypes.c_ubyte.from_buffer(self._bytes))
        self._start = -unaligned % _abi.DEFRAG_MAX_ALIGNMENT
        self.address = unaligned + self._start

    def window(self, address: int, size: int) -> Window:
        """Shows `size` bytes from `address` on. O(1)."""
        return window_type(size).from_buffer(self._bytes, self._start + address - self.address)

    def image(self) -> bytes:
        return bytes(memoryview(self._bytes)[self._start : self._start + self.size])

    def fill(self, image: memoryview) -> None:
        memoryview(self._bytes)[self._start : self._start + self.size] = image
