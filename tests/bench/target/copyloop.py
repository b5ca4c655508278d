# SPDX-License-Identifier: MIT
"""Cycles of the loop that copies blocks, by the core's published instruction timings over its disassembly.

The tables are those of ARM's technical reference manuals of Cortex-M0 (DDI 0432), M3 (DDI 0337) and M4 (DDI 0439). On the
latter two a branch that is taken costs from 1 + 1 to 1 + 3, and a load or store 2, though neighbours may overlap.
"""

import re
import subprocess
from collections import deque

CONDITIONS = ["eq", "ne", "cs", "cc", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le"]
CONDITIONAL = {f"b{condition}" for condition in CONDITIONS} | {"cbz", "cbnz"}
JUMPS = CONDITIONAL | {"b"}
FUNCTION = re.compile(r"^[0-9a-f]+ <(\w+)[^>]*>:\n((?: +[0-9a-f]+:.*\n)+)", re.MULTILINE)
INSTRUCTION = re.compile(r"^ +([0-9a-f]+):\t(\S+)(?:\t(.*))?$", re.MULTILINE)
TAKEN = {"cortex-m0": (3, 3), "cortex-m3": (2, 4), "cortex-m4": (2, 4)}
TOLERANCE = 0.005


def functions(program, prefix):
    command = [f"{prefix}objdump", "-d", "--no-show-raw-insn", program]
    text = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    for name, body in FUNCTION.findall(text):
        code = [
            (int(at, 16), re.sub(r"\.[nw]$", "", what), operands) for at, what, operands in INSTRUCTION.findall(body)
        ]
        yield name, code


def successors(code):
    """For each instruction those that may come next, by index, the one of a taken branch last."""
    index = {at: i for i, (at, _, _) in enumerate(code)}
    following = {}
    for i, (_, what, operands) in enumerate(code):
        onward = [] if what in ("b", "bx") or "pc}" in operands else [i + 1]
        if what in JUMPS:
            target = int(re.search(r"\b([0-9a-f]+) <", operands)[1], 16)
            onward += [index[target]] if target in index else []
        following[i] = [j for j in onward if j < len(code)]
    return following


def shortest(following, begin, end):
    queue, came_from = deque([begin]), {begin: None}
    while queue and end not in came_from:
        at = queue.popleft()
        for onward in following[at]:
            if onward not in came_from:
                came_from[onward] = at
                queue.append(onward)
    path = []
    at = end if end in came_from else None
    while at is not None:
        path.append(at)
        at = came_from[at]
    return path[::-1]


def loops(code):
    """The paths of simple loops without a call."""
    following = successors(code)
    for source, onward in following.items():
        for target in onward:
            if target <= source:
                path = shortest(following, target, source)
                if path and not any(code[i][1].startswith("bl") for i in path):
                    yield path


def registers(operands):
    """How many a list such as {r0, r2-r4} names."""
    count = 0
    for part in re.search(r"{(.*)}", operands)[1].split(","):
        first, _, last = part.strip().partition("-")
        count += int(last[1:]) - int(first[1:]) + 1 if last else 1
    return count


def cycles(code, path, taken):
    total = 0
    for position, i in enumerate(path):
        at_next = path[(position + 1) % len(path)]
        what, operands = code[i][1:]
        if what in JUMPS:
            total += taken if at_next != i + 1 else 1
        elif re.match(r"(ldm|stm|push|pop)", what):
            total += 1 + registers(operands)
        elif what in ("ldrd", "strd"):
            total += 3
        elif re.match(r"(ldr|str)", what):
            total += 2
        else:
            total += 1
    return total


def copy_loop(program, target, instructions_per_byte):
    """The loop that was seen to execute so many instructions a byte: its text, and cycles a byte, least and most."""
    found = []
    for name, code in functions(program, target.prefix):
        for path in loops(code):
            size = len(path) / instructions_per_byte
            whole = round(size / 4) * 4
            loads = [i for i in path if code[i][1].startswith("ld")]
            stores = [i for i in path if code[i][1].startswith("st")]
            if loads and stores and whole and abs(size - whole) < TOLERANCE * whole:
                found.append((name == "defrag_copy", whole, name, code, path))
    if not found or target.name not in TAKEN:
        return None
    _, size, name, code, path = max(found, key=lambda loop: loop[:2])
    least, most = (cycles(code, path, taken) / size for taken in TAKEN[target.name])
    text = [" ".join(part for part in code[i][1:] if part) for i in path]
    return {"function": name, "bytes": size, "loop": text, "least": least, "most": most}
