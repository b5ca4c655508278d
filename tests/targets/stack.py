# SPDX-License-Identifier: MIT
"""The most stack that a function needs, from the compiler's call graphs (-fcallgraph-info=su,da)."""

import re
from functools import cache

NODE = re.compile(r'^node: { title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \((\w+)\)', re.MULTILINE)
EDGE = re.compile(r'^edge: { sourcename: "([^"]+)" targetname: "([^"]+)"', re.MULTILINE)
INDIRECT = "__indirect_call"
OBSERVES = "observe"


class Calls:
    """The call graph of a library, put together from those of its parts, which are given by name."""

    def __init__(self, graphs):
        self.frames, self.callees = {}, {}
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

    def deepest(self, function):
        """Bytes of the function's frame and of all below it; an observer's are its own affair."""
        if function in self.under_way:
            raise SystemExit(f"stack: {function} calls itself, by way of {', '.join(self.under_way)}")
        self.under_way.append(function)
        below = max((self.deepest(callee) for callee in self.callees.get(function, set())), default=0)
        self.under_way.pop()
        return self.frames.get(function, 0) + below
