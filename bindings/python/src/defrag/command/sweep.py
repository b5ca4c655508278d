# SPDX-License-Identifier: MIT
"""Runs traces through a grid of pools and policies."""

import csv
import importlib
import io
import json
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import click
import joblib

from ..explore.fault import FaultError
from ..explore.policy import STEP_BLOCKS, Policy, parse_fit, parse_size, size_text
from ..explore.sweep import Case, grid
from ..explore.sweep import sweep as run_sweep
from . import options
from .show import console, count, progress, table

HEADINGS = (
    "trace",
    "fit",
    "pool",
    "step",
    "refused",
    "of these fragmented",
    "moved per byte",
    "worst pause",
    "fragmentation",
)


def items(text: str) -> list[str]:
    return [item for item in text.split(",") if item]


def sizes(text: str, option: str) -> list[int]:
    found = [0 if item == "0" and option == "--budgets" else parse_size(item, option) for item in items(text)]
    if not found:
        raise FaultError(f"{option} names nothing; give sizes with commas between them, as 32K,48K")
    return found


def cluster(address: str | None) -> AbstractContextManager[Any]:
    """Where the cases run: on this machine's cores, or on a Dask cluster."""
    if address is None:
        return nullcontext()
    try:
        distributed = importlib.import_module("distributed")
        distributed.Client(address, timeout=10)  # becomes the one that joblib takes
    except ImportError as error:
        raise FaultError(
            "a cluster needs the package distributed; install it with: pip install 'defrag[cluster]'"
        ) from error
    except (OSError, ValueError) as error:
        raise FaultError(f"no Dask scheduler answers at '{address}'; give its address as tcp://HOST:PORT") from error
    context: AbstractContextManager[Any] = joblib.parallel_config(backend="dask")
    return context


def row(figures: dict[str, Any]) -> list[str]:
    return [
        figures["trace"],
        figures["fit"],
        size_text(figures["pool_bytes"]),
        size_text(figures["step_bytes"]) if figures["step_bytes"] else "-",
        count(figures["refused"]),
        count(figures["refused_fragmented"]),
        f"{figures['moved_per_byte']:.3f}",
        count(max(figures["worst_allocation"], figures["worst_step"])),
        f"{figures['mean_fragmentation']:.1%}",
    ]


def as_csv(rows: list[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, rows[0])
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def run_grid(cases: list[Case], jobs: int, dask: str | None) -> list[dict[str, Any]]:
    rows = []
    with cluster(dask), progress("replaying", len(cases)) as advance:
        for figures in run_sweep(cases, jobs):
            rows.append(figures)
            advance()
    return rows


def check_output(path: Path | None) -> None:
    if path and path.suffix not in (".csv", ".json"):
        raise FaultError(f"'{path}' is neither .csv nor .json; name the file to write so")


@click.command()
@click.argument("traces", nargs=-1, required=True, metavar="TRACE..")
@click.option("-p", "--pools", required=True, metavar="SIZE,..", help="Pool sizes.")
@click.option(
    "-f", "--fits", default="best,make-room", show_default=True, metavar="FIT,..", help=f"Some of {options.FITS}."
)
@click.option(
    "-b", "--budgets", default="0", show_default=True, metavar="SIZE,..", help="What a step may copy; 0: no steps."
)
@options.condition_options
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), metavar="FILE", help="Write all figures as .csv or .json."
)
@options.jobs_option
@click.option("--dask", metavar="ADDRESS", help="Run on the Dask cluster whose scheduler is at tcp://HOST:PORT.")
def sweep(
    traces: tuple[str, ...],
    pools: str,
    fits: str,
    budgets: str,
    scale: float,
    locked: float,
    seed: int,
    link_width: str | None,
    output: Path | None,
    jobs: int,
    dask: str | None,
) -> None:
    """Run traces through a grid of pools, fits and step budgets, on all cores or on a cluster."""
    check_output(output)
    under = options.conditions(locked, seed, link_width)
    policies = [
        Policy(parse_fit(fit), budget, STEP_BLOCKS).under(under)
        for fit in items(fits)
        for budget in sizes(budgets, "--budgets")
    ]
    opened = [options.open_trace(trace, scale) for trace in traces]
    rows = run_grid(grid(opened, sizes(pools, "--pools"), policies), jobs, dask)
    shown = table(*HEADINGS, left=2)
    for figures in rows:
        shown.add_row(*row(figures))
    console().print(shown)
    if output:
        options.write_text(output, as_csv(rows) if output.suffix == ".csv" else json.dumps(rows, indent=1))
        click.echo(f"wrote {output}")
