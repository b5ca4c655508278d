# SPDX-License-Identifier: MIT
"""Tests that figures which grow are noticed."""

import copy
import json
import re
import subprocess
import sys
from itertools import product
from pathlib import Path

import pytest
from size import GRAPHS, GUARDED, HERE, ROOT, TARGETS, flat, growth
from stack import Calls
from toolchain import CONFIGURATION, FOR_SIZE, Target

ACCEPTED = json.loads((HERE / "accepted.json").read_text())
COLUMNS = (["cortex-m0"], ["cortex-m3", "cortex-m4"], ["rv32imac"])  # of the guide's table
NODE = 'node: {{ title: "{0}" label: "{0}\\na.c:1:1\\n{1} bytes ({2})\\n0 dynamic objects" }}'
EDGE = 'edge: {{ sourcename: "{}" targetname: "{}" label: "a.c:1:1" }}'


def changed(path, by):
    figures = copy.deepcopy(ACCEPTED)
    table = figures
    for key in path[:-1]:
        table = table[key]
    table[path[-1]] += by
    return figures


def test_what_is_accepted_has_not_grown():
    assert list(growth(ACCEPTED, ACCEPTED)) == []


@pytest.mark.parametrize("path", flat(ACCEPTED), ids=", ".join)
def test_a_figure_that_grows_by_one_byte_is_named_and_one_that_shrinks_is_not(path):
    (sentence,) = growth(ACCEPTED, changed(path, 1))
    assert sentence.startswith(", ".join(path) + ": ")
    assert list(growth(ACCEPTED, changed(path, -1))) == []


def test_a_figure_that_was_never_accepted_is_named():
    figures = copy.deepcopy(ACCEPTED)
    figures["cortex-m0"]["stack"]["defrag_new"] = 8
    assert list(growth(ACCEPTED, figures)) == [
        "cortex-m0, stack, defrag_new: 8 bytes, of which nothing is accepted yet"
    ]


def test_the_command_fails_on_growth_and_no_more_once_that_is_accepted(tmp_path):
    accepted = tmp_path / "accepted.json"
    accepted.write_text(json.dumps(changed(("cortex-m0", "code", "fixed use"), -2)))

    def size(action):
        command = [sys.executable, Path(HERE / "size.py"), "--scratch", tmp_path, "--accepted", accepted, action]
        return subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)

    failed = size("--check")
    assert failed.returncode == 1
    assert "cortex-m0, code, fixed use: " in failed.stdout
    assert size("--accept").returncode == 0
    assert list(growth(json.loads(accepted.read_text()), json.loads((HERE / "accepted.json").read_text()))) == []


def test_the_guide_to_porting_tells_the_stack_that_is_accepted():
    told = set()
    for row in re.findall(r"^\| (`defrag_.*) \|$", (ROOT / "include/PORTING.md").read_text(), re.MULTILINE):
        calls, *figures = row.split(" | ")
        fits = " with FAST or BEST" if calls.endswith("with `FAST` or `BEST`") else ""
        names = [name + fits for name in re.findall(r"`(defrag_\w+)`", calls)]
        for targets, cell in zip(COLUMNS, figures, strict=True):
            for target, (kind, figure) in product(targets, zip(("stack", GUARDED), cell.split(", "), strict=True)):
                assert int(figure) == max(ACCEPTED[target][kind][name] for name in names), (names, target, kind)
        told |= set(names)
    assert told == {name for name, size in ACCEPTED["cortex-m0"]["stack"].items() if size != 0}


@pytest.mark.parametrize("name", TARGETS)
def test_blocks_are_copied_without_a_call(name, tmp_path):
    """Compilers for size may call memcpy for a few words, which takes a dozen instructions a byte."""
    made = tmp_path / "move.o"
    Target(name).compile(*FOR_SIZE, "-ffreestanding", *GRAPHS, *CONFIGURATION, "-c", ROOT / "lib/move.c", "-o", made)
    calls = Calls({"move": made.with_suffix(".ci").read_text()})
    assert calls.callees.get("defrag_copy") is None
    assert calls.frames["defrag_copy"] <= 32


def test_stack_adds_up_along_the_deepest_way():
    nodes = [NODE.format(name, frame, "static") for name, frame in (("a", 8), ("b", 16), ("c", 40))]
    calls = Calls({"one": "\n".join([*nodes, EDGE.format("a", "b"), EDGE.format("b", "far"), EDGE.format("a", "c")])})
    assert calls.deepest("a") == 48
    assert calls.deepest("a", frozenset("c")) == 24
    assert calls.outside() == ["far"]


LISTINGS = {
    "arm": """
00000000 <a>:
   2:	f7ff fffe 	bl	0 <b>
			2: R_ARM_THM_CALL	b
   6:	f7ff bffe 	b.w	0 <c>
			6: R_ARM_THM_JUMP24	c
""",
    "riscv": """
00000000 <a>:
   2:	00000317          	auipc	t1,0x0
			2: R_RISCV_CALL_PLT	c
   6:	00030067          	jr	t1 # 2 <a+0x2>

0000000a <.L2>:
   a:	00000097          	auipc	ra,0x0
			a: R_RISCV_CALL_PLT	b
   e:	000080e7          	jalr	ra # a <a+0xa>
""",
}


@pytest.mark.parametrize("listing", LISTINGS.values(), ids=LISTINGS)
def test_stack_is_free_again_where_a_function_ends_by_jumping_to_another(listing):
    nodes = [NODE.format(name, frame, "static") for name, frame in (("a", 8), ("b", 16), ("file.c:c", 20))]
    graphs = {"one": "\n".join([*nodes, EDGE.format("a", "b"), EDGE.format("a", "file.c:c")])}
    assert Calls(graphs).deepest("a") == 28
    assert Calls(graphs, [listing]).deepest("a") == 24
    assert Calls(graphs, [listing.replace("\tb\n", "\tc\n")]).deepest("a") == 28


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([NODE.format("a", 8, "static"), EDGE.format("a", "a")], "calls itself"),
        ([NODE.format("a", 8, "dynamic")], "no bound"),
        ([NODE.format("a", 8, "static"), EDGE.format("a", "__indirect_call")], "cannot follow"),
    ],
)
def test_stack_without_a_bound_is_refused(lines, reason):
    with pytest.raises(SystemExit, match=reason):
        Calls({"one": "\n".join(lines)}).deepest("a")
