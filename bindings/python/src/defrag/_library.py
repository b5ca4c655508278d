# SPDX-License-Identifier: MIT
"""The two shared libraries that lie beside this file, one for each width of links."""

import ctypes
import functools
from pathlib import Path

from . import _abi

# The largest pools, in bytes.
LARGEST = {16: 1 << 18, 32: (1 << 32) - 4096}


@functools.cache
def library(width: int) -> ctypes.PyDLL:
    """Loads the library of a width, 16 or 32, and gives each of its functions its types.

    It is called with the interpreter's lock held: a call takes microseconds, less than the lock changes hands in, and
    no thread and no garbage collection gets between its halves.
    """
    if width not in LARGEST:
        raise ValueError(f"the width is {width!r}; give 16 for pools up to 256 KiB, or 32 for pools up to 4 GiB")
    loaded = ctypes.PyDLL(str(Path(__file__).with_name(f"libdefrag{width}.so")))
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    if loaded.defrag_version() != _abi.DEFRAG_VERSION:
        raise ImportError("the package and its library are of different versions; install defrag anew")
    return loaded
