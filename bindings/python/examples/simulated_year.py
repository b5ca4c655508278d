# SPDX-License-Identifier: MIT
"""Simulates a telemetry device over a year, in a pool that never moves its blocks and in one that does, and plots both.

Readings wait as messages until they are sent: many by day, few at night, and more and more while there is no network. A
connection takes two buffers as long as it lasts, and two large ones more while it is made; on bad days it is lost again
and again. Settings and topics stay for weeks. Both devices do the same; the one that moves does it a little at a time,
by Pool.step after each hour's work, as from an idle loop. simulated_year.py [--days N] [--pool SIZE] [-o year.png]
"""

import argparse
import math
import random
import sys
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import matplotlib

matplotlib.use("Agg")  # draws into files, so that no screen is needed

from defrag import Block, Fit, NoRoomError, Pool
from defrag.explore import FaultError
from defrag.explore.policy import parse_size
from matplotlib import pyplot
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

DAYS = 365
POOL = "18K"
STEPS, STEP_BYTES, STEP_BLOCKS = 20, 256, 16  # in an hour; each as Pool.step takes it
SETTINGS, TOPICS = 40, 30
BUFFER, HANDSHAKE = 1024, 1800  # bytes; there are two of each
MOST_WAITING = 24  # messages; then the oldest is thrown away


@dataclass
class Heap:
    """A pool, what was refused in it, and how it looked each midnight."""

    moves: bool
    pool: Pool
    refused: int = 0
    fragmentation: list[float] = field(default_factory=list)
    largest_hole: list[int] = field(default_factory=list)

    @property
    def name(self) -> str:
        return "moving" if self.moves else "never moving"

    def alloc(self, size: int) -> Block | None:
        try:
            return self.pool.alloc(size, fit=Fit.BEST)
        except NoRoomError:
            self.refused += 1
            return None

    def rest(self) -> None:
        if self.moves:
            for _ in range(STEPS):
                self.pool.step(STEP_BYTES, STEP_BLOCKS)

    def look(self) -> None:
        """Notes how large the holes are: the index is 0 if all is in one, towards 1 the more it is in pieces."""
        holes = [extent.bytes for extent in self.pool.walk() if not extent.handle]
        whole = math.sqrt(sum(size * size for size in holes)) / max(sum(holes), 1)
        self.fragmentation.append(1 - whole)
        self.largest_hole.append(max(holes, default=0))


@dataclass
class Device:
    """Uses a heap. Chance decides what it does, and never what came of it: two devices with one seed do the same."""

    heap: Heap
    chance: random.Random
    settings: list[Block | None] = field(default_factory=list)
    topics: list[Block | None] = field(default_factory=list)
    connection: list[Block | None] = field(default_factory=list)
    waiting: deque[Block | None] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))

    def boot(self) -> None:
        self.settings = [self.heap.alloc(self.chance.randint(16, 160)) for _ in range(SETTINGS)]
        self.topics = [self.heap.alloc(self.chance.randint(12, 64)) for _ in range(TOPICS)]

    def connect(self) -> None:
        """A block is freed with its last reference."""
        self.connection.clear()
        handshake = [self.heap.alloc(HANDSHAKE), self.heap.alloc(HANDSHAKE)]
        self.connection = [self.heap.alloc(BUFFER), self.heap.alloc(BUFFER)]
        handshake.clear()

    def read(self, hour: int) -> None:
        """Takes this hour's readings, of which a message is made that waits."""
        by_day = 7 <= hour < 21
        for _ in range(self.chance.randint(4, 9) if by_day else self.chance.randint(1, 2)):
            self.waiting.append(self.heap.alloc(self.chance.randint(40, 360)))

    def send(self) -> None:
        """All but the last few, which were not confirmed yet."""
        for _ in range(len(self.waiting) - self.chance.randint(0, 3)):
            self.waiting.popleft()

    def configure(self) -> None:
        if self.chance.random() < 1 / 48:
            self.settings[self.chance.randrange(SETTINGS)] = self.heap.alloc(self.chance.randint(16, 160))
        if self.chance.random() < 1 / 24:
            self.topics[self.chance.randrange(TOPICS)] = self.heap.alloc(self.chance.randint(12, 64))

    def live_an_hour(self, hour: int, stormy: bool) -> None:
        self.read(hour)
        self.configure()
        lost = self.chance.random() < (0.6 if stormy else 0.02)
        for _ in range(self.chance.randint(1, 5) if lost else 0):
            self.connect()
        if not (stormy and lost):
            self.send()
        self.heap.rest()


