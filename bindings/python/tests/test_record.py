# SPDX-License-Identifier: MIT
"""A recording tells exactly what the program did, however the program ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import defrag.explore
import pytest
from defrag.explore import load, replay
from tracefile import ALLOCATE, ALLOCATE_WITH, END, FREE, RESIZE, THREAD, read

NATIVE = Path(__file__).resolve().parent.parent / "native"
RECORDER = Path(defrag.explore.__file__).parent / "defrag-record"
COMPILER = os.environ.get("CC", "cc").split()
Done = subprocess.CompletedProcess[str]

# As in record_target: the least size of a block that counts, the number of threads, the blocks of each.
MARK, WORKERS, BLOCKS = 10000, 4, 300


@pytest.fixture(scope="session")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The program to be recorded. Its compiler must not leave out allocations that nobody uses."""
    program = tmp_path_factory.mktemp("record") / "record_target"
    options = ["-std=c11", "-fno-builtin", "-D_GNU_SOURCE", "-pthread"]
    subprocess.run([*COMPILER, *options, NATIVE / "tests/record_target.c", "-o", program], check=True)
    return program


def record(*arguments: str | Path) -> Done:
    return subprocess.run([RECORDER, *arguments], capture_output=True, text=True, check=False)


def lives(data: bytes) -> list[str]:
    """A line for each block that the trace tells of, in the words of record_target."""
    live: dict[int, str] = {}
    over = []
    for kind, number, arguments in read(data):
        if kind == ALLOCATE:
            live[number] = f"allocate {arguments[0]}"
        elif kind == ALLOCATE_WITH:
            made = "zeroed" if arguments[1] % 2 else f"aligned-{2 ** (arguments[1] // 2)}"
            live[number] = f"{made} {arguments[0]}"
        elif kind == RESIZE:
            live[number] += f" resize {arguments[0]}"
        elif kind == FREE:
            over.append(live.pop(number) + " free")
        else:
            assert kind in (THREAD, END)
    return sorted(line for line in [*over, *live.values()] if int(line.split()[1]) >= MARK)


def threads_of(data: bytes) -> set[int]:
    return {0} | {number for kind, number, _ in read(data) if kind == THREAD}


def threads_of_workers(data: bytes) -> dict[int, set[int]]:
    """Which threads made or resized the blocks of each of record_target's workers."""
    thread = 0
    owner: dict[int, int] = {}
    threads: dict[int, set[int]] = {}
    for kind, number, arguments in read(data):
        if kind == THREAD:
            thread = number
        elif kind in (ALLOCATE, ALLOCATE_WITH):
            owner[number] = (arguments[0] - MARK) // (10 * BLOCKS)
        if kind in (ALLOCATE, ALLOCATE_WITH, RESIZE) and owner[number] in range(1, WORKERS + 1):
            threads.setdefault(owner[number], set()).add(thread)
    return threads


ENDINGS = {"return": 0, "_exit": 0, "abort": 128 + signal.SIGABRT, "kill": 128 + signal.SIGKILL, "exec": 0}


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_recording_tells_what_a_threaded_program_did_that_ends_by(ending: str, target: Path, tmp_path: Path) -> None:
    path = tmp_path / "target.dft"
    done = record("-o", path, "--", target, ending)
    assert done.returncode == ENDINGS[ending]
    assert done.stderr == ""
    data = path.read_bytes()
    assert lives(data) == sorted(done.stdout.splitlines())
    assert threads_of(data) == set(range(5))
    assert replay(load(path), 64 << 20, verify=True).run.refused == 0


def test_each_operation_is_told_with_the_thread_that_called(target: Path, tmp_path: Path) -> None:
    path = tmp_path / "threads.dft"
    assert record("-o", path, "--", target).returncode == 0
    threads = threads_of_workers(path.read_bytes())
    assert sorted(threads) == [1, 2, 3, 4]
    assert sorted(map(sorted, threads.values())) == [[1], [2], [3], [4]]


