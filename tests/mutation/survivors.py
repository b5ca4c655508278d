# SPDX-License-Identifier: MIT
"""The list of mutants that no test can kill, each with its reason: survivors.txt.

= equivalent: a reason, for all that follow up to the next
file.c function
- the line as it is
+ the line as it may be without harm
"""

from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "survivors.txt"
KINDS = ("equivalent", "policy", "speed", "defence")


@dataclass(frozen=True)
class Listed:
    kind: str
    reason: str


def read(path=LIST):
    listed, reason, place, old = {}, None, None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        mark, text = line[:2], line[2:]
        if mark == "= ":
            kind, _, why = text.partition(": ")
            if kind not in KINDS or not why:
                raise SystemExit(f"{path.name}:{number}: a reason begins with one of {', '.join(KINDS)}")
            reason = Listed(kind, why)
        elif mark == "- ":
            old = text
        elif mark == "+ ":
            file, _, function = place.partition(" ")
            listed[file, function, old, text] = reason
        elif line and not line.startswith("#"):
            place = line
    return listed


def show(mutant):
    return f"{mutant.file.name} {mutant.place}".strip() + f"\n- {mutant.old}\n+ {mutant.new}"
