# SPDX-License-Identifier: MIT
"""What all forms of a film share: what is gathered, and its colours and words."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from . import _abi
from .fault import FaultError
from .policy import POLICIES, Policy, size_text
from .replay import Replay, replay
from .trace import Trace, short_name

MOVES = 2000
"""So many moves are drawn at most: more would hide what is below them."""
OVERHEAD_CELL = _abi.REPLAY_OVERHEAD

HOLE = (255, 255, 255)
OVERHEAD = (160, 160, 160)
LOCKED = (0, 0, 0)
MOVE = (213, 94, 0)
COPY = (120, 120, 120)
REFUSAL = (204, 0, 102)
FREE = (86, 180, 233)
LARGEST_NOW = (0, 90, 160)
LARGEST_AFTER = (0, 158, 115)
FRAGMENTATION = (120, 50, 110)
PALETTE = ((68, 62, 133), (49, 104, 142), (33, 145, 140), (53, 183, 121), (144, 215, 67), (236, 223, 40))
"""From small to large, or from young to old. It grows lighter all the way, so that no colour sight is needed to read
it, and it holds neither the white of the holes nor the black of the locks."""

By = Literal["size", "age"]


@dataclass(frozen=True)
class Scale:
    """How sizes or ages become colours: by their logarithm."""

    title: str
    low: int
    high: int
    ticks: tuple[int, ...]
    texts: tuple[str, ...]

    def places(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Where values lie on the scale, from 0 to 1."""
        clipped = np.clip(values.astype(np.float64), self.low, self.high)
        return np.asarray(np.log(clipped / self.low) / np.log(self.high / self.low))


@dataclass(frozen=True)
class Moves:
    """Moves of blocks, as many of them as are drawn."""

    drawn: NDArray[Any]
    """Those of the most bytes, in order of time, with the fields of replay_move."""
    count: int
    """How many there are in all."""

    def text(self, noun: str) -> str:
        if len(self.drawn) < self.count:
            return f"{noun} (the {len(self.drawn):,} largest of {self.count:,})"
        return f"{noun} ({self.count:,})"


@dataclass(frozen=True)
class Side:
    """What is shown of one policy."""

    label: str
    seen: Replay
    moves: Moves
    """Of blocks that made room for others, or that a step moved."""
    copies: Moves
    """Of blocks that had to go elsewhere to grow, as realloc copies them."""
    refused_at: NDArray[np.uint64]
    """The samples' operations up to which something was refused since the sample before,"""
    refused_count: NDArray[np.uint64]
    """and how many requests were."""
    moved_so_far: NDArray[np.uint64]
    """The bytes moved at each sample. Unlike those of the samples themselves, they are without what was copied."""

    @property
    def blocks(self) -> NDArray[np.bool_]:
        """Which cells show a block. As in all maps below, there is a row for each slice, lowest address first."""
        block = self.seen.cells["block"].T
        return np.asarray((block != 0) & (block != _abi.REPLAY_OVERHEAD))

    @property
    def overhead(self) -> NDArray[np.bool_]:
        return np.asarray(self.seen.cells["block"].T == _abi.REPLAY_OVERHEAD)

    @property
    def locked(self) -> NDArray[np.bool_]:
        return self.blocks & np.asarray(self.seen.cells["locks"].T > 0)

    @property
    def ages(self) -> NDArray[np.int64]:
        born = self.seen.cells["born"].T.astype(np.int64)
        return np.asarray(np.maximum(self.seen.samples["operation"].astype(np.int64) - born, 0))

    @property
    def used_share(self) -> NDArray[np.float64]:
        """Which part of each slice is not free."""
        rows = self.seen.cells.shape[1]
        edges = np.arange(rows + 1, dtype=np.uint64) * np.uint64(self.seen.run.pool_bytes) // np.uint64(rows)
        return np.asarray(self.seen.cells["used"].T / np.maximum(np.diff(edges), 1)[:, None])


@dataclass(frozen=True)
class Reel:
    """What a film shows: one policy, or two side by side."""

    trace: Trace
    pool_bytes: int
    sides: tuple[Side, ...]

    @property
    def title(self) -> str:
        return f"The heap of {short_name(self.trace)} in a pool of {size_text(self.pool_bytes)}"

    @property
    def operations(self) -> NDArray[np.uint64]:
        """When the samples were taken; it is the same for all sides."""
        return np.asarray(self.sides[0].seen.samples["operation"])

    @property
    def interval(self) -> int:
        return int(self.operations[0])

    def most(self, field: str) -> float:
        """The largest value that a field of the samples has."""
        return max(float(np.max(side.seen.samples[field])) for side in self.sides)

    @property
    def most_moved(self) -> float:
        return max(float(side.moved_so_far[-1]) for side in self.sides)

    def scale(self, by: By) -> Scale:
        if by == "age":
            return age_scale(max(self.trace.operations, 10))
        sizes = np.concatenate([side.seen.cells["bytes"].T[side.blocks] for side in self.sides])
        return size_scale(int(np.min(sizes, initial=64)), int(np.max(sizes, initial=64)))


@dataclass(frozen=True)
class FilmNote:
    """What a film shows of the moves."""

    labels: tuple[str, ...]
    drawn: tuple[int, ...]
    moves: tuple[int, ...]
    """How many moves there were, but for those of blocks that were resized."""

    def __str__(self) -> str:
        parts = zip(self.labels, self.drawn, self.moves, strict=True)
        return "; ".join(f"{label}, {drawn:,} of {moves:,} moves drawn" for label, drawn, moves in parts)


# ------------------------------------------------------------------------------------------------------------ gathering


