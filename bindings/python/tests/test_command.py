# SPDX-License-Identifier: MIT
"""The command: what it says, what it writes, and how it refuses."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import defrag
import pytest
from defrag import Fit
from defrag.explore import Policy, load, replay, smallest
from tracefile import ALLOCATE, FREE, RESIZE, trace

GOOD = trace((ALLOCATE, 0, 8))
PIECES = [(ALLOCATE, i, 100) for i in range(20)] + [(FREE, i) for i in range(0, 20, 2)] + [(ALLOCATE, 0, 700)]
COMMANDS = ("record", "hook", "size", "replay", "sweep", "film", "why")

Done = subprocess.CompletedProcess[str]


def run(*arguments: str | Path, folder: Path | None = None, env: dict[str, str] | None = None) -> Done:
    command = [sys.executable, "-m", "defrag", *map(str, arguments)]
    environment = os.environ | {"COLUMNS": "160"} | (env or {})
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment)


def answer(*arguments: str | Path, folder: Path | None = None) -> str:
    done = run(*arguments, folder=folder)
    assert done.returncode == 0, done
    assert done.stderr == ""
    return done.stdout


def assert_refused(done: Done, sentence: str, code: int = 2) -> None:
    assert done.returncode == code, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("defrag: ")
    assert sentence in done.stderr


@pytest.fixture
def good(tmp_path: Path) -> Path:
    path = tmp_path / "good.dft"
    path.write_bytes(GOOD)
    return path


@pytest.fixture
def pieces(tmp_path: Path) -> Path:
    path = tmp_path / "pieces.dft"
    path.write_bytes(trace(*PIECES))
    return path


# ------------------------------------------------------------------------------------------------------------- refusals

BAD = {
    "a command is known": (["frobnicate"], "no such command 'frobnicate'; see defrag --help"),
    "a trace is required": (["replay", "--pool", "4K"], "missing argument 'TRACE'; see defrag replay --help"),
    "one trace is enough": (["replay", "--pool", "4K", "TRACE", "TRACE"], "got unexpected extra argument"),
    "a trace must be there": (
        ["size", "/nowhere/x.dft"],
        "'/nowhere/x.dft' cannot be read (No such file or directory); give",
    ),
    "a pool size is required": (["replay", "TRACE"], "missing option '-p' / '--pool'; see defrag replay --help"),
    "an unknown option is named": (["replay", "TRACE", "--frobnicate"], "no such option '--frobnicate'; see"),
    "an option wants its value": (["replay", "TRACE", "--pool"], "option '--pool' requires an argument; see"),
    "a negative size is refused": (["replay", "TRACE", "--pool", "-1"], "'-1' is no size for --pool; give"),
    "a size of zero is refused": (["replay", "TRACE", "--pool", "0"], "'0' is no size for --pool; give"),
    "an unknown unit is refused": (["replay", "TRACE", "--pool", "4Q"], "'4Q' is no size for --pool; give"),
    "a size above 4 GiB is refused": (["replay", "TRACE", "--pool", "5G"], "'5G' is no size for --pool; give"),
    "a size above 64 bits is refused": (["replay", "TRACE", "--pool", "99999999999999999999"], "is no size for --pool"),
    "a pool too small for its control block is refused": (
        ["replay", "TRACE", "--pool", "100"],
        "cannot be replayed in a pool of 100 bytes",
    ),
    "a pool above the build's largest is refused": (
        ["replay", "TRACE", "--pool", "1M", "--link-width", "16"],
        "cannot be replayed in a pool of 1048576 bytes",
    ),
    "a pool above the largest of all is refused": (
        ["why", "TRACE", "--pool", "4G"],
        "cannot be replayed in a pool of 4294967296 bytes",
    ),
    "an unknown fit is refused": (["replay", "TRACE", "--pool", "4K", "--fit", "worst"], "'worst' is no fit; choose"),
    "an unknown link width is refused": (["replay", "TRACE", "--pool", "4K", "--link-width", "8"], "'8' is not one of"),
    "a step of nothing is refused": (["replay", "TRACE", "--pool", "4K", "--step-bytes", "0"], "'0' is no size for"),
    "a step of no blocks is refused": (
        ["replay", "TRACE", "--pool", "4K", "--step-blocks", "0"],
        "0 is not in the range",
    ),
    "a share above the whole is refused": (
        ["size", "TRACE", "--locked", "101%"],
        "'101%' is no share for --locked; give",
    ),
    "a share that is no number is refused": (
        ["size", "TRACE", "--jitter", "some"],
        "'some' is no share for --jitter; give",
    ),
    "a timeline that cannot be written is refused": (
        ["replay", "TRACE", "--pool", "4K", "--timeline", "/nowhere/x.csv"],
        "'/nowhere/x.csv' cannot be written (No such file or directory); choose",
    ),
    "a scale of nothing is refused": (["size", "TRACE", "--scale", "0"], "0.0 is not in the range"),
    "a sweep wants pools": (["sweep", "TRACE"], "missing option '-p' / '--pools'; see defrag sweep --help"),
    "a sweep over no pool is refused": (["sweep", "TRACE", "--pools", ","], "--pools names nothing; give sizes"),
    "a sweep's fits are known": (["sweep", "TRACE", "--pools", "4K", "--fits", "worst"], "'worst' is no fit; choose"),
    "a sweep writes tables": (
        ["sweep", "TRACE", "--pools", "4K", "-o", "x.txt"],
        "'x.txt' is neither .csv nor .json; name",
    ),
    "a cluster must answer": (
        ["sweep", "TRACE", "--pools", "4K", "--dask", "nonsense"],
        "no Dask scheduler answers at 'nonsense'; give its address",
    ),
    "a film wants a file": (["film", "TRACE"], "missing option '-o' / '--output'; see defrag film --help"),
    "a film's policy is known": (
        ["film", "TRACE", "-o", "x.html", "--policy", "hard"],
        "'hard' is no policy; choose never",
    ),
    "a film is of a kind": (["film", "TRACE", "-o", "x.avi"], "x.avi"),
    "an operation must be there": (
        ["why", "TRACE", "--pool", "4K", "--at", "2"],
        "has 1 operations; choose one of them",
    ),
    "without a refusal there is no why": (["why", "TRACE", "--pool", "4K"], "meets no refusal in this pool; choose"),
    "a hook wants a folder": (["hook"], "missing argument 'FOLDER'; see defrag hook --help"),
    "a folder must be possible": (
        ["hook", "/proc/x"],
        "'/proc/x' cannot be written (No such file or directory); choose",
    ),
    "a program is required": (["record"], "missing argument '-- PROGRAM [ARGUMENT..]'; see defrag record --help"),
}


@pytest.mark.parametrize(("given", "sentence"), list(BAD.values()), ids=[name.replace(" ", "_") for name in BAD])
def test_bad_input_is_refused_in_one_sentence(given: list[str], sentence: str, good: Path, tmp_path: Path) -> None:
    arguments = [str(good) if argument == "TRACE" else argument for argument in given]
    assert_refused(run(*arguments, folder=tmp_path), sentence)
    assert list(tmp_path.iterdir()) == [good]


@pytest.mark.parametrize("command", ["size", "replay --pool 4K", "sweep --pools 4K", "film -o x.html", "why --pool 4K"])
def test_every_command_refuses_a_damaged_trace(command: str, tmp_path: Path) -> None:
    path = tmp_path / "cut.dft"
    path.write_bytes(GOOD[:-1])
    name, *options = command.split()
    assert_refused(
        run(name, path, *options, folder=tmp_path), "is cut short after operation 1; copy or record it again"
    )


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_goes_to_standard_output(command: str) -> None:
    assert "Usage: defrag" in answer(*command.split(), "--help")


def test_the_version_is_the_packages() -> None:
    assert answer("--version") == f"defrag {defrag.__version__}\n"


def test_the_command_is_installed() -> None:
    done = subprocess.run([Path(sys.executable).with_name("defrag"), "--version"], capture_output=True, check=True)
    assert done.stdout.startswith(b"defrag ")


# --------------------------------------------------------------------------------------------------------------- replay


def test_a_replay_tells_the_same_as_text_and_as_json(pieces: Path) -> None:
    told = json.loads(answer("replay", pieces, "--pool", "2560", "--fit", "best", "--json"))
    assert told["refused"] == told["refused_for"]["fragmented"] == 1
    assert told["first_refusal"] == {"operation": 31, "bytes": 700, "reason": "fragmented"}
    text = answer("replay", pieces, "--pool", "2560", "--fit", "best")
    assert "1 requests: 1 fragmented" in text
    assert "operation 31, 700 bytes: the free bytes suffice, but no hole is large enough" in text


def test_pauses_are_percentiles_of_what_calls_moved(pieces: Path) -> None:
    told = json.loads(answer("replay", pieces, "--pool", "2560", "--json"))
    assert told["moved_by_a_call"]["50"] == told["moved_by_a_call"]["90"] == 0
    assert told["moved_by_a_call"]["100"] == told["worst_allocation"] > 0
    stepping = json.loads(answer("replay", pieces, "--pool", "2560", "--step-bytes", "200", "--json"))
    assert 0 < stepping["copied_by_a_step"]["100"] == stepping["worst_step"] <= 200


def test_the_timeline_has_a_line_for_each_sample(pieces: Path, tmp_path: Path) -> None:
    path = tmp_path / "timeline.csv"
    told = json.loads(answer("replay", pieces, "--pool", "8K", "--timeline", path, "--json"))
    lines = list(csv.DictReader(io.StringIO(path.read_text())))
    assert [int(line["operation"]) for line in lines] == list(range(1, 32))
    assert told["largest_hole"]["samples"] == 31
    assert told["largest_hole"]["last"] == int(lines[-1]["largest_now"])


def test_scale_multiplies_sizes(pieces: Path) -> None:
    whole, half = (
        json.loads(answer("replay", pieces, "--pool", "8K", "--json", "--scale", scale))["trace"]["peak_bytes"]
        for scale in ("1", "0.5")
    )
    assert (whole, half) == (2000, 1000)


# ----------------------------------------------------------------------------------------------------------------- size


def sizes_of(path: Path, *options: str) -> dict[str, dict[str, Any]]:
    return {row["policy"]: row for row in json.loads(answer("size", path, "--json", *options))}


def test_size_tells_the_smallest_pools_and_what_they_are_made_of(pieces: Path) -> None:
    found = sizes_of(pieces, "--granularity", "8", "--runs", "0")
    assert list(found) == ["never", "on demand", "background"]
    for row in found.values():
        assert sum(row["need"].values()) == row["pool_bytes"]
        assert row["margin"] == 0
    assert found["on demand"]["pool_bytes"] == smallest(load(pieces), Policy(Fit.MAKE_ROOM), 8).pool_bytes
    assert found["never"]["pool_bytes"] > found["on demand"]["pool_bytes"]


def test_the_margin_is_what_the_worst_run_with_other_lives_needs(pieces: Path) -> None:
    row = sizes_of(pieces, "--granularity", "8", "--runs", "5")["on demand"]
    expected = [
        smallest(load(pieces).changed(jitter=0.2, seed=seed), Policy(Fit.MAKE_ROOM), 32).pool_bytes
        for seed in range(1, 6)
    ]
    assert row["jittered"] == expected
    assert row["margin"] == max(0, max(expected) - row["pool_bytes"])
    assert row["pool_with_margin"] == row["pool_bytes"] + row["margin"]


def test_must_fit_decides_the_exit_code(pieces: Path) -> None:
    row = sizes_of(pieces, "--granularity", "8", "--runs", "3")["on demand"]
    options = ("size", pieces, "--granularity", "8", "--runs", "3", "--must-fit")
    fits = run(*options, str(row["pool_with_margin"]))
    assert fits.returncode == 0
    assert "moving on demand fits" in fits.stdout
    misfits = run(*options, str(row["pool_with_margin"] - 1))
    assert misfits.returncode == 1
    assert "moving on demand does not fit" in misfits.stdout
    assert run(*options, str(row["pool_with_margin"]), "--moving", "never").returncode == 1


def test_a_word_on_64_bit_objects_is_said_unless_it_is_known_better(pieces: Path, tmp_path: Path) -> None:
    log = tmp_path / "device.log"
    log.write_text("@h 0 a 20000000 100\n@h 1 f 20000000\n")
    assert "64-bit" in answer("size", pieces, "--runs", "0")
    assert "64-bit" not in answer("size", pieces, "--runs", "0", "--scale", "0.6")
    assert "64-bit" not in answer("size", log, "--runs", "0")


def test_records_that_a_log_lacks_are_told(tmp_path: Path) -> None:
    log = tmp_path / "device.log"
    log.write_text("@h 0 a 20000000 100\n@h 3 f 20000000\n")
    done = run("replay", log, "--pool", "4K")
    assert done.returncode == 0
    assert (
        done.stderr
        == f"defrag: '{log}' lacks 2 records that were lost on their way; make the device's ring buffer larger\n"
    )


# ---------------------------------------------------------------------------------------------------------------- sweep


@pytest.mark.parametrize("kind", ["csv", "json"])
def test_a_sweep_writes_what_each_replay_tells(kind: str, pieces: Path, good: Path, tmp_path: Path) -> None:
    path = tmp_path / f"table.{kind}"
    shown = answer(
        "sweep", pieces, good, "--pools", "2560,4K", "--fits", "best,make-room", "--budgets", "0,200", "-o", path
    )
    text = path.read_text()
    rows = list(csv.DictReader(io.StringIO(text))) if kind == "csv" else json.loads(text)
    assert len(rows) == 2 * 2 * 2 * 2
    assert shown.count("pieces") == 8
    for row in rows:
        policy = Policy(Fit[row["fit"].upper().replace("-", "_")], int(row["step_bytes"]))
        path = pieces if row["trace"] == "pieces" else good
        expected = replay(load(path), int(row["pool_bytes"]), policy).run
        assert (int(row["refused"]), int(row["moved_bytes"])) == (expected.refused, expected.moved_bytes)
    assert any(int(row["refused"]) for row in rows)


def test_a_sweep_runs_on_a_dask_cluster_unchanged(pieces: Path, tmp_path: Path) -> None:
    script = (
        "import sys\n"
        "from distributed import LocalCluster\n"
        "if __name__ == '__main__':\n"
        "    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:\n"
        "        print(cluster.scheduler_address, flush=True)\n"
        "        sys.stdin.read()\n"
    )
    program = tmp_path / "cluster.py"
    program.write_text(script)
    with subprocess.Popen(
        [sys.executable, program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as cluster:
        assert cluster.stdin
        assert cluster.stdout
        address = cluster.stdout.readline().strip()
        tables = []
        for options in ((), ("--dask", address)):
            path = tmp_path / "table.csv"
            done = run("sweep", pieces, "--pools", "2560,4K", "-o", path, *options)
            assert done.returncode == 0, done
            tables.append(path.read_text())
        cluster.stdin.close()
    assert tables[0] == tables[1]


# ------------------------------------------------------------------------------------------------------------- and more


def test_why_names_the_locked_blocks_in_the_way(pieces: Path) -> None:
    told = json.loads(answer("why", pieces, "--pool", "2560", "--locked", "100%", "--json"))
    assert told["operation"] == 31
    assert told["status"] == told["verdict"] == "FRAGMENTED"
    assert {blocker["block"] % 2 for blocker in told["blockers"]} == {1}
    text = answer("why", pieces, "--pool", "2560", "--locked", "100%")
    assert f"{len(told['blockers'])} locked blocks are in the way" in text
    assert "refused: the free bytes suffice, but no hole is large enough" in text


def test_why_tells_of_requests_that_are_served(pieces: Path) -> None:
    assert "served, after moving" in answer("why", pieces, "--pool", "2560", "--at", "31")
    assert "served without moving" in answer("why", pieces, "--pool", "2560", "--at", "1")


def test_why_tells_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "large.dft"
    path.write_bytes(trace((ALLOCATE, 0, 1500), (ALLOCATE, 1, 400), (RESIZE, 0, 1900)))
    told = json.loads(answer("why", path, "--pool", "2K", "--at", "2", "--json"))
    assert told["status"] == "OUT_OF_MEMORY"
    assert told["missing"] > 0
    assert f"{told['missing']} bytes are missing" in answer("why", path, "--pool", "2K")
    assert "skipped" not in answer("why", path, "--pool", "2K", "--at", "3")


def test_the_hook_is_handed_out_once(tmp_path: Path) -> None:
    folder = tmp_path / "firmware/heap"
    assert "README.md" in answer("hook", folder)
    assert {file.suffix for file in folder.iterdir()} == {".c", ".h", ".md"}
    assert_refused(run("hook", folder), "exists already; choose another folder, or remove it")


def test_record_size_and_film_go_together(tmp_path: Path) -> None:
    done = run(
        "record", "--", sys.executable, "-c", "print(len([bytes(1000 + i) for i in range(100)]))", folder=tmp_path
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "100\n", "")
    path = tmp_path / f"{Path(sys.executable).name}.dft"
    assert load(path).peak_bytes > 100_000
    assert "on demand" in answer("size", path, "--runs", "0")
    assert "wrote" in answer("film", path, "-o", tmp_path / "heap.json")
    assert json.loads((tmp_path / "heap.json").read_text())["traceEvents"]


def test_the_recorded_programs_exit_code_is_the_commands(tmp_path: Path) -> None:
    assert run("record", "-o", tmp_path / "x.dft", "--", "sh", "-c", "exit 7").returncode == 7


def test_a_program_that_cannot_be_started_is_told(tmp_path: Path) -> None:
    done = run("record", "-o", tmp_path / "x.dft", "--", "no-such-program")
    assert done.returncode == 2
    assert done.stderr == (
        "defrag-record: 'no-such-program' cannot be started (No such file or directory); give a program's name or path\n"
    )


@pytest.fixture
def interruptible() -> Iterator[None]:
    """A program does not see Ctrl-C if it was started by one that ignores it, as shells have those in the background do."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_recording_keeps_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "x.dft"
    program = "blocks = [bytes(20000 + i) for i in range(50)]; print('ready', flush=True); import time; time.sleep(60)"
    command = [sys.executable, "-m", "defrag", "record", "-o", str(path), "--", sys.executable, "-c", program]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        assert process.stdout
        process.stdout.readline()
        os.killpg(process.pid, signal.SIGINT)  # as Ctrl-C does
        assert process.wait() != 0
    assert load(path).peak_bytes > 50 * 20000


@pytest.mark.usefixtures("interruptible")
def test_a_search_that_is_interrupted_ends_in_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "long.dft"
    path.write_bytes(trace(*[record for i in range(100_000) for record in ((ALLOCATE, 0, i % 900), (FREE, 0))]))
    command = [sys.executable, "-m", "defrag", "size", str(path), "--runs", "1000"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(3)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert out == ""
    assert err.strip() == "defrag: interrupted; nothing was written"
