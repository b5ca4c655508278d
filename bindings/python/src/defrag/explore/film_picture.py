# SPDX-License-Identifier: MIT
"""A film as a picture for a report."""

import io
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, MaxNLocator

from . import film_data as data
from .film_data import Moves, Reel, Side, fraction

WIDTH, HEIGHT, DPI = 1600, 1000, 100
KIB = 1024.0
HEIGHTS = (5.2, 1.2, 1.4, 1.2)  # of the panels, in shares
SIDE, GAP, BAR_GAP, BAR = 40, 4, 1, 0.8  # widths, too
MARGINS = {"left": 0.06, "right": 0.94, "top": 0.885, "bottom": 0.13, "hspace": 0.14, "wspace": 0}


def lines(axes: Axes, moves: Moves, color: tuple[int, int, int], opacity: float) -> None:
    drawn = moves.drawn
    x = np.stack([drawn["operation"], drawn["operation"]], axis=1)
    y = np.stack([drawn["from"], drawn["to"]], axis=1) / KIB
    segments = np.stack([x, y], axis=2)
    axes.add_collection(LineCollection(list(segments), colors=[(*fraction(color), opacity)], linewidths=0.8))


def draw_map(axes: Axes, reel: Reel, side: Side) -> None:
    pixels = data.picture(side, "size", reel.scale("size"))
    pixels[side.locked] = data.LOCKED
    half = reel.interval / 2
    extent = (half, float(reel.operations[-1]) + half, 0.0, reel.pool_bytes / KIB)
    axes.imshow(pixels, origin="lower", aspect="auto", interpolation="nearest", extent=extent)
    lines(axes, side.moves, data.MOVE, 0.6)
    top = np.full(len(side.refused_at), reel.pool_bytes / KIB)
    axes.plot(side.refused_at, top, "v", color=fraction(data.REFUSAL), markersize=6, clip_on=False)
    axes.set_ylim(0, reel.pool_bytes / KIB)
    axes.set_title(f"{side.label}\n{data.outcome(side)}", loc="left", fontsize=12, pad=9)


def draw_curves(fragmentation: Axes, holes: Axes, moved: Axes, reel: Reel, side: Side) -> None:
    x, samples = reel.operations, side.seen.samples
    fragmentation.plot(x, 100 * samples["fragmentation"], color=fraction(data.FRAGMENTATION))
    fragmentation.set_ylim(0, 100)
    holes.fill_between(x, samples["free"] / KIB, color=fraction(data.FREE), alpha=0.35, linewidth=0)
    holes.plot(x, samples["largest_after_moving"] / KIB, ":", color=fraction(data.LARGEST_AFTER))
    holes.plot(x, samples["largest_now"] / KIB, color=fraction(data.LARGEST_NOW))
    holes.set_ylim(0, 1.05 * max(reel.most("free"), reel.most("largest_after_moving"), 1) / KIB)
    factor = data.unit(reel.most_moved)[1]
    moved.plot(x, side.moved_so_far / factor, color=fraction(data.MOVE), clip_on=False)
    moved.set_ylim(0, 1.05 * max(reel.most_moved / factor, 1))


def draw_side(panels: Any, reel: Reel, side: Side, first: bool) -> None:
    draw_map(panels[0], reel, side)
    draw_curves(panels[1], panels[2], panels[3], reel, side)
    moved = f"moved\n({data.unit(reel.most_moved)[0]})"
    titles = ("address (KiB)", "fragmen-\ntation (%)", "free, holes\n(KiB)", moved)
    for axes, title in zip(panels, titles, strict=True):
        axes.set_xlim(0, max(reel.trace.operations, float(reel.operations[-1]) + reel.interval / 2))
        axes.tick_params(labelbottom=axes is panels[-1])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_locator(MaxNLocator(9 if axes is panels[0] else 3))
        if axes is panels[1]:
            axes.set_yticks([0, 50, 100])
        if axes is not panels[0]:
            axes.grid(color="#e4e4e4", linewidth=0.8)
        if first:
            axes.set_ylabel(title)
    panels[-1].set_xlabel("operation")


def draw_scale(axes: Axes, reel: Reel) -> None:
    """The colours of sizes, beside the maps."""
    scale = reel.scale("size")
    colors = LinearSegmentedColormap.from_list("sizes", [fraction(color) for color in data.PALETTE])
    places = scale.places(np.array(scale.ticks))
    bar = np.linspace(0, 1, 256)[:, None]
    axes.imshow(bar, cmap=colors, origin="lower", aspect="auto", extent=(0, 1, 0, 1))
    axes.set_xticks([])
    axes.set_yticks(places.tolist(), scale.texts)
    axes.yaxis.tick_right()
    axes.yaxis.set_label_position("right")
    axes.set_ylabel(scale.title)


def square(color: tuple[int, int, int], name: str) -> Patch:
    return Patch(facecolor=fraction(color), edgecolor="#555555", label=name)


def line(color: tuple[int, int, int], name: str, style: Literal["-", ":"] = "-") -> Line2D:
    return Line2D([], [], color=fraction(color), linestyle=style, label=name)


def keys(reel: Reel) -> list[Patch | Line2D]:
    found: list[Patch | Line2D] = [square(data.HOLE, "hole"), square(data.OVERHEAD, "control block, handle table")]
    if any(side.locked.any() for side in reel.sides):
        found.append(square(data.LOCKED, "locked block"))
    for side, where in zip(reel.sides, (", left", ", right") if len(reel.sides) > 1 else ("",), strict=True):
        if side.moves.count:
            found.append(line(data.MOVE, side.moves.text("moves" + where)))
    if any(len(side.refused_at) for side in reel.sides):
        color = fraction(data.REFUSAL)
        found.append(Line2D([], [], color=color, marker="v", linestyle="none", label="refusals"))
    found.append(line(data.FRAGMENTATION, "fragmentation"))
    found.append(Patch(facecolor=(*fraction(data.FREE), 0.35), label="free"))
    found.append(line(data.LARGEST_AFTER, "largest hole after moving", ":"))
    found.append(line(data.LARGEST_NOW, "largest hole now"))
    return found


def draw(reel: Reel) -> bytes:
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI, facecolor="white")
    count = len(reel.sides)
    widths = [*[SIDE, GAP] * (count - 1), SIDE, BAR_GAP, BAR]
    grid = figure.add_gridspec(len(HEIGHTS), len(widths), height_ratios=HEIGHTS, width_ratios=widths, **MARGINS)
    for i, side in enumerate(reel.sides):
        draw_side([figure.add_subplot(grid[row, 2 * i]) for row in range(len(HEIGHTS))], reel, side, first=i == 0)
    draw_scale(figure.add_subplot(grid[0, len(widths) - 1]), reel)
    figure.suptitle(reel.title, x=0.012, y=0.985, ha="left", fontsize=16, fontweight="bold", parse_math=False)
    figure.legend(handles=keys(reel), loc="lower center", ncols=5, frameon=False, fontsize=10)
    out = io.BytesIO()
    FigureCanvasAgg(figure)
    figure.savefig(out, format="png", dpi=DPI)
    return out.getvalue()