def policy_label(policy: Policy) -> str:
    for name, known in POLICIES.items():
        if known.under(policy) == policy:
            return f"moving {'in the ' if name == 'background' else ''}{name} ({policy})"
    return str(policy)


def largest(moves: NDArray[Any], most: int) -> Moves:
    order = np.argsort(moves["bytes"], kind="stable")[max(len(moves) - most, 0) :]
    return Moves(moves[np.sort(order)], len(moves))


def refusals(seen: Replay) -> tuple[NDArray[np.uint64], NDArray[np.uint64]]:
    """At which samples something was refused since the sample before, and how much; the end counts as a sample."""
    at = np.append(seen.samples["operation"], np.uint64(seen.run.operations))
    count = np.diff(np.append(seen.samples["refused"], np.uint64(seen.run.refused)), prepend=np.uint64(0))
    return at[count > 0], count[count > 0]


def look(trace: Trace, pool_bytes: int, policy: Policy, columns: int, rows: int, most: int) -> Side:
    seen = replay(trace, pool_bytes, policy, samples=columns, rows=rows, moves=True)
    # An operation that moved no other block, and had no step after it, can only have moved its own.
    others = (seen.moved.astype(bool) | seen.stepped.astype(bool))[seen.moves["operation"] - 1]
    at, count = refusals(seen)
    so_far = np.cumsum(seen.moved, dtype=np.uint64) + np.cumsum(seen.stepped, dtype=np.uint64)
    moves, copies = largest(seen.moves[others], most), largest(seen.moves[~others], most)
    return Side(policy_label(policy), seen, moves, copies, at, count, so_far[seen.samples["operation"] - 1])


def gather(trace: Trace, pool_bytes: int, policies: Sequence[Policy], columns: int, rows: int, most: int) -> Reel:
    if trace.operations == 0:
        raise FaultError(f"'{trace.name}' has no operation to draw; record a longer run")
    sides = tuple(look(trace, pool_bytes, policy, columns, rows, most) for policy in policies)
    return Reel(trace, pool_bytes, sides)


def note(reel: Reel) -> FilmNote:
    return FilmNote(
        tuple(side.label for side in reel.sides),
        tuple(len(side.moves.drawn) for side in reel.sides),
        tuple(side.moves.count for side in reel.sides),
    )


# -------------------------------------------------------------------------------------------------------------- colours


def size_scale(low: int, high: int) -> Scale:
    first = max(low, 1).bit_length() - 1
    last = max((high - 1).bit_length(), first + 1)
    ticks = tuple(1 << power for power in range(first, last + 1))
    return Scale("size of a block", ticks[0], ticks[-1], ticks, tuple(bytes_text(tick) for tick in ticks))


def age_scale(high: int) -> Scale:
    ticks = tuple(10**power for power in range(len(str(high))))
    return Scale("age in operations", 1, high, ticks, tuple(f"{tick:,}" for tick in ticks))


def palette(places: NDArray[np.float64]) -> NDArray[np.float64]:
    """The colours of places on a scale, in a last axis."""
    steps = np.linspace(0, 1, len(PALETTE))
    return np.stack([np.interp(places, steps, [color[i] for color in PALETTE]) for i in range(3)], axis=-1)


def picture(side: Side, by: By, scale: Scale) -> NDArray[np.uint8]:
    """A map in red, green and blue.

    A slice of a map holds several small blocks, and the holes between them would not be seen if it were coloured by its
    largest block alone. So the more of a slice is free, the more it fades into the colour of holes.
    """
    values = side.seen.cells["bytes"].T if by == "size" else side.ages
    colors = palette(scale.places(values))
    colors[side.overhead] = OVERHEAD
    share = np.clip(side.used_share, 0, 1)[..., None]
    return np.asarray(np.rint(colors * share + np.array(HOLE) * (1 - share)), np.uint8)


def css(color: tuple[int, int, int], opacity: float = 1) -> str:
    return f"rgba({color[0]},{color[1]},{color[2]},{opacity:g})"


def fraction(color: tuple[int, int, int]) -> tuple[float, float, float]:
    return color[0] / 255, color[1] / 255, color[2] / 255


# ---------------------------------------------------------------------------------------------------------------- words


def unit(most: float) -> tuple[str, int]:
    """In what to give sizes of which this is the largest."""
    return ("MiB", 1 << 20) if most >= 2 << 20 else ("KiB", 1 << 10)


def bytes_text(size: int) -> str:
    for unit, factor in (("MiB", 1 << 20), ("KiB", 1 << 10)):
        if size >= factor:
            return f"{size // factor} {unit}" if size % factor == 0 else f"{size / factor:,.1f} {unit}"
    return f"{size} B"


def outcome(side: Side) -> str:
    """What came of the trace."""
    run = side.seen.run
    refused = "nothing refused"
    if run.refused:
        refused = f"{run.refused:,} refused, the first at operation {run.first_refused_operation:,}"
    return f"{refused}; {bytes_text(run.moved_bytes)} moved"


def state(side: Side, at: int) -> tuple[str, str, str]:
    """How the pool looked at a sample, in three lines."""
    sample = side.seen.samples[at]

    def size(field: str) -> str:
        return bytes_text(int(sample[field]))

    live, locked, refused = (f"{int(sample[field]):,}" for field in ("live", "locked", "refused"))
    holes = f"largest hole {size('largest_now')}, {size('largest_after_moving')} after moving"
    return (
        f"operation {sample['operation']:,}: {live} live blocks, {locked} locked; {size('used')} used, {size('free')} free",
        f"{holes}; fragmentation {sample['fragmentation']:.1%}",
        f"{bytes_text(int(side.moved_so_far[at]))} moved and {refused} refused so far",
    )
