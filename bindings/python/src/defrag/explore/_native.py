# SPDX-License-Identifier: MIT
"""The library of the replayer, which lies beside this file."""

import ctypes
import functools
from pathlib import Path
from typing import Any

from . import _abi
from .fault import BrokenError, FaultError

HERE = Path(__file__).parent


@functools.cache
def library() -> ctypes.CDLL:
    """Loads the library and gives each of its functions its types.

    It keeps no state and is called without the interpreter's lock: threads replay at once.
    """
    loaded = ctypes.CDLL(str(HERE / "libdefrag-replay.so"))
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        function = getattr(loaded, name)
        function.restype = result
        function.argtypes = arguments
    return loaded


def pointer_to(data: bytes) -> Any:
    """The address of bytes that somebody keeps."""
    return ctypes.cast(ctypes.c_char_p(data), ctypes.POINTER(ctypes.c_uint8))


def sentence() -> Any:
    """Room for a sentence of the library's."""
    return ctypes.create_string_buffer(_abi.TRACE_SENTENCE_BYTES)


def require(status: int, name: str, told: Any) -> None:
    """Raises what a function of the library says is wrong with the trace of this name."""
    if status == _abi.REPLAY_OK:
        return
    error = BrokenError if status == _abi.REPLAY_BROKEN else FaultError
    raise error(f"'{name}' {told.value.decode()}")
