# SPDX-License-Identifier: MIT
"""Traces: what a program asked of its heap, in order."""

import ctypes
from dataclasses import dataclass, replace
from pathlib import Path

import zstandard

from . import _abi, devicelog
from ._native import library, pointer_to, sentence
from .fault import FaultError

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
MOST_SCALE = 1e6
CHUNK = 4096  # bytes to unpack at a time, so that a small file cannot ask for much memory


@dataclass(frozen=True)
class Trace:
    """A trace that has been found to be whole. native/trace.h describes the format."""

    name: str
    data: bytes
    summary: _abi.TraceSummary
    from_device: bool = False
    """Whether it was read from a device's log."""
    lost: int = 0
    """How many records are missing in that log."""

    @property
    def operations(self) -> int:
        return int(self.summary.totals.operations)

    @property
    def threads(self) -> int:
        return int(self.summary.threads)

    @property
    def allocated_bytes(self) -> int:
        """The sizes of all new blocks, and the growth of old ones."""
        return int(self.summary.allocated_bytes)

    @property
    def peak_bytes(self) -> int:
        """The most bytes live at a time, as they were asked for."""
        return int(self.summary.peak_bytes)

    @property
    def peak_blocks(self) -> int:
        return int(self.summary.peak_blocks)

    @property
    def live_at_end(self) -> int:
        return int(self.summary.totals.live)

    def changed(self, scale: float = 1.0, jitter: float = 0.0, seed: int = 0) -> "Trace":
        """The trace with all sizes times `scale`, rounded up, and each block's life as long as before times a factor
        drawn from 1 - jitter to 1 + jitter. ValueError unless 0 < scale < 1e6 and 0 <= jitter < 1."""
        if not (0 < scale < MOST_SCALE and 0 <= jitter < 1):
            raise ValueError(
                f"scale {scale} and jitter {jitter} make no trace; give 0 < scale < 1e6 and 0 <= jitter < 1"
            )
        if scale == 1 and jitter == 0:
            return self
        change, given = library().trace_change, (pointer_to(self.data), len(self.data), ctypes.byref(self.summary))
        room = (ctypes.c_uint8 * change(*given, scale, jitter, seed, None))()
        length = change(*given, scale, jitter, seed, room)
        data = bytes(memoryview(room)[:length])
        if length == 0:
            raise FaultError(f"'{self.name}' cannot be changed for want of memory; close other programs")
        return replace(self, data=data, summary=checked(self.name, data).summary)


def checked(name: str, data: bytes) -> Trace:
    summary, told = _abi.TraceSummary(), sentence()
    if not library().trace_check(pointer_to(data), len(data), ctypes.byref(summary), told):
        raise FaultError(f"'{name}' {told.value.decode()}")
    return Trace(name, data, summary)


def unpacked(name: str, data: bytes) -> bytes:
    unpacker = zstandard.ZstdDecompressor().decompressobj()
    parts, length = [], 0
    try:
        for start in range(0, len(data), CHUNK):
            if unpacker.eof:
                break
            parts.append(unpacker.decompress(data[start : start + CHUNK]))
            length += len(parts[-1])
            if length > _abi.TRACE_MAX_LENGTH:
                raise FaultError(f"'{name}' is longer than 1 GiB when unpacked; record a shorter run")
    except zstandard.ZstdError as error:
        raise FaultError(f"'{name}' is damaged, as zstd cannot unpack it; copy or record it again") from error
    if not unpacker.eof:
        raise FaultError(f"'{name}' is cut short, as zstd misses its end; copy or record it again")
    return b"".join(parts)


def load(path: str | Path) -> Trace:
    """Reads a trace of `defrag record`, packed by zstd or not, or the log of a device. FaultError if it is none."""
    name = str(path)
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise FaultError(f"'{name}' cannot be read ({error.strerror}); give the path of a trace") from error
    if data.startswith(ZSTD_MAGIC):
        data = unpacked(name, data)
    if devicelog.is_log(data):
        log = devicelog.read(name, data)
        return replace(checked(name, log.trace), from_device=True, lost=log.lost)
    return checked(name, data)


def short_name(trace: Trace) -> str:
    """The file's name without what every trace has."""
    return Path(trace.name).name.removesuffix(".zst").removesuffix(".dft").removesuffix(".log")
