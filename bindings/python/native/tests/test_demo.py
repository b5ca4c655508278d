# SPDX-License-Identifier: MIT
"""The demonstration tells what the replayer finds, and refuses in one sentence."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import Run
from tracefile import ALLOCATE, FREE, trace

NATIVE = Path(__file__).resolve().parents[1]
TRACE = NATIVE / "traces" / "mosquitto.dft.zst"


def demo(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, NATIVE / "demo.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def pool(report: dict) -> int:
    return report["smallest"]["bytes"]


def kib(report: dict) -> str:
    return f"{pool(report) / 1024:.1f}"


def test_the_table_has_what_the_replayer_finds(replay: Run) -> None:
    done = demo("--replay", os.environ["DEFRAG_REPLAY"], TRACE)
    assert done.returncode == 0, done
    cells = next(line for line in done.stdout.splitlines() if line.split()[:1] == ["mosquitto"] and "," in line).split()
    room = json.loads(replay(TRACE, "--json", "--smallest").stdout)
    fast = json.loads(replay(TRACE, "--json", "--smallest", "--fit", "fast").stdout)
    best = json.loads(replay(TRACE, "--json", "--smallest", "--fit", "best").stdout)
    assert cells[1] == f"{room['trace']['operations']:,}"
    assert kib(room) in cells
    assert kib(best) in (cell.strip("*") for cell in cells)
    saved = min(pool(fast), pool(best)) - pool(room)
    assert f"{saved / 1024:.1f}" in cells


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "required: --replay; see demo.py --help"),
        (["--replay", "/nowhere"], "'/nowhere' cannot be run (No such file or directory); give"),
        (["--replay", os.environ["DEFRAG_REPLAY"], __file__], "is not a trace; give a file that defrag-record made"),
    ],
)
def test_bad_input_is_refused_in_one_sentence(arguments: list[str], sentence: str) -> None:
    done = demo(*arguments)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert sentence in done.stderr


def test_a_trace_that_never_needs_moving_saves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "stack.dft"
    path.write_bytes(trace(*[(ALLOCATE, i, 100) for i in range(50)], *[(FREE, i) for i in reversed(range(50))]))
    done = demo("--replay", os.environ["DEFRAG_REPLAY"], path)
    assert done.returncode == 0, done
    assert "0.0  0.0%" in done.stdout
