# SPDX-License-Identifier: MIT
"""Finds the smallest pool that serves a trace, and tells why it is no smaller."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click

from ..explore.policy import POLICIES, Policy, size_text
from ..explore.size import GRANULARITY, JITTER, RUNS, Advice, advise
from ..explore.trace import Trace
from . import options
from .show import console, count, progress, table

MISFIT = 1
HEADINGS = (
    "\nmoving",
    "smallest\npool",
    "=\nasked for",
    "+\nrounding",
    "+\noverhead",
    "+ fragmen-\ntation",
    "\nmargin",
    "pool to\nchoose",
    "moved\nper byte",
    "worst\npause",
)
NEVER, ON_DEMAND, BACKGROUND = POLICIES


def gather(trace: Trace, under: Policy, granularity: int, runs: int, jitter: float, jobs: int) -> list[Advice]:
    with progress("trying pools", len(POLICIES) * (1 + runs)) as advance:
        found = []
        for advice in advise(trace, under, granularity=granularity, runs=runs, jitter=jitter, jobs=jobs):
            if advice is None:
                advance()
            else:
                found.append(advice)
    return found


def row(advice: Advice) -> list[str]:
    sizing, run = advice.sizing, advice.sizing.run
    per_byte = run.moved_bytes / max(sizing.trace.allocated_bytes, 1)
    mark = "*" if sizing.refused_above else ""
    need = (sizing.need.asked, sizing.need.rounding, sizing.need.overhead, sizing.need.fragmentation)
    margin = count(advice.margin) if advice.jittered else "-"
    worst = count(max(run.worst_allocation, run.worst_step))
    chosen = count(advice.pool_bytes)
    return [advice.name, mark + count(sizing.pool_bytes), *map(count, need), margin, chosen, f"{per_byte:.3f}", worst]


def explanations(trace: Trace, advices: list[Advice], jitter: float, scale: float) -> Iterator[str]:
    step, overhead = POLICIES[BACKGROUND].step_bytes, advices[0].sizing.run.block_overhead
    peak = f"{count(trace.peak_bytes)} bytes in {count(trace.peak_blocks)} blocks"
    yield f"{trace.name}: {count(trace.operations)} operations, at most {peak} live."
    yield "All sizes are in bytes. A pool suffices if nothing is refused in it."
    yield (
        "No pool can be without what the program asked for when its blocks took most, their rounding, and the overhead: "
        f"{overhead} bytes a block, and the control block."
    )
    yield f"{NEVER}: best fit; nothing moves but what realloc copies."
    yield f"{ON_DEMAND}: an allocation that finds no hole moves the least it can."
    yield f"{BACKGROUND}: an allocation moves nothing; a step after each operation copies {step} bytes at most."
    yield "Worst pause: bytes of other blocks that one call or step moved."
    if any(advice.jittered for advice in advices):
        runs = len(advices[0].jittered)
        yield f"Margin: what the worst of {runs} runs needs on top, in which lives are up to {jitter:.0%} shorter or longer."
    if any(advice.sizing.refused_above for advice in advices):
        yield "*: some slightly larger pools refuse, as it depends on where blocks happen to lie."
    if not trace.from_device and scale == 1:
        yield (
            "Objects of a 64-bit program are larger than a 32-bit device's, as pointers are. "
            "Record on the device with what 'defrag hook' gives, or see what --scale 0.6 says."
        )


def as_data(advice: Advice) -> dict[str, Any]:
    sizing = advice.sizing
    return {
        "policy": advice.name,
        "pool_bytes": sizing.pool_bytes,
        "need": asdict(sizing.need),
        "granularity": sizing.granularity,
        "looked_above": sizing.looked_above,
        "refused_above": sizing.refused_above,
        "jittered": advice.jittered,
        "margin": advice.margin,
        "pool_with_margin": advice.pool_bytes,
        "moved_bytes": sizing.run.moved_bytes,
        "worst_allocation": sizing.run.worst_allocation,
        "worst_step": sizing.run.worst_step,
    }


def print_table(trace: Trace, advices: list[Advice], jitter: float, scale: float) -> None:
    shown = table(*HEADINGS)
    for advice in advices:
        shown.add_row(*row(advice))
    out = console()
    out.print(shown)
    for sentence in explanations(trace, advices, jitter, scale):
        out.print(sentence, markup=False)


def verdict(advice: Advice, limit: int) -> str:
    fits = "fits" if advice.pool_bytes <= limit else "does not fit"
    return f"moving {advice.name} {fits} {size_text(limit)}: it needs {count(advice.pool_bytes)} bytes"


@click.command()
@options.trace_argument
@options.condition_options
@click.option(
    "--runs", type=click.IntRange(0, 1000), default=RUNS, show_default=True, help="Runs that tell the margin."
)
@click.option(
    "--jitter",
    type=options.Share(0.99),
    default=f"{JITTER:.0%}",
    show_default=True,
    help="How much lives differ in them.",
)
@click.option(
    "--granularity", type=options.Size(), default=GRANULARITY, show_default=True, help="Try pools in multiples of this."
)
@click.option("--must-fit", type=options.Size(), help="Exit with 1 if the pool to choose is larger than this.")
@click.option(
    "--moving",
    type=click.Choice([*options.names()]),
    default=ON_DEMAND.replace(" ", "-"),
    show_default=True,
    help="The policy that must fit.",
)
@options.jobs_option
@options.json_option
def size(
    trace: str,
    scale: float,
    locked: float,
    seed: int,
    link_width: str | None,
    runs: int,
    jitter: float,
    granularity: int,
    must_fit: int | None,
    moving: str,
    jobs: int,
    as_json: bool,
) -> int:
    """Find the smallest pool that serves a trace, with moving and without, and the margin to leave."""
    opened = options.open_trace(trace, scale)
    advices = gather(opened, options.conditions(locked, seed, link_width), granularity, runs, jitter, jobs)
    if as_json:
        click.echo(json.dumps([as_data(advice) for advice in advices]))
    else:
        print_table(opened, advices, jitter, scale)
    if must_fit is None:
        return 0
    judged = advices[list(options.names()).index(moving)]
    click.echo(verdict(judged, must_fit), err=as_json)
    return 0 if judged.pool_bytes <= must_fit else MISFIT
