# SPDX-License-Identifier: MIT
"""Runs as many random operations as asked for through the stress programs of all configurations, on all cores.

Each run is a stress program with a seed of its own; the first that fails ends the soak with the command that repeats it.
"""

import os
import secrets
import subprocess
import sys
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from itertools import count
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

RUN = 1_000_000  # operations of one run, a few seconds of work


def runs(programs, operations, seed):
    """The commands that make up the soak, each with its operations."""
    for i in count():
        part = min(RUN, operations - i * RUN)
        if part <= 0:
            return
        program = programs[i % len(programs)]
        yield part, [str(program), "--seed", str(seed + i), "--operations", str(part)]


def perform(part, command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return part, command, done


def report_failure(command, done):
    print(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}", file=sys.stderr, end="")
    sys.exit(1)


def soak(commands, workers, advance):
    """Performs all of it; some runs wait in line, so that no core idles."""
    with ThreadPoolExecutor(workers) as pool:
        under_way = set()
        for part, command in commands:
            under_way.add(pool.submit(perform, part, command))
            if len(under_way) > workers:
                under_way = collect(pool, under_way, FIRST_COMPLETED, advance)
        while under_way:
            under_way = collect(pool, under_way, FIRST_COMPLETED, advance)


def collect(pool, under_way, when, advance):
    finished, under_way = wait(under_way, return_when=when)
    for future in finished:
        part, command, done = future.result()
        if done.returncode != 0:
            pool.shutdown(wait=False, cancel_futures=True)
            report_failure(command, done)
        advance(part)
    return under_way


@click.command(help=__doc__)
@click.argument("operations", type=click.IntRange(min=1))
@click.option("--build", type=click.Path(path_type=Path), required=True, help="Where the stress programs are.")
@click.option(
    "--seed", type=int, default=lambda: secrets.randbelow(1 << 32), help="Of the first run; each takes the next."
)
def main(operations, build, seed):
    programs = sorted(build.glob("stress_g*_w??"))
    if not programs:
        raise click.UsageError(f"no stress program in {build}; build them with ./dev soak")
    console = Console()
    last = seed + -(-operations // RUN) - 1
    console.print(
        f"{operations:,} operations in {len(programs)} configurations, seeds {seed} to {last}", highlight=False
    )
    bar = Progress(
        TextColumn("operations"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )
    start = time.monotonic()
    with bar:
        task = bar.add_task("soak", total=operations)
        soak(runs(programs, operations, seed), os.cpu_count() or 1, lambda part: bar.advance(task, part))
    rate = operations / (time.monotonic() - start)
    console.print(f"{operations:,} operations, all as the model says; {rate:,.0f} a second", highlight=False)


if __name__ == "__main__":
    main()
