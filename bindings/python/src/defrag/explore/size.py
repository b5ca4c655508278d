# SPDX-License-Identifier: MIT
"""How large a pool a program's heap must be."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass

from joblib import Parallel, delayed

from . import _abi
from ._native import library, pointer_to, require, sentence
from .policy import POLICIES, Policy
from .replay import Run, run
from .trace import Trace

GRANULARITY = 64
JITTER = 0.2
RUNS = 20
COARSE = 4  # times the granularity, for the runs that only tell the margin


@dataclass(frozen=True)
class Need:
    """What a pool of the smallest size that serves a trace is made of, in bytes. The parts add up to the pool."""

    asked: int
    """What the program had asked for when its blocks took most."""
    rounding: int
    """What its blocks had above that."""
    overhead: int
    """Headers and handle slots of these blocks, and the control block."""
    fragmentation: int
    """The rest: room that lies where it is of no use, unused handle slots, and the search's own granularity."""


@dataclass(frozen=True)
class Sizing:
    """The smallest pool that serves a trace without a refusal."""

    trace: Trace
    policy: Policy
    pool_bytes: int
    granularity: int
    looked_above: int
    """So many larger pools, a granularity apart, were tried,"""
    refused_above: int
    """and so many of them refuse something: the answer takes some luck."""
    run: Run
    """What came of the trace in this pool."""

    @property
    def need(self) -> Need:
        run = self.run
        overhead = run.control_bytes + run.need_blocks * run.block_overhead
        rest = self.pool_bytes - run.need_asked - run.need_rounding - overhead
        return Need(run.need_asked, run.need_rounding, overhead, rest)


def smallest(trace: Trace, policy: Policy | None = None, granularity: int = GRANULARITY) -> Sizing:
    """Finds the smallest pool, in multiples of the granularity, that serves a trace. FaultError if none does."""
    policy = policy or Policy()
    found, told = _abi.ReplaySmallest(), sentence()
    status = library().replay_find_smallest(
        pointer_to(trace.data),
        len(trace.data),
        ctypes.byref(trace.summary),
        ctypes.byref(policy.options(0)),
        granularity,
        ctypes.byref(found),
        told,
    )
    require(status, trace.name, told)
    done = run(trace, policy.options(found.pool_bytes))
    return Sizing(trace, policy, found.pool_bytes, granularity, found.looked_above, found.refused_above, done)


def jittered_pool(trace: Trace, policy: Policy, granularity: int, jitter: float, seed: int) -> int:
    return smallest(trace.changed(jitter=jitter, seed=seed), policy, granularity).pool_bytes


@dataclass(frozen=True)
class Advice:
    """The smallest pool for a trace, and for traces like it."""

    name: str
    """Of the policy."""
    sizing: Sizing
    jittered: tuple[int, ...]
    """The smallest pools of the runs with jittered lives."""

    @property
    def margin(self) -> int:
        """What the worst of these runs asks for above the trace's own pool."""
        return max((0, *(size - self.sizing.pool_bytes for size in self.jittered)))

    @property
    def pool_bytes(self) -> int:
        """The pool to choose."""
        return self.sizing.pool_bytes + self.margin


def advise(
    trace: Trace,
    conditions: Policy | None = None,
    *,
    granularity: int = GRANULARITY,
    runs: int = RUNS,
    jitter: float = JITTER,
    jobs: int = -1,
) -> Iterator[Advice | None]:
    """Finds the pools for each of POLICIES under the locks and links of `conditions`.

    Yields None whenever one of the (1 + runs) * len(POLICIES) searches has ended, and at last an Advice for each.
    """
    policies = {name: policy.under(conditions or Policy()) for name, policy in POLICIES.items()}
    coarse = granularity * COARSE
    tasks = [delayed(smallest)(trace, policy, granularity) for policy in policies.values()]
    tasks += [
        delayed(jittered_pool)(trace, policy, coarse, jitter, seed)
        for policy in policies.values()
        for seed in range(1, runs + 1)
    ]
    ended = []
    for result in Parallel(n_jobs=jobs, return_as="generator", prefer="threads")(tasks):
        ended.append(result)
        yield None
    for i, name in enumerate(policies):
        first = len(policies) + i * runs
        yield Advice(name, ended[i], tuple(ended[first : first + runs]))
