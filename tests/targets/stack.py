# SPDX-License-Identifier: MIT
"""The most stack that a function needs, from the compiler's call graphs (-fcallgraph-info=su,da).

Of a function that is only jumped to at the end, disassembly tells that the caller's frame is gone by then.
"""

import re
from functools import cache

NODE = re.compile(r'^node: { title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \((\w+)\)', re.MULTILINE)
EDGE = re.compile(r'^edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', re.MULTILINE)
BEGINNING = re.compile(r"^[0-9a-f]+ <(?!\.L)(\S+)>:$", re.MULTILINE)  # of a function, not of a part of one
CALL = re.compile(r"R_ARM_THM_CALL\s+(\S+)|auipc\s+ra,.*\n.*R_RISCV_CALL(?:_PLT)?\s+(\S+)")
JUMP = re.compile(r"R_ARM_THM_JUMP\d+\s+(\S+)|auipc\s+t1,.*\n.*R_RISCV_CALL(?:_PLT)?\s+(\S+)")
INDIRECT = "__indirect_call"
OBSERVES = "observe"


def only_jumped_to(listing):
    """Pairs of functions of which the first ends by jumping to the second, and never calls it."""
    _, *pieces = BEGINNING.split(listing)
    for function, body in zip(pieces[::2], pieces[1::2], strict=True):
        called, jumped = ({a or b for a, b in pattern.findall(body)} for pattern in (CALL, JUMP))
        yield from ((function, other) for other in jumped - called)


def bare(title):
    """The name of a function, without the file that the graph puts before it if it is static."""
    return title.rsplit(":", 1)[-1]


class Calls:
    """The call graph of a library, put together from those of its parts, which are given by name, as are listings."""

    def __init__(self, graphs, listings=()):
        self.frames, self.callees = {}, {}
        self.jumps = {pair for listing in listings for pair in only_jumped_to(listing)}
        for part, graph in graphs.items():
            for function, frame, kind in NODE.findall(graph):
                if kind != "static":
                    raise SystemExit(f"stack: {function} takes {kind} stack, which has no bound")
                self.frames[function] = int(frame)
            for caller, callee in EDGE.findall(graph):
                if callee != INDIRECT:
                    self.callees.setdefault(caller, set()).add(callee)
                elif part != OBSERVES:
                    raise SystemExit(f"stack: {caller} calls what it has the address of, which this cannot follow")
        self.deepest = cache(self.deepest)
        self.under_way = []

    def outside(self):
        """Functions that are called but come from elsewhere; what they take is not counted."""
        called = set().union(*self.callees.values())
        return sorted(called - self.frames.keys())

    def deepest(self, function, never=frozenset()):
        """Bytes of the function's frame and of all below it, but those named; an observer's are its own affair."""
        if function in self.under_way:
            raise SystemExit(f"stack: {function} calls itself, by way of {', '.join(self.under_way)}")
        self.under_way.append(function)
        frame = deepest = self.frames.get(function, 0)
        for callee in self.callees.get(function, set()):
            if bare(callee) in never:
                continue
            jumped = (bare(function), bare(callee)) in self.jumps
            deepest = max(deepest, self.deepest(callee, never) + (0 if jumped else frame))
        self.under_way.pop()
        return deepest
