# SPDX-License-Identifier: MIT
"""Mutants of a C file: copies in which one line was changed, by rules for universalmutator (A. Groce et al., "An
extensible, regular-expression-based tool for multi-language mutant generation", 2018)."""

import contextlib
import io
import re
from dataclasses import dataclass
from pathlib import Path

from universalmutator.mutator import mutants_regexp

RULES = Path(__file__).parent / "c.rules"
COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
ENDS = (";", "{", "}", ":", ",")
NAME = re.compile(r"(\w+)\(")


@dataclass(frozen=True)
class Mutant:
    file: Path
    line: int
    place: str
    old: str
    new: str

    @property
    def key(self):
        """What tells it from others wherever its line goes."""
        return self.file.name, self.place, self.old, self.new

    def text(self):
        lines = statements(self.file)
        lines[self.line - 1] = self.new
        return "\n".join(lines) + "\n"


def is_whole(line):
    return line.startswith("#") or (line.endswith(ENDS) and line.count("(") == line.count(")"))


def statements(file):
    """The lines of a file without comments, each statement in the first of those that it takes, so that rules see all of it
    and lines keep their numbers."""
    lines = COMMENT.sub(lambda match: "\n" * match[0].count("\n"), file.read_text()).split("\n")
    lines = [line.rstrip() for line in lines]
    whole = [""] * len(lines)
    first, macro = None, False
    for i, line in enumerate(lines):
        if macro or line.startswith("#"):
            macro = line.endswith("\\")
            whole[i] = line
            continue
        if first is None:
            if not line:
                continue
            first, whole[i] = i, line
        else:
            whole[first] += " " + line.strip()
        if is_whole(whole[first]) or (whole[first].endswith(")") and lines[i + 1 : i + 2] == ["{"]):
            first = None
    return whole


def places(lines):
    """The name of the function that each line belongs to, or nothing."""
    name, inside = "", False
    for i, line in enumerate(lines):
        if line == "{":
            head = next(before for before in reversed(lines[:i]) if before)
            name, inside = NAME.findall(head.replace("__attribute__(", ""))[0] if "(" in head else "", True
        yield name if inside else ""
        if line.startswith("}"):
            inside = False


def is_open_to_change(line, place):
    """Outside of functions only constants are changed: no declarations, whose change is another program."""
    return bool(place) or line.startswith("#define") or " = " in line


def mutants_of(file):
    lines = statements(file)
    owners = list(places(lines))
    with contextlib.redirect_stdout(io.StringIO()):
        made = mutants_regexp([line + "\n" for line in lines], ruleFiles=[str(RULES)], ignorePatterns=[])
    found, times = {}, {}
    for number, new, *_ in made:
        old, place = lines[number - 1], owners[number - 1]
        if not is_open_to_change(old, place) or old.endswith("\\") or (number > 1 and lines[number - 2].endswith("\\")):
            continue
        here = (place, old.strip(), new.strip())
        same = times.setdefault(here, [])
        if number not in same:
            same.append(number)
            mark = f" ({len(same)})" if len(same) > 1 else ""
            found[(number, new)] = Mutant(file, number, place + mark, old.strip(), new.strip())
    return sorted(found.values(), key=lambda mutant: mutant.line)
