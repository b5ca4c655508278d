# SPDX-License-Identifier: MIT
"""Tells what stands in a request's way."""

import json
from dataclasses import asdict

import click

from ..errors import Status
from ..explore.why import Reason
from ..explore.why import why as run_why
from ..report import Fit
from . import options
from .show import console, count, facts, table

SHOWN = 20  # blockers in the table


def outcome(reason: Reason) -> str:
    if reason.skipped:
        return "skipped, as the block was refused before"
    if reason.status is not Status.OK:
        return f"refused: {reason.status.text}"
    return (
        f"served, after moving {count(reason.moved)} bytes of other blocks" if reason.moved else "served without moving"
    )


def cause(reason: Reason) -> str:
    if reason.now:
        return "a hole is large enough"
    if reason.verdict is Status.OK:
        return "no hole is large enough, but moving makes one: ask with make-room, or step ahead of time"
    if reason.verdict is Status.OUT_OF_MEMORY:
        return f"{count(reason.missing)} bytes are missing, header and handle included; no moving helps"
    if reason.verdict is Status.FRAGMENTED:
        return (
            f"{count(len(reason.blockers))} locked blocks are in the way; unlock them, or allocate such blocks pinned"
        )
    return reason.verdict.text


def lines(reason: Reason) -> dict[str, str]:
    verb = "resizes" if reason.resizes else "allocates"
    return {
        "request": f"operation {count(reason.operation)} {verb} block {reason.block}: {count(reason.bytes)} bytes",
        "outcome": outcome(reason),
        "cause": cause(reason),
        "free": f"{count(reason.free)} bytes; the largest request that fits is {count(reason.largest_now)}, "
        f"and after moving {count(reason.largest_after_moving)}",
        "locked": f"{count(reason.locked)} blocks",
    }


def print_blockers(reason: Reason) -> None:
    shown = table("block", "bytes", "offset", "locks", "allocated by operation", "operations ago", left=0)
    for blocker in reason.blockers[:SHOWN]:
        age = reason.operation - blocker.born
        shown.add_row(*map(count, (blocker.block, blocker.bytes, blocker.offset, blocker.locks, blocker.born, age)))
    out = console()
    out.print(shown)
    if len(reason.blockers) > SHOWN:
        out.print(f"and {len(reason.blockers) - SHOWN} more; --json tells all")


@click.command()
@options.trace_argument
@options.pool_option
@click.option(
    "--at", type=click.IntRange(min=1), metavar="N", help="The operation; the first that is refused unless given."
)
@options.policy_options
@options.condition_options
@options.json_option
def why(
    trace: str,
    pool: int,
    at: int | None,
    fit: Fit,
    step_bytes: int | None,
    step_blocks: int,
    scale: float,
    locked: float,
    seed: int,
    link_width: str | None,
    as_json: bool,
) -> None:
    """Tell what a request met: what was free, and which locked blocks stood in its way."""
    policy = options.policy_of(fit, step_bytes, step_blocks, options.conditions(locked, seed, link_width))
    reason = run_why(options.open_trace(trace, scale), pool, policy, at)
    if as_json:
        click.echo(json.dumps(asdict(reason) | {"status": reason.status.name, "verdict": reason.verdict.name}))
        return
    console().print(facts(lines(reason)), markup=False)
    if reason.blockers:
        print_blockers(reason)
