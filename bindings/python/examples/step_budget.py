# SPDX-License-Identifier: MIT
"""Tells how much a step must be allowed to copy so that allocations of constant time find room: the step budget.

After each operation of a trace, as from a device's idle loop, defrag_step moves at most so many bytes; all allocations
are FAST and move nothing. A budget suffices if nothing is refused with it, nor with any larger one that was tried.
step_budget.py [--pool SIZE] [--budgets SIZES] [--blocks COUNT] [TRACE]
"""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn

from defrag import Fit
from defrag.explore import FaultError, Policy, Trace, load, smallest
from defrag.explore.policy import STEP_BLOCKS, parse_size
from defrag.explore.sweep import grid, sweep
from defrag.explore.trace import short_name
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

EXAMPLE = Path(__file__).resolve().parent.parent / "native/traces/mosquitto.dft.zst"
BUDGETS = "0,16,32,64,128,256,512,1K"
ROOM = 1.03  # times the pool that making room needs: steps are taken blindly, so they want some play

Row = dict[str, Any]  # of explore.sweep


def measure(trace: Trace, pool_bytes: int, budgets: list[int], blocks: int) -> list[Row]:
    policies = [Policy(Fit.FAST, budget, blocks) for budget in budgets]
    return list(sweep(grid([trace], [pool_bytes], policies)))


def sufficient(rows: list[Row]) -> int | None:
    """The smallest budget from which on nothing is refused. Now and then a smaller one has luck, which is no answer."""
    found = None
    for row in reversed(rows):
        if row["refused"]:
            break
        found = row["step_bytes"]
    return found


# -------------------------------------------------------------------------------------------------------------- telling


def table_of(rows: list[Row]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    for heading in ("\nbudget", "\nrefused", "worst\nstep", "moved for each\nallocated byte", "smallest\nlargest hole"):
        table.add_column(heading, justify="right")
    for row in rows:
        cells = [f"{row[name]:,}" for name in ("step_bytes", "refused", "worst_step")]
        table.add_row(*cells, f"{row['moved_per_byte']:.2f}", f"{row['least_largest_hole']:,}")
    return table


def explain(trace: Trace, rows: list[Row]) -> Iterator[str]:
    pool_bytes = rows[0]["pool_bytes"]
    yield f"{short_name(trace)}: {trace.operations:,} operations in a pool of {pool_bytes:,} bytes. Sizes are in bytes."
    budget = sufficient(rows)
    if budget is None:
        yield "No budget that was tried suffices; try larger ones, or a larger pool."
    elif budget == 0:
        yield "Nothing is refused without steps; in this pool there is no need for them."
    else:
        yield f"A budget of {budget:,} bytes suffices."


# ----------------------------------------------------------------------------------------------------------------- main


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see step_budget.py --help")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("--pool", metavar="SIZE", help=f"unless given, {ROOM} times what making room needs")
    parser.add_argument("--budgets", default=BUDGETS, metavar="SIZES", help=f"to try; by default {BUDGETS}")
    parser.add_argument("--blocks", type=int, default=STEP_BLOCKS, metavar="COUNT", help="that a step may look at")
    parser.add_argument("trace", nargs="?", type=Path, default=EXAMPLE, metavar="TRACE", help="a trace or a heap log")
    return parser.parse_args()


def parse_budgets(text: str) -> list[int]:
    return sorted({0 if budget == "0" else parse_size(budget, "--budgets") for budget in text.split(",")})


def main() -> None:
    chosen = parse()
    budgets = parse_budgets(chosen.budgets)
    if chosen.blocks < 1:
        raise FaultError(f"{chosen.blocks} is no count for --blocks; give 1 or more")
    trace = load(chosen.trace)
    asked = chosen.pool and parse_size(chosen.pool, "--pool")
    pool_bytes = asked or int(smallest(trace, Policy(Fit.MAKE_ROOM)).pool_bytes * ROOM) // 64 * 64
    rows = measure(trace, pool_bytes, budgets, chosen.blocks)
    console = Console()
    console.print(table_of(rows))
    for line in explain(trace, rows):
        console.print(line, highlight=False)


if __name__ == "__main__":
    try:
        main()
    except FaultError as fault:
        print(f"step_budget.py: {fault}", file=sys.stderr)
        sys.exit(2)
