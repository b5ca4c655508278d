# SPDX-License-Identifier: MIT
"""Finds how small a pool can be for what real programs asked of their heap, with moving and without, and compares.

Ends with a page that shows one of the programs' heaps over time: demo.py [-o heap.html] [TRACE..]
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from defrag import Fit
from defrag.explore import FaultError, Policy, Run, Sizing, Trace, load, replay, smallest
from defrag.explore.film import film
from defrag.explore.trace import short_name
from joblib import Parallel, delayed
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

TRACES = Path(__file__).resolve().parent.parent / "native/traces"
STEP = (256, 16)  # bytes, blocks
LEAST_WIDTH = 120  # columns; a narrower terminal wraps the table, which is better than cutting numbers off
FILMED = "lua"
SEARCHES = {
    "fast": Policy(Fit.FAST),
    "best": Policy(Fit.BEST),
    "stepping": Policy(Fit.FAST, *STEP),
    "room": Policy(Fit.MAKE_ROOM),
}


@dataclass
class Outcome:
    """What the policies need for one trace."""

    trace: Trace
    sizings: dict[str, Sizing]  # as SEARCHES
    refused: int  # of the better one that never moves, in the pool that suffices for making room
    refused_stepping: int  # of making room with steps, there

    @property
    def room(self) -> Sizing:
        return self.sizings["room"]

    @property
    def never_moving(self) -> int:
        return min(self.sizings["fast"].pool_bytes, self.sizings["best"].pool_bytes)

    @property
    def saved(self) -> int:
        return self.never_moving - self.room.pool_bytes


def refusals(trace: Trace, pool_bytes: int, policy: Policy) -> int:
    return replay(trace, pool_bytes, policy, samples=0).run.refused


def in_parallel(tasks: list[Any], advance: Callable[[], None]) -> Iterator[Any]:
    for result in Parallel(n_jobs=-1, return_as="generator", prefer="threads")(tasks):
        advance()
        yield result


def compare_all(traces: Sequence[Trace], console: Console) -> list[Outcome]:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    crowded = (Policy(Fit.FAST), Policy(Fit.BEST), Policy(Fit.MAKE_ROOM, *STEP))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("pools and policies", total=len(traces) * (len(SEARCHES) + len(crowded)))

        def advance() -> None:
            progress.advance(task)

        searches = [delayed(smallest)(trace, policy) for trace in traces for policy in SEARCHES.values()]
        found = in_parallel(searches, advance)
        sizings = [{name: next(found) for name in SEARCHES} for _ in traces]
        runs = [
            delayed(refusals)(trace, of_trace["room"].pool_bytes, policy)
            for trace, of_trace in zip(traces, sizings, strict=True)
            for policy in crowded
        ]
        refused = in_parallel(runs, advance)
        return [
            Outcome(trace, of_trace, min(next(refused), next(refused)), next(refused))
            for trace, of_trace in zip(traces, sizings, strict=True)
        ]


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


def pool_text(sizing: Sizing) -> str:
    """A pool's size, with a mark if it takes some luck."""
    return ("*" if sizing.refused_above else "") + kib(sizing.pool_bytes)


def moved_per_byte(trace: Trace, run: Run) -> str:
    return f"{run.moved_bytes / max(trace.allocated_bytes, 1):.2f}"


def row(outcome: Outcome) -> list[str]:
    trace = outcome.trace
    return [
        short_name(trace),
        f"{trace.operations:,}",
        kib(trace.peak_bytes),
        *(pool_text(outcome.sizings[name]) for name in SEARCHES),
        f"{kib(outcome.saved)} {outcome.saved / outcome.never_moving:5.1%}",
        moved_per_byte(trace, outcome.sizings["stepping"].run),
        moved_per_byte(trace, outcome.room.run),
        kib(outcome.room.run.worst_allocation),
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
    step_bytes, step_blocks = STEP
    yield "Sizes are in KiB. A pool suffices if nothing is refused in it."
    yield "[b]fast[/b], [b]best[/b]: nothing is moved, except what realloc copies anyway."
    yield (
        "[b]fast and steps[/b]: allocating moves nothing and takes constant time; after each operation a step copies "
        f"at most {step_bytes} bytes and looks at no more than {step_blocks} blocks."
    )
    yield "[b]make room[/b]: an allocation that finds no hole moves the least it can, at once."
    yield "[b]saved[/b]: by make room, against fast or best. They refuse so much in the pool that it manages with."
    failures = [short_name(outcome.trace) for outcome in outcomes if outcome.refused_stepping]
    if failures:
        yield f"With steps as well, make room refuses something in its pool: {', '.join(failures)}."
    else:
        yield "With steps as well, make room refuses nothing in the same pools."
    if any("*" in cell for outcome in outcomes for cell in row(outcome)):
        yield "*: some slightly larger pools refuse, as it depends on where blocks happen to lie."


def draw(outcomes: Sequence[Outcome], output: Path) -> str:
    """Draws the heap of one trace in the pool that suffices when moving, without and with it."""
    outcome = next((one for one in outcomes if short_name(one.trace) == FILMED), outcomes[0])
    output.parent.mkdir(parents=True, exist_ok=True)
    film(outcome.trace, outcome.room.pool_bytes, [Policy(Fit.BEST), Policy(Fit.MAKE_ROOM)], output)
    return f"{short_name(outcome.trace)}'s heap over time, never moving and making room, is drawn in {output}: open it in a browser."


# ----------------------------------------------------------------------------------------------------------------- main


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see demo.py --help")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument(
        "-o", "--output", type=Path, metavar="FILE", help="draw a heap over time: heap.html or heap.png"
    )
    parser.add_argument("traces", nargs="*", type=Path, metavar="TRACE", help="of 'defrag record'; unless given, ours")
    return parser.parse_args()


def main() -> None:
    chosen = parse()
    traces = [load(path) for path in chosen.traces or sorted(TRACES.glob("*.dft.zst"))]
    if not traces:
        raise FaultError(f"there is no trace in '{TRACES}'; record some with traces/record.py")
    console = Console(width=max(Console().width, LEAST_WIDTH))
    outcomes = compare_all(traces, console)
    console.print(table_of(outcomes))
    for line in explain(outcomes):
        console.print(line, highlight=False)
    if chosen.output:
        print(draw(outcomes, chosen.output))


if __name__ == "__main__":
    try:
        main()
    except FaultError as fault:
        print(f"demo.py: {fault}", file=sys.stderr)
        sys.exit(2)
