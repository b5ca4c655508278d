# SPDX-License-Identifier: MIT
"""Options that several commands take, and what their values mean."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..explore.fault import FaultError
from ..explore.policy import POLICIES, STEP_BLOCKS, Policy, parse_fit, parse_size, parse_step
from ..explore.trace import Trace, load
from ..report import Fit
from .show import warn

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]
FITS = "fast, best or make-room"


class Size(click.ParamType[int]):
    """Bytes, as 49152 or 48K."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        return value if isinstance(value, int) else parse_size(value, param.opts[-1] if param else "it")


class Share(click.ParamType[float]):
    """A part of a whole, as 0.05 or 5%."""

    name = "share"

    def __init__(self, most: float = 1.0) -> None:
        self.most = most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        try:
            share = float(value.removesuffix("%")) / (100 if value.endswith("%") else 1)
        except ValueError:
            share = -1.0
        if not 0 <= share <= self.most:
            raise FaultError(f"'{value}' is no share for {param.opts[-1] if param else 'it'}; give one as 5% or 0.05")
        return share


class FitName(click.ParamType[Fit]):
    name = "fit"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fit:
        return value if isinstance(value, Fit) else parse_fit(value)


class PolicyText(click.ParamType[Policy]):
    """A name of POLICIES, or FIT or FIT,BYTES or FIT,BYTES,BLOCKS."""

    name = "policy"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Policy:
        if isinstance(value, Policy):
            return value
        if value in names():
            return names()[value]
        fit, comma, step = value.partition(",")
        if fit not in ("fast", "best", "make-room"):
            raise FaultError(f"'{value}' is no policy; choose {', '.join(names())}, or a fit as in make-room,256")
        return Policy(parse_fit(fit), *(parse_step(step) if comma else ()))


def names() -> dict[str, Policy]:
    """The policies by names that need no quotes."""
    return {name.replace(" ", "-"): policy for name, policy in POLICIES.items()}


def options(*decorators: Decorator) -> Decorator:
    """Several options as one decorator, told in this order."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return decorate


trace_argument = click.argument("trace", metavar="TRACE")
pool_option = click.option("-p", "--pool", type=Size(), required=True, help="The pool's size.")
policy_options = options(
    click.option("-f", "--fit", type=FitName(), default="make-room", help=f"{FITS}.", show_default=True),
    click.option("--step-bytes", type=Size(), help="After each operation make a step that copies at most so much."),
    click.option(
        "--step-blocks",
        type=click.IntRange(min=1),
        default=STEP_BLOCKS,
        help="It looks at so many blocks.",
        show_default=True,
    ),
)
condition_options = options(
    click.option(
        "--scale", type=click.FloatRange(0.01, 100), default=1.0, help="Multiply all sizes of the trace by this."
    ),
    click.option("--locked", type=Share(), default="0%", help="Keep so many of the blocks locked while they live."),
    click.option("--seed", type=click.IntRange(0, (1 << 32) - 1), default=1, help="Picks what is picked at random."),
    click.option(
        "--link-width", type=click.Choice(["16", "32"]), help="Take this build, not the one for the pool's size."
    ),
)
jobs_option = click.option("-j", "--jobs", type=int, default=-1, help="How many at once; all cores unless given.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def open_trace(path: str, scale: float) -> Trace:
    trace = load(path)
    if trace.lost:
        warn(f"'{path}' lacks {trace.lost} records that were lost on their way; make the device's ring buffer larger")
    return trace.changed(scale=scale)


def conditions(locked: float, seed: int, link_width: str | None) -> Policy:
    return Policy(locked=locked, seed=seed, link_width=int(link_width or 0))


def policy_of(fit: Fit, step_bytes: int | None, step_blocks: int, under: Policy) -> Policy:
    return Policy(fit, step_bytes or 0, step_blocks).under(under)


def write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        raise FaultError(f"'{path}' cannot be written ({error.strerror}); choose another file") from error
