# SPDX-License-Identifier: MIT
"""Tests of the mutation testing: what is made of a file, and that a survivor is reported unless it is listed."""

import subprocess
import sys
from pathlib import Path

import pytest
import survivors
from mutants import mutants_of
from mutate import judge_list

HERE = Path(__file__).parent
PLANTED = """\
/* 1 + 1 */
enum { MOST = 8 };
struct s { int a[2]; };

static int twice(int x,
                 int y)
{
    if (x < y &&
        y != 0) {
        x--;
    }
    return x;
}
"""


def test_each_rule_changes_one_place_and_comments_and_declarations_stay(tmp_path):
    file = tmp_path / "planted.c"
    file.write_text(PLANTED)
    made = {(mutant.line, mutant.place, mutant.new) for mutant in mutants_of(file)}
    condition = "if (x {} y {} y {} {}) {{"
    assert made == {
        (2, "", "enum { MOST = (8 + 1) };"),
        (2, "", "enum { MOST = (8 - 1) };"),
        *(
            (8, "twice", condition.format(*words))
            for words in (
                ("<=", "&&", "!=", "0"),
                ("!=", "&&", "!=", "0"),
                ("<", "||", "!=", "0"),
                ("<", "&&", "<", "0"),
                ("<", "&&", ">", "0"),
                ("<", "&&", "!=", "(0 + 1)"),
            )
        ),
        (8, "twice", "if (0) {"),
        (8, "twice", "if (1) {"),
        (10, "twice", "x++;"),
        (10, "twice", ";"),
        (12, "twice", "return (x) + 1;"),
    }


def test_a_reason_is_of_a_known_kind(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("= equivalent: so\nbins.c suits\n- a\n+ b\n+ c\n")
    assert {key[3] for key in survivors.read(listed)} == {"b", "c"}
    listed.write_text("= because: so\nbins.c suits\n- a\n+ b\n")
    with pytest.raises(SystemExit, match="a reason begins with"):
        survivors.read(listed)


def test_what_has_the_code_of_a_survivor_may_be_listed_as_well(tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text("= equivalent: so\nbins.c suits\n- a\n+ b\n")
    twin = ("bins.c", "suits", "a", "b")
    assert judge_list({}, {twin}, {"bins.c"}, listed)
    assert not judge_list({}, set(), {"bins.c"}, listed)


def test_a_survivor_is_reported_unless_listed_and_so_is_what_is_listed_and_gone(tmp_path):
    # Of the few mutants of this file one is equivalent.
    def mutate(text):
        (tmp_path / "list.txt").write_text(text)
        options = ["--variant", "guarded", "--scratch", tmp_path, "--list", tmp_path / "list.txt"]
        command = [sys.executable, HERE / "mutate.py", *options, "flight.h"]
        return subprocess.run(command, check=False, capture_output=True, text=True)

    line = "return GUARDED && state {} IN_FLIGHT && pool->flight_slot != slot + 1;\n"
    survivor = f"flight.h is_on_its_way\n- {line.format('==')}+ {line.format('>=')}"
    unlisted = mutate("")
    assert unlisted.returncode == 1
    assert f"survives: {survivor}" in unlisted.stdout
    assert "8 of 9 mutants killed" in unlisted.stdout
    assert mutate(f"= speed: so\n{survivor}").returncode == 0
    gone = mutate(f"= speed: so\n{survivor}+ {line.format('!=')}")
    assert gone.returncode == 1
    assert "listed, but killed or gone: flight.h" in gone.stdout
