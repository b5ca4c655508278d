# SPDX-License-Identifier: MIT
"""Finds how small a pool can be for what real programs asked of their heap, with moving and without, and compares."""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

try:
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
    from rich.table import Table
except ImportError:
    print("demo.py: the Python package rich is missing; run ./dev demo, which brings it along", file=sys.stderr)
    sys.exit(2)

TRACES = Path(__file__).resolve().parent / "traces"
STEP = "256,16"
LEAST_WIDTH = 120  # columns; a narrower terminal wraps the table, which is better than cutting numbers off
STEPS_IN_ALL = 7  # replays or searches for each trace

Report = dict[str, Any]


class FaultError(Exception):
    """What is wrong, in one sentence that says what to do."""


@dataclass
class Outcome:
    """What the policies need for one trace."""

    name: str
    fast: Report
    best: Report
    stepping: Report  # fast, and a step after each operation
    room: Report
    room_stepping: Report  # the last two at once, in the pool that suffices for room alone
    refused: int  # of the better one that never moves, in the same pool

    @property
    def never_moving(self) -> int:
        return min(pool_of(self.fast), pool_of(self.best))

    @property
    def saved(self) -> int:
        return self.never_moving - pool_of(self.room)


def pool_of(report: Report) -> int:
    return report["pool"]["bytes"]


def moved_per_byte(report: Report) -> float:
    return report["moved_bytes"] / max(report["trace"]["allocated_bytes"], 1)


class Replayer:
    """Runs defrag-replay, and tells a progress bar whenever it has ended."""

    def __init__(self, tool: Path, trace: Path, pool: ThreadPoolExecutor, progress: Progress) -> None:
        self.tool = tool
        self.trace = trace
        self.pool = pool
        self.progress = progress
        self.task = progress.add_task(trace_name(trace), total=STEPS_IN_ALL)

    def start(self, *options: str) -> Future[Report]:
        return self.pool.submit(self.run, *options)

    def run(self, *options: str) -> Report:
        command = [self.tool, self.trace, "--json", *options]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except OSError as error:
            raise FaultError(f"'{self.tool}' cannot be run ({error.strerror}); give defrag-replay's path") from error
        if done.returncode != 0:
            raise FaultError(done.stderr.strip())
        self.progress.advance(self.task)
        return json.loads(done.stdout)


def trace_name(trace: Path) -> str:
    return trace.name.removesuffix(".zst").removesuffix(".dft")


def compare(replayer: Replayer) -> Iterator[Outcome | None]:
    """Starts the searches, yields, and then waits for them: so those of all traces share the processors."""
    room = replayer.start("--smallest", "--fit", "make-room")
    stepping = replayer.start("--smallest", "--fit", "fast", "--step", STEP)
    fast = replayer.start("--smallest", "--fit", "fast")
    best = replayer.start("--smallest", "--fit", "best")
    yield None
    size = str(pool_of(room.result()))
    room_stepping = replayer.start("--pool", size, "--fit", "make-room", "--step", STEP)
    refusals = [replayer.start("--pool", size, "--fit", fit) for fit in ("fast", "best")]
    yield Outcome(
        trace_name(replayer.trace),
        fast.result(),
        best.result(),
        stepping.result(),
        room.result(),
        room_stepping.result(),
        min(refusal.result()["refused"] for refusal in refusals),
    )


def compare_all(tool: Path, traces: Sequence[Path], console: Console) -> list[Outcome]:
    columns = TextColumn("{task.description:>12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        with Progress(*columns, console=console) as progress:
            comparisons = [compare(Replayer(tool, trace, pool, progress)) for trace in traces]
            for comparison in comparisons:
                next(comparison)
            return [outcome for comparison in comparisons for outcome in comparison if outcome]
    finally:
        pool.shutdown(cancel_futures=True)


# ------------------------------------------------------------------------------------------------------------ the table

HEADINGS = (
    "\n\noperations",
    "\npeak\nlive",
    "smallest\npool with\nfast",
    "\n\nbest",
    "\nfast and\nsteps",
    "\n\nmake room",
    "\n\nsaved",
    "moved per\nbyte with\nsteps",
    "\n\nmake room",
    "at most\nmoved\nat once",
    "refused\nif never\nmoving",
)


def kib(size: int) -> str:
    return f"{size / 1024:.1f}"


def pool_text(report: Report) -> str:
    """A pool's size, with a mark if it takes some luck."""
    return ("*" if report["smallest"]["refused_above"] else "") + kib(pool_of(report))


def row(outcome: Outcome) -> list[str]:
    trace = outcome.room["trace"]
    return [
        outcome.name,
        f"{trace['operations']:,}",
        kib(trace["peak_bytes"]),
        *map(pool_text, (outcome.fast, outcome.best, outcome.stepping, outcome.room)),
        f"{kib(outcome.saved)} {outcome.saved / outcome.never_moving:5.1%}",
        f"{moved_per_byte(outcome.stepping):.2f}",
        f"{moved_per_byte(outcome.room):.2f}",
        kib(outcome.room["worst_allocation"]),
        f"{outcome.refused:,}",
    ]


def table_of(outcomes: Sequence[Outcome]) -> Table:
    table = Table(box=SIMPLE_HEAD, padding=0)
    table.add_column("\n\ntrace", no_wrap=True)
    for heading in HEADINGS:
        table.add_column(heading, justify="right", no_wrap=True)
    for outcome in outcomes:
        table.add_row(*row(outcome))
    return table


def explain(outcomes: Sequence[Outcome]) -> Iterator[str]:
    step_bytes, step_blocks = STEP.split(",")
    yield "Sizes are in KiB. A pool suffices if nothing is refused in it."
    yield "[b]fast[/b], [b]best[/b]: nothing is moved, except what realloc copies anyway."
    yield (
        "[b]fast and steps[/b]: allocating moves nothing and takes constant time; after each operation a step copies "
        f"at most {step_bytes} bytes and looks at no more than {step_blocks} blocks."
    )
    yield "[b]make room[/b]: an allocation that finds no hole moves the least it can, at once."
    yield "[b]saved[/b]: by make room, against fast or best. They refuse so much in the pool that it manages with."
    failures = [outcome.name for outcome in outcomes if outcome.room_stepping["refused"]]
    if failures:
        yield f"With steps as well, make room refuses something in its pool: {', '.join(failures)}."
    else:
        yield "With steps as well, make room refuses nothing in the same pools."
    if any("*" in cell for outcome in outcomes for cell in row(outcome)):
        yield "*: some slightly larger pools refuse, as it depends on where blocks happen to lie."


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see demo.py --help")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--replay", type=Path, required=True, metavar="PATH", help="where defrag-replay was built")
    parser.add_argument("traces", nargs="*", type=Path, metavar="TRACE", help="of defrag-record; unless given, ours")
    return parser.parse_args()


def main() -> None:
    chosen = parse()
    traces = chosen.traces or sorted(TRACES.glob("*.dft.zst"))
    if not traces:
        raise FaultError(f"there is no trace in '{TRACES}'; record some with traces/record.py")
    console = Console(width=max(Console().width, LEAST_WIDTH))
    outcomes = compare_all(chosen.replay, traces, console)
    console.print(table_of(outcomes))
    for line in explain(outcomes):
        console.print(line, highlight=False)


if __name__ == "__main__":
    try:
        main()
    except FaultError as fault:
        print(f"demo.py: {fault}", file=sys.stderr)
        sys.exit(2)