def simulate(heap: Heap, days: int, seed: int) -> None:
    device = Device(heap, random.Random(seed))
    device.boot()
    device.connect()
    for _ in range(days):
        stormy = device.chance.random() < 0.15
        for hour in range(24):
            device.live_an_hour(hour, stormy)
        heap.look()


# -------------------------------------------------------------------------------------------------------------- telling

COLOURS = {"never moving": "#c0392b", "moving": "#2471a3"}


def draw(heaps: list[Heap], output: Path) -> None:
    figure, (above, below) = pyplot.subplots(2, sharex=True, figsize=(10, 6.5), layout="constrained")
    for heap in heaps:
        days = range(1, len(heap.largest_hole) + 1)
        above.plot(days, heap.fragmentation, color=COLOURS[heap.name], linewidth=1, label=heap.name)
        below.plot(days, [size / 1024 for size in heap.largest_hole], color=COLOURS[heap.name], linewidth=1)
    below.axhline(HANDSHAKE / 1024, color="black", linestyle="--", linewidth=1, label="a buffer of a handshake")
    above.set_title(f"A telemetry device's heap of {heaps[0].pool.stats().pool_bytes / 1024:g} KiB, each midnight")
    above.set_ylabel("fragmentation index")
    above.set_ylim(0, 1)
    below.set_ylabel("largest hole, KiB")
    below.set_xlabel("day")
    below.set_ylim(bottom=0)
    for axes, place in ((above, "upper right"), (below, "lower right")):
        axes.grid(alpha=0.3)
        axes.legend(loc=place, ncols=2)
    try:
        figure.savefig(output, dpi=120)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise FaultError(f"'{output}' cannot be written ({reason}); choose another file with -o") from error
    pyplot.close(figure)


def table_of(heaps: list[Heap]) -> Table:
    table = Table(box=SIMPLE_HEAD)
    table.add_column("\nheap", no_wrap=True)
    for heading in ("\nrefused", "mean\nindex", "smallest\nlargest hole", "last\nlargest hole", "bytes moved\na day"):
        table.add_column(heading, justify="right", no_wrap=True)
    for heap in heaps:
        days, holes = len(heap.largest_hole), heap.largest_hole
        table.add_row(
            heap.name,
            f"{heap.refused:,}",
            f"{sum(heap.fragmentation) / days:.2f}",
            f"{min(holes):,}",
            f"{holes[-1]:,}",
            f"{heap.pool.stats().moved_bytes / days:,.0f}",
        )
    return table


# ----------------------------------------------------------------------------------------------------------------- main


class Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise FaultError(f"{message}; see simulated_year.py --help")


def parse() -> argparse.Namespace:
    parser = Parser(description=__doc__)
    parser.add_argument("-o", "--output", type=Path, default=Path("year.png"), metavar="FILE", help="the plot")
    parser.add_argument("--days", type=int, default=DAYS, metavar="N")
    parser.add_argument("--pool", default=POOL, metavar="SIZE", help=f"up to 256K; {POOL} by default")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another seed, another year")
    return parser.parse_args()


def make_pool(text: str) -> Pool:
    try:
        return Pool(parse_size(text, "--pool"))
    except ValueError as error:
        raise FaultError(f"there is no pool of {text} bytes; give 1K to 256K") from error


def main() -> None:
    chosen = parse()
    if chosen.days < 1:
        raise FaultError(f"{chosen.days} is no number of days; give 1 or more")
    heaps = [Heap(moves, make_pool(chosen.pool)) for moves in (False, True)]
    for heap in heaps:
        simulate(heap, chosen.days, chosen.seed)
    Console().print(table_of(heaps))
    draw(heaps, chosen.output)
    print(f"Sizes are in bytes. The days are drawn in {chosen.output}.")


if __name__ == "__main__":
    try:
        main()
    except FaultError as fault:
        print(f"simulated_year.py: {fault}", file=sys.stderr)
        sys.exit(2)
