# SPDX-License-Identifier: MIT
"""Compares the fits on one workload: how large a pool each needs, and what it refuses where making room does not.

FAST takes constant time and may pass by a hole that would do; BEST finds the smallest that does; neither moves a block.
MAKE_ROOM moves the least it can when no hole does. compare_fits.py [--pool SIZE] [--scale FACTOR] [TRACE]
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from defrag import Fit
from defrag.explore import FaultError, Policy, Run, Sizing, Trace, load, replay, smallest
from defrag.explore.policy import fit_name, parse_size
from defrag.explore.trace import short_name
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

EXAMPLE = Path(__file__).resolve().parent.parent / "native/traces/mosquitto.dft.zst"


@dataclass
class Outcome:
    """What came of one fit."""

    fit: Fit
    sizing: Sizing
    run: Run  # in the pool in which all are compared


def compare(trace: Trace, pool_bytes: int | None) -> list[Outcome]:
    sizings = {fit: smallest(trace, Policy(fit)) for fit in Fit}
    common = pool_bytes or sizings[Fit.MAKE_ROOM].pool_bytes
    return [Outcome(fit, sizings[fit], replay(trace, common, Policy(fit), samples=0).run) for fit in Fit]


# -------------------------------------------------------------------------------------------------------------- telling


def table_of(outcomes: list[Outcome]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("\nfit")
    for heading in ("smallest\npool", "\nrefused", "first refused\noperation", "\nmoved", "most moved\nat once"):
        table.add_column(heading, justify="right")
    for outcome in outcomes:
        run = outcome.run
        figures = (outcome.sizing.pool_bytes, run.refused, run.first_refused_operation, run.moved_bytes)
        cells = [f"{figure:,}" for figure in (*figures, run.worst_allocation)]
        table.add_row(fit_name(outcome.fit), *cells)
    return table


def explain(trace: Trace, outcomes: list[Outcome]) -> Iterator[str]:
    pool_bytes = outcomes[0].run.pool_bytes
    yield f"{short_name(trace)}: {trace.operations:,} operations, at most {trace.peak_bytes:,} bytes live at a time."
    yield f"Sizes are in bytes. Refused and moved are in a pool of {pool_bytes:,} bytes, the same for all fits."
    still = min(outcome.sizing.pool_bytes for outcome in outcomes if outcome.fit != Fit.MAKE_ROOM)
    moving = outcomes[Fit.MAKE_ROOM].sizing.pool_bytes
    yield f"Moving saves {still - moving:,} of {still:,} bytes, {(still - moving) / still:.1%}."


# ----------------------------------------------------------------------------------------------------------------- main


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see compare_fits.py --help")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--pool", metavar="SIZE", help="compare in this pool; unless given, what making room needs")
    parser.add_argument("--scale", type=float, default=1.0, metavar="FACTOR", help="multiply all sizes by it, e.g. 0.6")
    parser.add_argument("trace", nargs="?", type=Path, default=EXAMPLE, metavar="TRACE", help="a trace or a heap log")
    return parser.parse_args()


def main() -> None:
    chosen = parse()
    if not 0 < chosen.scale <= 1000:
        raise FaultError(f"{chosen.scale} is no scale; give a number above 0, as 0.6")
    trace = load(chosen.trace).changed(scale=chosen.scale)
    outcomes = compare(trace, chosen.pool and parse_size(chosen.pool, "--pool"))
    console = Console()
    console.print(table_of(outcomes))
    for line in explain(trace, outcomes):
        console.print(line, highlight=False)


if __name__ == "__main__":
    try:
        main()
    except FaultError as fault:
        print(f"compare_fits.py: {fault}", file=sys.stderr)
        sys.exit(2)
