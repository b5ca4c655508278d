# SPDX-License-Identifier: MIT
"""What several builds of the same sources have covered together, from what llvm-cov exports of each (version 19).

A line counts as covered if it ran in any build, an outcome of a branch if it came about in any, and a condition of a
decision if in any build it was shown to decide alone (modified condition/decision coverage, MC/DC). What a build's
configuration decides is no branch in that build: then neither outcome was counted.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache
from itertools import groupby
from pathlib import Path

MCDC_BRANCH = 6  # the kind of a branch that is a condition
CONSTANT = re.compile(r"\b(?:SMALL_CORE|GUARDED|HALF_BITS == 16)\b")


def lines_of(segments):
    """How often each line of a file ran, from segments: line, column, count, has a count, is an entry, is a gap."""
    runs, before = {}, None
    last = segments[-1][0] if segments else 0
    by_line = {line: list(group) for line, group in groupby(segments, key=lambda segment: segment[0])}
    for line in range(segments[0][0] if segments else 1, last + 1):
        here = by_line.get(line, [])
        entries = [s for s in here if s[3] and s[4] and not s[5]]
        skipped = here and not here[0][3] and here[0][4]
        if not skipped and (entries or (before and before[3])):
            runs[line] = max([s[2] for s in entries] + [before[2] if before else 0])
        before = here[-1] if here else before
    return runs


@cache
def source(file):
    return Path(file).read_text().splitlines()


def constants(file, first, last):
    """Where a decision, which stands between two places, names what the configuration decides."""
    for line in range(first[0], last[0] + 1):
        for match in CONSTANT.finditer(source(file)[line - 1]):
            place = line, match.start() + 1
            if first <= place < last:
                yield place


def conditions_of(file, decision, branches):
    """The places of a decision's conditions, in its order, each with its branch; a constant one has none."""
    first, last = tuple(decision[:2]), tuple(decision[2:4])
    places = dict.fromkeys(constants(file, first, last)) | {
        tuple(branch[:2]): branch
        for branch in branches
        if branch[8] == MCDC_BRANCH and branch[6] == decision[4] and first <= tuple(branch[:2]) < last
    }
    if len(places) != len(decision[6]):
        raise SystemExit(f"coverage: cannot tell apart the conditions of the decision in line {first[0]} of {file}")
    return sorted(places.items())


@dataclass
class Condition:
    evaluated: bool = False
    decides: bool = False


@dataclass
class Covered:
    lines: dict = field(default_factory=lambda: defaultdict(int))
    branches: dict = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    conditions: dict = field(default_factory=lambda: defaultdict(Condition))

    def add(self, export, folder):
        """Adds one build's export, as far as it is of files in a folder."""
        (data,) = export["data"]
        for file in data["files"]:
            if Path(file["filename"]).is_relative_to(folder):
                for line, count in lines_of(file["segments"]).items():
                    self.lines[file["filename"], line] += count
        for record in data["functions"]:
            if Path(record["filenames"][0]).is_relative_to(folder):
                self._add_function(record["filenames"], record["branches"], record["mcdc_records"])

    def _add_function(self, files, branches, decisions):
        for branch in branches:
            sides = self.branches[files[branch[6]], *branch[:4]]
            sides[0] += branch[4]
            sides[1] += branch[5]
        for decision in decisions:
            file = files[decision[4]]
            for (place, branch), decides in zip(conditions_of(file, decision, branches), decision[6], strict=True):
                condition = self.conditions[file, *place]
                condition.evaluated |= branch is not None and any(branch[4:6])
                condition.decides |= decides

    def figures(self):
        """Of how many lines, outcomes and conditions how many are covered."""
        sides = [side for sides in self.branches.values() if any(sides) for side in sides]
        conditions = [c.decides for c in self.conditions.values() if c.evaluated]
        return {
            "lines": (sum(map(bool, self.lines.values())), len(self.lines)),
            "branches": (sum(map(bool, sides)), len(sides)),
            "conditions (MC/DC)": (sum(conditions), len(conditions)),
        }

    def missing(self):
        """A sentence on each thing that is not covered, with its place."""
        for (file, line), count in self.lines.items():
            if count == 0:
                yield (file, line, 0), "never runs"
        for (file, line, column, *_), sides in self.branches.items():
            for outcome, count in zip(("true", "false"), sides, strict=True):
                if count == 0 and any(sides):
                    yield (file, line, column), f"is never {outcome}"
        for place, condition in self.conditions.items():
            if condition.evaluated and not condition.decides:
                yield place, "never decides alone"
