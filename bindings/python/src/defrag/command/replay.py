# SPDX-License-Identifier: MIT
"""Runs a trace through a pool and reports."""

import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import numpy as np

from ..explore.policy import fit_name
from ..explore.replay import Replay
from ..explore.replay import replay as run_replay
from ..report import Fit
from . import options
from .show import console, count, facts

PERCENTILES = (50.0, 90.0, 99.0, 99.9, 100.0)


def reason_name(replay: Replay) -> str:
    return replay.run.first_refused_status.name.lower().replace("_", "-")


def percentiles(moved: Any) -> dict[str, int]:
    """Bytes by percentile; each is a number that occurred."""
    if len(moved) == 0:
        return {}
    found = np.percentile(moved, PERCENTILES, method="higher")
    return {f"{percent:g}": int(value) for percent, value in zip(PERCENTILES, found, strict=True)}


def hole_figures(samples: Any) -> dict[str, int]:
    if len(samples) == 0:
        return {"samples": 0}
    holes = samples["largest_now"]
    return {
        "samples": len(samples),
        "least": int(holes.min()),
        "mean": int(holes.mean()),
        "last": int(holes[-1]),
        "least_after_moving": int(samples["largest_after_moving"].min()),
    }


def report(replay: Replay) -> dict[str, Any]:
    """All figures by name."""
    trace, policy, run = replay.trace, replay.policy, replay.run
    refusal = {
        "operation": run.first_refused_operation,
        "bytes": run.first_refused_bytes,
        "reason": reason_name(replay),
    }
    plain = {
        key: value for key, value in asdict(run).items() if not key.startswith(("first_", "need_", "pool_", "link_"))
    }
    fragmentation = replay.samples["fragmentation"]
    return {
        "trace": {
            "operations": trace.operations,
            "threads": trace.threads,
            "allocated_bytes": trace.allocated_bytes,
            "peak_bytes": trace.peak_bytes,
            "peak_blocks": trace.peak_blocks,
            "live_blocks_at_end": trace.live_at_end,
        },
        "pool": {
            "bytes": run.pool_bytes,
            "link_width": run.link_width,
            "fit": fit_name(policy.fit),
            "step_bytes": policy.step_bytes,
            "step_blocks": policy.step_blocks,
            "locked": policy.locked,
        },
        **plain,
        "first_refusal": refusal if run.refused else None,
        "need_bytes": run.need_bytes,
        "moved_by_a_call": percentiles(replay.moved),
        "copied_by_a_step": percentiles(replay.stepped) if policy.step_bytes else {},
        "largest_hole": hole_figures(replay.samples),
        "fragmentation": {
            "mean": float(fragmentation.mean()) if len(fragmentation) else 0.0,
            "most": float(fragmentation.max()) if len(fragmentation) else 0.0,
        },
    }


def percentile_text(found: dict[str, int]) -> str:
    return ", ".join(f"{'at most' if key == '100' else key + ' %'} {count(value)}" for key, value in found.items())


def refusal_lines(told: dict[str, Any], replay: Replay) -> dict[str, str]:
    refusal = told["first_refusal"]
    if refusal is None:
        return {"refused": "nothing"}
    reasons = ", ".join(f"{count(number)} {name}" for name, number in told["refused_for"].items() if number)
    sentence = replay.run.first_refused_status.text
    return {
        "refused": f"{count(told['refused'])} requests: {reasons}; {count(told['skipped'])} later operations on them skipped",
        "first refusal": f"operation {count(refusal['operation'])}, {count(refusal['bytes'])} bytes: {sentence}",
    }


def lines(told: dict[str, Any], replay: Replay) -> dict[str, str]:
    trace, pool, holes = told["trace"], told["pool"], told["largest_hole"]
    per_byte = told["moved_bytes"] / max(trace["allocated_bytes"], 1)
    shown = {
        "trace": f"{replay.trace.name}: {count(trace['operations'])} operations, threads: {trace['threads']}, "
        f"at most {count(trace['peak_bytes'])} bytes in {count(trace['peak_blocks'])} blocks live",
        "pool": f"{count(pool['bytes'])} bytes, link width {pool['link_width']}, {replay.policy}",
        **refusal_lines(told, replay),
        "moved": f"{count(told['moved_bytes'])} bytes to make room, {per_byte:.3f} for each byte allocated; "
        f"{count(told['copied_bytes'])} more to resize",
        "pauses": f"bytes of other blocks moved by a call: {percentile_text(told['moved_by_a_call'])}",
    }
    if told["copied_by_a_step"]:
        shown["steps"] = f"bytes copied by a step: {percentile_text(told['copied_by_a_step'])}"
    shown["peak"] = (
        f"{count(told['peak_used'])} bytes in {count(told['peak_live'])} blocks, headers included; "
        f"high water {count(told['high_water'])}"
    )
    if holes["samples"]:
        mean, most = told["fragmentation"]["mean"], told["fragmentation"]["most"]
        shown["fragmentation"] = f"{mean:.1%} on average, {most:.1%} at most, over {holes['samples']} samples"
        shown["largest hole"] = (
            f"{count(holes['least'])} bytes at least, {count(holes['mean'])} on average, {count(holes['last'])} at the "
            f"end; after moving {count(holes['least_after_moving'])} at least"
        )
    return shown


def write_timeline(path: Path, samples: Any) -> None:
    out = io.StringIO()
    np.savetxt(
        out, samples, fmt=["%d"] * 12 + ["%.6f"], delimiter=",", header=",".join(samples.dtype.names), comments=""
    )
    options.write_text(path, out.getvalue())


@click.command()
@options.trace_argument
@options.pool_option
@options.policy_options
@options.condition_options
@click.option("--verify", is_flag=True, help="Verify contents, alignment and the pool itself as the trace runs.")
@click.option(
    "--timeline", type=click.Path(path_type=Path), metavar="FILE", help="Write the pool's state over time, as CSV."
)
@options.json_option
def replay(
    trace: str,
    pool: int,
    fit: Fit,
    step_bytes: int | None,
    step_blocks: int,
    scale: float,
    locked: float,
    seed: int,
    link_width: str | None,
    verify: bool,
    timeline: Path | None,
    as_json: bool,
) -> None:
    """Run a trace through a pool, and tell what is refused, what is moved, and how fragmented it is.

    The exit code is 0 if the trace ran, whether or not something was refused.
    """
    policy = options.policy_of(fit, step_bytes, step_blocks, options.conditions(locked, seed, link_width))
    done = run_replay(options.open_trace(trace, scale), pool, policy, verify=verify)
    if timeline:
        write_timeline(timeline, done.samples)
    told = report(done)
    if as_json:
        click.echo(json.dumps(told))
    else:
        console().print(facts(lines(told, done)), markup=False)
