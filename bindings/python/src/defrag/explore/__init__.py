# SPDX-License-Identifier: MIT
"""Finds out how large a pool a program's heap must be, from a trace of what the program asks of its heap.

`python -m defrag`, or the command `defrag`, is its face; this is for scripts.
"""

from .fault import FaultError
from .policy import POLICIES, Policy
from .replay import Replay, Run, replay
from .size import Need, Sizing, smallest
from .sweep import sweep
from .trace import Trace, load
from .why import Blocker, Reason, why

__all__ = [
    "POLICIES",
    "Blocker",
    "FaultError",
    "Need",
    "Policy",
    "Reason",
    "Replay",
    "Run",
    "Sizing",
    "Trace",
    "load",
    "replay",
    "smallest",
    "sweep",
    "why",
]
