# SPDX-License-Identifier: MIT
"""What comes of traces in many pools, under many policies."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from .policy import Policy, fit_name
from .replay import replay
from .trace import Trace, short_name

SAMPLES = 256


@dataclass(frozen=True)
class Case:
    """One cell of a grid."""

    trace: Trace
    pool_bytes: int
    policy: Policy


def grid(traces: Iterable[Trace], pools: Iterable[int], policies: Iterable[Policy]) -> list[Case]:
    pools, policies = list(pools), list(policies)
    return [Case(trace, pool, policy) for trace in traces for pool in pools for policy in policies]


def figures(case: Case) -> dict[str, Any]:
    """What came of a case, as a row of a table."""
    seen = replay(case.trace, case.pool_bytes, case.policy, samples=SAMPLES)
    run, samples = seen.run, seen.samples
    return {
        "trace": short_name(case.trace),
        "pool_bytes": case.pool_bytes,
        "fit": fit_name(case.policy.fit),
        "step_bytes": case.policy.step_bytes,
        "step_blocks": case.policy.step_blocks if case.policy.step_bytes else 0,
        "locked": case.policy.locked,
        "operations": run.operations,
        "refused": run.refused,
        "refused_fragmented": run.refused_for["fragmented"],
        "first_refused_operation": run.first_refused_operation,
        "moved_bytes": run.moved_bytes,
        "moved_per_byte": run.moved_bytes / max(case.trace.allocated_bytes, 1),
        "worst_allocation": run.worst_allocation,
        "worst_step": run.worst_step,
        "high_water": run.high_water,
        "mean_fragmentation": float(np.mean(samples["fragmentation"])) if len(samples) else 0.0,
        "least_largest_hole": int(np.min(samples["largest_now"])) if len(samples) else 0,
    }


def sweep(cases: Iterable[Case], jobs: int = -1) -> Iterator[dict[str, Any]]:
    """The figures of each case, in their order, as they are ready.

    It uses all cores through joblib; within `with joblib.parallel_config("dask"):` it runs on that cluster's.
    """
    yield from Parallel(n_jobs=jobs, return_as="generator")(delayed(figures)(case) for case in cases)
