# SPDX-License-Identifier: MIT
"""Draws what happens in a pool."""

from pathlib import Path

import click

from ..explore.policy import Policy
from ..explore.size import smallest
from ..explore.trace import Trace
from . import options


def pool_for(trace: Trace, policies: list[Policy]) -> int:
    """The smallest pool that serves the trace under the last policy, so that the others show what they lack."""
    return smallest(trace, policies[-1]).pool_bytes


@click.command()
@options.trace_argument
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="heap.html, heap.png, or heap.json.",
)
@click.option(
    "-p", "--pool", type=options.Size(), help="The pool's size; by default the least that the last policy needs."
)
@click.option(
    "--policy",
    "policies",
    type=options.PolicyText(),
    multiple=True,
    default=["never", "on-demand"],
    show_default=True,
    help=f"One, or two side by side: {', '.join(options.names())}, or FIT, or FIT,STEP_BYTES.",
)
@options.condition_options
def film(
    trace: str,
    output: Path,
    pool: int | None,
    policies: tuple[Policy, ...],
    scale: float,
    locked: float,
    seed: int,
    link_width: str | None,
) -> None:
    """Draw the heap over time: blocks, holes, locks, moves, and how fragmented it is.

    .html is a page for a browser that needs no network, .png a picture for a report, .json a trace for Perfetto
    (ui.perfetto.dev) or chrome://tracing.
    """
    from ..explore.film import film as draw  # it brings large packages, which other commands need not wait for

    under = options.conditions(locked, seed, link_width)
    chosen = [policy.under(under) for policy in policies]
    opened = options.open_trace(trace, scale)
    note = draw(opened, pool or pool_for(opened, chosen), chosen, output)
    click.echo(f"wrote {output}: {note}")