def test_a_program_that_is_killed_from_outside_leaves_its_trace(tmp_path: Path) -> None:
    path = tmp_path / "killed.dft"
    script = "import os, signal; blocks = [bytes(20000 + i) for i in range(50)]; os.kill(os.getpid(), signal.SIGKILL)"
    done = record("-o", path, "--", sys.executable, "-c", script)
    assert done.returncode == 128 + signal.SIGKILL
    assert len(lives(path.read_bytes())) >= 50


def test_the_programs_that_a_program_starts_do_not_write_to_its_trace(target: Path, tmp_path: Path) -> None:
    path = tmp_path / "shell.dft"
    done = record("-o", path, "sh", "-c", f"{target} && {target} _exit; exit 7")
    assert done.returncode == 7
    assert not [line for line in lives(path.read_bytes()) if line.startswith("aligned")]


def test_a_signal_to_the_recorder_reaches_the_program(tmp_path: Path) -> None:
    path = tmp_path / "sleep.dft"
    script = (
        "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: sys.exit(9)); "
        "print('ready', flush=True); signal.pause()"
    )
    command = [str(RECORDER), "-o", str(path), "--", sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.terminate()
        assert process.wait() == 9
    assert path.stat().st_size > 1000


def test_a_program_that_is_not_recorded_is_told(tmp_path: Path) -> None:
    path = tmp_path / "static.dft"
    program = tmp_path / "static.c"
    program.write_text("int main(void) { return 0; }\n")
    subprocess.run([*COMPILER, "-static", program, "-o", tmp_path / "static"], check=True)
    done = record("-o", path, "--", tmp_path / "static")
    assert done.returncode == 2
    assert "was not recorded; it must be linked dynamically with glibc" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not path.exists()


def test_recording_the_traces_again_names_the_missing_packages() -> None:
    script = NATIVE / "traces/record.py"
    done = subprocess.run(
        [sys.executable, script, "--tool", RECORDER],
        env={"PATH": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "needs the Debian packages jq, lua5.4, " in done.stderr
    assert "install them, then run this again" in done.stderr
    assert done.stderr.count("\n") == 1


# ------------------------------------------------------------------------------------------------------ what is refused

BAD_RECORDINGS = {
    "a file is required": (["true"], "there is no file to write to; name one with -o FILE"),
    "a program is required": (["-o", "FILE"], "there is no program to record; name one"),
    "a program that is not there is refused": (
        ["-o", "FILE", "--", "no-such-program"],
        "'no-such-program' cannot be started (No such file or directory); give",
    ),
    "a file without permission to run is refused": (
        ["-o", "FILE", "--", "/etc/passwd"],
        "'/etc/passwd' cannot be started (Permission denied); give",
    ),
    "a file that cannot be written is refused": (
        ["-o", "/nowhere/x.dft", "true"],
        "'/nowhere/x.dft' cannot be written (No such file or directory); choose",
    ),
    "a device is no file to write to": (["-o", "/dev/null", "true"], "'/dev/null' is no regular file; choose"),
    "an unknown option is named": (["-o", "FILE", "--frobnicate", "true"], "the option '--frobnicate' is unknown"),
}


@pytest.mark.parametrize(
    ("given", "sentence"), BAD_RECORDINGS.values(), ids=[name.replace(" ", "_") for name in BAD_RECORDINGS]
)
def test_a_bad_recording_is_refused_in_one_sentence(given: list[str], sentence: str, tmp_path: Path) -> None:
    arguments = [str(tmp_path / "x.dft") if argument == "FILE" else argument for argument in given]
    done = record(*arguments)
    assert done.returncode == 2, done
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("defrag-record: ")
    assert sentence in done.stderr
    assert not (tmp_path / "x.dft").exists()


def test_help_goes_to_standard_output() -> None:
    done = record("--help")
    assert done.returncode == 0
    assert "Usage:" in done.stdout
    assert done.stderr == ""
