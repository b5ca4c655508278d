# SPDX-License-Identifier: MIT
"""How a heap is to behave."""

import re
from dataclasses import dataclass, replace

from ..report import Fit
from . import _abi
from .fault import FaultError

STEP_BLOCKS = 16
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}
MOST = 1 << 32


@dataclass(frozen=True)
class Policy:
    """How allocations are made and what is done between them."""

    fit: Fit = Fit.MAKE_ROOM
    step_bytes: int = 0
    """What a step after each operation may copy; 0: there are no steps."""
    step_blocks: int = STEP_BLOCKS
    """How many blocks and holes a step may look at."""
    locked: float = 0.0
    """The share of the blocks that are locked as long as they live."""
    seed: int = 1
    """Picks these blocks."""
    link_width: int = 0
    """16 or 32; 0: the build that serves a pool of its size with the least overhead."""

    def __str__(self) -> str:
        steps = f" and steps of {self.step_bytes},{self.step_blocks}" if self.step_bytes else ""
        locks = f", {self.locked:.1%} locked" if self.locked else ""
        return fit_name(self.fit) + steps + locks

    def options(self, pool_bytes: int) -> _abi.ReplayOptions:
        return _abi.ReplayOptions(
            pool_bytes=pool_bytes,
            step_bytes=self.step_bytes,
            step_blocks=self.step_blocks,
            fit=self.fit,
            link_width=self.link_width,
            locked=round(1000 * self.locked),
            locked_seed=self.seed,
        )

    def under(self, conditions: "Policy") -> "Policy":
        """This policy with the locks and links of another."""
        return replace(self, locked=conditions.locked, seed=conditions.seed, link_width=conditions.link_width)


POLICIES = {
    "never": Policy(Fit.BEST),
    "on demand": Policy(Fit.MAKE_ROOM),
    "background": Policy(Fit.FAST, step_bytes=256),
}
"""Moving never, when a request needs it, and a little after each operation."""


def fit_name(fit: Fit) -> str:
    return fit.name.lower().replace("_", "-")


def parse_fit(text: str) -> Fit:
    for fit in Fit:
        if text == fit_name(fit):
            return fit
    raise FaultError(f"'{text}' is no fit; choose fast, best or make-room")


def parse_size(text: str, option: str) -> int:
    """A number of bytes from 1 to 4G, as 49152 or 48K."""
    match = re.fullmatch(r"([0-9]{1,12})([KMG]?)", text)
    count = int(match[1]) * UNITS[match[2]] if match else 0
    if not 0 < count <= MOST:
        raise FaultError(f"'{text}' is no size for {option}; give 1 to 4G bytes, as 49152 or 48K")
    return count


def parse_step(text: str) -> tuple[int, int]:
    """BYTES or BYTES,BLOCKS; 0 for no step."""
    size, comma, blocks = text.partition(",")
    if text == "0":
        return 0, STEP_BLOCKS
    return (
        parse_size(size, "the bytes of a step"),
        parse_size(blocks, "the blocks of a step") if comma else STEP_BLOCKS,
    )


def size_text(size: int) -> str:
    """A size as parse_size takes it."""
    for unit in "GMK":
        if size and size % UNITS[unit] == 0:
            return f"{size // UNITS[unit]}{unit}"
    return str(size)
