# SPDX-License-Identifier: MIT
"""The trace format as trace.h describes it, written a second time: to make traces, good and bad, and to read them."""

from collections.abc import Iterator

MAGIC = b"\x89DFT\r\n\x1a\x01"
ALLOCATE, ALLOCATE_WITH, FREE, RESIZE, THREAD, END, LOCK = range(1, 8)

Record = tuple[int, int, list[int]]  # kind, number, arguments
ARGUMENTS = {ALLOCATE: 1, ALLOCATE_WITH: 2, FREE: 0, RESIZE: 1, THREAD: 0, END: 3, LOCK: 1}


def varint(value: int) -> bytes:
    groups = []
    while value >= 0x80:
        groups.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*groups, value])


def record(kind: int, number: int, *arguments: int) -> bytes:
    return varint(8 * number + kind) + b"".join(map(varint, arguments))


def trace(*records: tuple[int, ...], end: bool = True) -> bytes:
    """A trace of these records, each a kind, a number and its arguments, and the end that belongs to them."""
    operations = [entry for entry in records if entry[0] not in (THREAD, END)]
    total = sum(entry[2] for entry in operations if entry[0] in (ALLOCATE, ALLOCATE_WITH, RESIZE))
    live = sum({ALLOCATE: 1, ALLOCATE_WITH: 1, FREE: -1}.get(entry[0], 0) for entry in operations)
    body = b"".join(record(*entry) for entry in records)
    return MAGIC + body + (record(END, 0, len(operations), total % 2**64, max(live, 0)) if end else b"")


def read(data: bytes) -> Iterator[Record]:
    assert data.startswith(MAGIC)
    at = len(MAGIC)

    def next_varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        head = next_varint()
        yield head % 8, head // 8, [next_varint() for _ in range(ARGUMENTS[head % 8])]
