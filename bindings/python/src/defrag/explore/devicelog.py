# SPDX-License-Identifier: MIT
"""Reads what a device has printed of its heap, which device/defrag_log.h describes, and makes a trace of it.

    @h SEQUENCE b                       the device began: what it had allocated before is gone
    @h SEQUENCE a ADDRESS BYTES         a block was allocated
    @h SEQUENCE z ADDRESS BYTES         the same, filled with zero
    @h SEQUENCE r ADDRESS NEW BYTES     a block was resized, and is at NEW now
    @h SEQUENCE f ADDRESS               freed
    @h SEQUENCE l ADDRESS               locked once more
    @h SEQUENCE u ADDRESS               and once less

Sequence and addresses are hexadecimal, bytes decimal. The sequence counts records modulo 65536, so that it is seen when
some were lost on their way, and goes on anew when the device began.

A log channel carries other lines, too, and puts time stamps before ours: lines without the mark are passed over, as is
all that stands before the last mark of a line, and an escape sequence that ends a colour after it. What stands before
that may be a record into which another one broke; the sequence then shows that it is lost. A last line that does not end
is one that was under way when the recording stopped. Any other line with the mark must be a whole record.
"""

import re
from dataclasses import dataclass, field

from . import _abi
from .fault import FaultError

MARK = b"@h "
HEAD = rb"@h ([0-9a-fA-F]{1,4}) ([azfrlub])"
ADDRESS = rb" ([0-9a-fA-F]{1,16})"
RECORD = re.compile(HEAD + rb"(?:" + ADDRESS + rb"(?:" + ADDRESS + rb")??(?: ([0-9]{1,10}))?)?(?:\s|\x1b\[[0-9;]*m)*")
RECORD_ANYWHERE = re.compile(HEAD + rb"[ \r\n]")
ARGUMENTS = {b"a": "ADDRESS BYTES", b"z": "ADDRESS BYTES", b"r": "ADDRESS NEW BYTES", b"b": ""}
SEQUENCES = 1 << 16
MAGIC = b"\x89DFT\r\n\x1a\x01"


@dataclass
class Log:
    """The trace that a log tells, as far as it was not lost."""

    trace: bytes
    lost: int


@dataclass
class Block:
    number: int
    locks: int = 0


@dataclass
class Writer:
    """Writes a trace record by record."""

    out: bytearray = field(default_factory=lambda: bytearray(MAGIC))
    operations: int = 0
    asked: int = 0
    live: int = 0
    next: int = 0
    spare: list[int] = field(default_factory=list)

    def put(self, kind: int, number: int, *arguments: int) -> None:
        for value in (8 * number + kind, *arguments):
            while value >= 0x80:
                self.out.append(value & 0x7F | 0x80)
                value >>= 7
            self.out.append(value)
        self.operations += 1

    def allocate(self, size: int, zeroed: bool) -> Block:
        block = Block(self.spare.pop() if self.spare else self.next)
        self.next += block.number == self.next
        if zeroed:
            self.put(_abi.TRACE_ALLOCATE_WITH, block.number, size, 1)
        else:
            self.put(_abi.TRACE_ALLOCATE, block.number, size)
        self.live += 1
        self.asked += size
        return block

    def unlock(self, block: Block) -> None:
        if block.locks:
            block.locks -= 1
            self.put(_abi.TRACE_LOCK, block.number, 0)

    def unlock_all(self, block: Block) -> None:
        while block.locks:
            self.unlock(block)

    def free(self, block: Block) -> None:
        self.unlock_all(block)
        self.put(_abi.TRACE_FREE, block.number)
        self.spare.append(block.number)
        self.live -= 1

    def resize(self, block: Block, size: int) -> None:
        self.unlock_all(block)
        self.put(_abi.TRACE_RESIZE, block.number, size)
        self.asked += size

    def lock(self, block: Block) -> None:
        block.locks += 1
        self.put(_abi.TRACE_LOCK, block.number, 1)

    def end(self) -> bytes:
        totals = (self.operations, self.asked % (1 << 64), self.live)
        self.put(_abi.TRACE_END, 0, *totals)
        return bytes(self.out)


class Reader:
    """Follows addresses. What a lost record leaves behind is mended: an address that is given away again was freed."""

    def __init__(self) -> None:
        self.writer = Writer()
        self.blocks: dict[int, Block] = {}

    def record(self, kind: bytes, address: int, new: int, size: int) -> None:
        block = self.blocks.get(address)
        if kind == b"b":
            self.end_all()
        elif kind in b"az":
            self.allocate(address, size, zeroed=kind == b"z")
        elif block is None:
            if kind == b"r":
                self.allocate(new, size, zeroed=False)
        elif kind == b"f":
            self.writer.free(self.blocks.pop(address))
        elif kind == b"r":
            self.resize(address, new, size)
        elif kind == b"l":
            self.writer.lock(block)
        else:
            self.writer.unlock(block)

    def allocate(self, address: int, size: int, zeroed: bool) -> None:
        if address in self.blocks:
            self.writer.free(self.blocks.pop(address))
        self.blocks[address] = self.writer.allocate(size, zeroed)

    def resize(self, address: int, new: int, size: int) -> None:
        block = self.blocks.pop(address)
        if new in self.blocks:
            self.writer.free(self.blocks.pop(new))
        self.writer.resize(block, size)
        self.blocks[new] = block

    def end_all(self) -> None:
        for block in self.blocks.values():
            self.writer.free(block)
        self.blocks.clear()


def is_log(data: bytes) -> bool:
    return not data.startswith(MAGIC[:4]) and RECORD_ANYWHERE.search(data) is not None


def parse(name: str, number: int, text: bytes) -> tuple[int, bytes, int, int, int]:
    """Sequence, kind, address, new address and bytes of a record; 0 for what its kind has not."""
    match = RECORD.fullmatch(text)
    if match:
        sequence, kind, address, new, size = match.groups()
        wanted = ARGUMENTS.get(kind, "ADDRESS").split()
        given = {"ADDRESS": address, "NEW": new, "BYTES": size}
        if wanted == [argument for argument, value in given.items() if value is not None]:
            return int(sequence, 16), kind, int(address or b"0", 16), int(new or b"0", 16), int(size or b"0")
    raise FaultError(
        f"'{name}' is damaged: line {number} is no record of a heap log; take that line out, or record it again"
    )


def read(name: str, data: bytes) -> Log:
    reader = Reader()
    lost, expected = 0, None
    for number, line in enumerate(data.splitlines(keepends=True), 1):
        start = line.rfind(MARK)
        if start < 0 or not line.endswith((b"\n", b"\r")):
            continue
        sequence, kind, address, new, size = parse(name, number, line[start:])
        if expected is not None and kind != b"b":
            lost += (sequence - expected) % SEQUENCES
        expected = (sequence + 1) % SEQUENCES
        reader.record(kind, address, new, size)
    return Log(reader.writer.end(), lost)
