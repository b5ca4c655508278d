# SPDX-License-Identifier: MIT
"""The examples do what they say, and refuse in one sentence."""

import subprocess
import sys
from pathlib import Path

import pytest
from defrag import Fit
from defrag.explore import Policy, load, replay, smallest
from tracefile import ALLOCATE, FREE, trace

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLES = PROJECT / "examples"
NAMES = sorted(path.name for path in EXAMPLES.glob("*.py"))
MOSQUITTO = PROJECT / "native/traces/mosquitto.dft.zst"
PIECES = [(ALLOCATE, i, 100) for i in range(20)] + [(FREE, i) for i in range(0, 20, 2)] + [(ALLOCATE, 0, 700)]
PNG = b"\x89PNG\r\n\x1a\n"


def run(name: str, *arguments: str | Path, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(EXAMPLES / name), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def answer(name: str, *arguments: str | Path, folder: Path | None = None) -> str:
    done = run(name, *arguments, folder=folder)
    assert done.returncode == 0, done
    return done.stdout


def row(text: str, start: str) -> list[str]:
    """The cells of a table's line, without what groups their digits."""
    (line,) = [line for line in text.splitlines() if line.strip().startswith(start) and line.startswith("  ")]
    return line.replace(start, "", 1).replace(",", "").split()


@pytest.fixture
def pieces(tmp_path: Path) -> Path:
    path = tmp_path / "pieces.dft"
    path.write_bytes(trace(*PIECES))
    return path


@pytest.mark.parametrize("name", NAMES)
def test_help_goes_to_standard_output(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: {name}")
    assert done.stderr == ""


BAD = {
    "an unknown option": (
        "compare_fits.py",
        ["--frobnicate"],
        "unrecognized arguments: --frobnicate; see compare_fits",
    ),
    "a trace that is none": ("compare_fits.py", [__file__], "is not a trace; give one that"),
    "a trace that is not there": (
        "step_budget.py",
        ["/nowhere"],
        "'/nowhere' cannot be read (No such file or directory)",
    ),
    "a size that is none": ("compare_fits.py", ["--pool", "4Q"], "'4Q' is no size for --pool; give"),
    "a pool too small": ("compare_fits.py", ["--pool", "8", "TRACE"], "cannot be replayed in a pool of 8 bytes"),
    "a scale of nothing": ("compare_fits.py", ["--scale", "0"], "0.0 is no scale; give"),
    "a scale that is no number": ("compare_fits.py", ["--scale", "nan"], "nan is no scale; give"),
    "a budget that is none": ("step_budget.py", ["--budgets", "0,x"], "'x' is no size for --budgets; give"),
    "no blocks": ("step_budget.py", ["--blocks", "0"], "0 is no count for --blocks; give"),
    "no days": ("simulated_year.py", ["--days", "0"], "0 is no number of days; give"),
    "days that are no number": ("simulated_year.py", ["--days", "x"], "invalid int value: 'x'; see simulated_year"),
    "a tiny device": ("simulated_year.py", ["--pool", "8"], "there is no pool of 8 bytes; give"),
    "a plot nowhere": (
        "simulated_year.py",
        ["--days", "1", "-o", "/nowhere/x.png"],
        "'/nowhere/x.png' cannot be written (No such file or directory); choose",
    ),
    "a plot of no kind": ("simulated_year.py", ["--days", "1", "-o", "x.abc"], "'x.abc' cannot be written ("),
    "a demonstration of no trace": ("demo.py", [__file__], "is not a trace; give one that"),
}


@pytest.mark.parametrize(("name", "given", "sentence"), BAD.values(), ids=[name.replace(" ", "_") for name in BAD])
def test_bad_input_is_refused_in_one_sentence(
    name: str, given: list[str], sentence: str, pieces: Path, tmp_path: Path
) -> None:
    arguments = [str(pieces) if argument == "TRACE" else argument for argument in given]
    done = run(name, *arguments, folder=tmp_path)
    assert done.returncode == 2, done
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"{name}: ")
    assert sentence in done.stderr


def test_fits_are_compared(pieces: Path) -> None:
    text = answer("compare_fits.py", "--pool", "2560", pieces)
    for name, fit in (("fast", Fit.FAST), ("best", Fit.BEST), ("make-room", Fit.MAKE_ROOM)):
        found = replay(load(pieces), 2560, Policy(fit)).run
        figures = (found.refused, found.first_refused_operation, found.moved_bytes, found.worst_allocation)
        expected = [smallest(load(pieces), Policy(fit)).pool_bytes, *figures]
        assert row(text, name) == [str(figure) for figure in expected]
    assert row(text, "best")[1] == "1"
    assert row(text, "make-room")[1] == "0"


def test_fits_are_compared_where_making_room_just_suffices(pieces: Path) -> None:
    pool = smallest(load(pieces)).pool_bytes
    assert f"in a pool of {pool:,} bytes" in answer("compare_fits.py", pieces)
    assert "at most 1,000 bytes live" in answer("compare_fits.py", "--scale", "0.5", pieces)


# Two blocks are freed, and with time to move what is between them a large one fits.
SLOW = [(ALLOCATE, i, 500) for i in range(4)] + [(FREE, 0), (FREE, 2)]
SLOW += [record for _ in range(60) for record in ((ALLOCATE, 0, 8), (FREE, 0))] + [(ALLOCATE, 0, 900)]


def test_the_smallest_budget_that_suffices_is_told(tmp_path: Path) -> None:
    path = tmp_path / "slow.dft"
    path.write_bytes(trace(*SLOW))
    text = answer("step_budget.py", "--pool", "2304", "--budgets", "64,0,16,600,4", path)
    refused = {budget: int(row(text, f"{budget} ")[0]) for budget in (0, 4, 16, 64, 600)}
    for budget, count in refused.items():
        assert count == replay(load(path), 2304, Policy(Fit.FAST, budget)).run.refused
    assert refused[0] == refused[4] == 1
    assert refused[64] == refused[600] == 0
    enough = min(budget for budget, count in refused.items() if count == 0)
    assert f"A budget of {enough} bytes suffices." in text
    assert "No budget that was tried suffices" in answer("step_budget.py", "--pool", "2304", "--budgets", "0,4", path)
    assert "there is no need for them" in answer("step_budget.py", "--pool", "64K", "--budgets", "0,64", path)


def test_the_examples_need_no_arguments() -> None:
    assert "mosquitto: 143,875 operations" in answer("step_budget.py", "--budgets", "0,256")
    assert "mosquitto: 143,875 operations" in answer("compare_fits.py")


def test_a_year_is_plotted_in_which_moving_keeps_the_largest_hole_large(tmp_path: Path) -> None:
    path = tmp_path / "weeks.png"
    text = answer("simulated_year.py", "--days", "20", "-o", path)
    still, moving = ([float(cell) for cell in row(text, name)] for name in ("never moving", "moving"))
    assert moving[0] == 0
    assert moving[1] < 0.1 < still[1]
    assert moving[2] > still[2]
    assert moving[4] > 0 == still[4]
    assert path.read_bytes().startswith(PNG)
    assert text == answer("simulated_year.py", "--days", "20", "-o", path)
    assert text != answer("simulated_year.py", "--days", "20", "-o", path, "--seed", "2")


# ----------------------------------------------------------------------------------------------------------- the demo


def test_the_demos_table_has_what_the_replayer_finds() -> None:
    cells = next(
        line for line in answer("demo.py", MOSQUITTO).splitlines() if line.split()[:1] == ["mosquitto"]
    ).split()
    opened = load(MOSQUITTO)
    fast, best, room = (smallest(opened, Policy(fit)).pool_bytes for fit in (Fit.FAST, Fit.BEST, Fit.MAKE_ROOM))
    assert cells[1] == f"{opened.operations:,}"
    bare = [cell.strip("*") for cell in cells]
    for size in (room, best, min(fast, best) - room):
        assert f"{size / 1024:.1f}" in bare


def test_a_trace_that_never_needs_moving_saves_nothing_in_the_demo(tmp_path: Path) -> None:
    path = tmp_path / "stack.dft"
    path.write_bytes(trace(*[(ALLOCATE, i, 100) for i in range(50)], *[(FREE, i) for i in reversed(range(50))]))
    assert "0.0  0.0%" in answer("demo.py", path)
