# SPDX-License-Identifier: MIT
"""A film as a page for a browser, which holds all it needs.

What is drawn is Plotly's: maps are images with axes, and the strip beside a map is the same image with an axis so narrow
that one column fills it. The page's own script does what Plotly has no means for, or only slow ones. It gives the images
the words to show under the pointer, which would be tens of megabytes if they were written out. And it moves the slider,
the markers and the strips: Plotly draws a slider's hundreds of steps, and all panels, anew whenever one of its own
sliders, shapes or annotations changes, which takes a good part of a second.
"""

import base64
import html
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray
from plotly.io.json import to_json_plotly
from plotly.offline import get_plotlyjs

from . import film_data as data
from .film_data import By, Reel, Side, css

TEXT = "#222222"
GRID = "#e4e4e4"
FONT = "system-ui, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif"
HEIGHT = 740  # of the figure, in pixels, at least
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 188, 50  # margins, in pixels
BUTTONS, TITLES, STATE = 148, 56, 53  # pixels above the maps
PANELS = {"map": (0.46, 1.0), "fragmentation": (0.305, 0.415), "holes": (0.14, 0.26), "moved": (0.0, 0.095)}
AXES = ("map", "strip", "fragmentation", "holes", "moved")
STRIP, GAP, BAR = 0.022, 0.06, 0.07  # of the width: a strip, what is between two sides, and the colour bar
MODE_BAR, BUTTON = 0.8, 0.095  # where, in the width, Plotly's own buttons begin, and how wide one of ours is
KIB = 1024.0
NO_IMAGE = "data:image/png;base64,"

SCRIPT = """
const {figure, maps, interval, config} = JSON.parse(document.getElementById('data').textContent);
const decode = (text, Type) => new Type(Uint8Array.from(atob(text), one => one.charCodeAt(0)).buffer);
const digits = new Intl.NumberFormat('en-US').format;

for (const map of maps) {
  const cells = decode(map.cells, map.wide ? Uint32Array : Uint16Array), used = decode(map.used, Uint8Array);
  const [block, bytes, born, locks] = map.lives.map(text => decode(text, Uint32Array));
  const columns = map.operations.length, rows = cells.length / columns;
  const times = map.operations.map(operation => `operation ${digits(operation)}`);
  const names = Array.from(block, (number, life) => number === 0 ? 'free'
    : number === map.overhead ? 'control block or handle table'
    : `block ${digits(number - 1)}: ${digits(bytes[life])} bytes, ${digits(locks[life])} locks`);
  const words = [];
  for (let row = 0; row < rows; row++) {
    const address = `<br>address 0x${Math.floor(row * map.pool / rows).toString(16)}, `, line = [];
    for (let column = 0; column < columns; column++) {
      const at = row * columns + column, life = cells[at];
      const lives = block[life] !== 0 && block[life] !== map.overhead;
      const age = lives ? `<br>age ${map.operations[column] - born[life]} operations` : '';
      line.push(`${times[column]}${address}${used[at]}% in use<br>${names[life]}${age}`);
    }
    words.push(line);
  }
  for (const trace of map.named) figure.data[trace].customdata = words;
  for (const [strip, whole] of map.strips) figure.data[strip].source = figure.data[whole].source;
}

const film = document.getElementById('film'), slider = document.getElementById('slider');
const play = document.getElementById('play');
const markers = document.querySelectorAll('.marker'), states = document.querySelectorAll('.state');
const last = Number(slider.max);
let shown = Number(slider.value), drawing = false, playing = null;

function mark() {
  const [low, high] = film.layout.xaxis.range;
  const part = (maps[0].operations[shown] - low) / (high - low);
  maps.forEach((map, side) => {
    markers[side].style.setProperty('--at', map.begin + part * (map.end - map.begin));
    markers[side].hidden = part < 0 || part > 1;
    states[side].textContent = map.states[shown];
  });
}

async function show(step) {
  shown = step;
  slider.value = step;
  slider.setAttribute('aria-valuetext', `operation ${digits(maps[0].operations[step])}`);
  mark();
  if (drawing) return;
  drawing = true;
  for (let drawn = -1; drawn !== shown;) {
    drawn = shown;
    const at = maps[0].operations[drawn], range = [at - interval / 2, at + interval / 2];
    await Plotly.relayout(film, Object.fromEntries(maps.map(map => [`${map.strip}.range`, range])));
  }
  drawing = false;
}

function stop() {
  clearInterval(playing);
  playing = null;
  play.textContent = 'Play';
}

Plotly.newPlot(film, figure.data, figure.layout, config).then(() => {
  film.on('plotly_relayout', mark);
  film.on('plotly_click', ({points: [point]}) => {
    const column = Math.round(point.x / interval) - 1;
    if (!maps.some(map => map.strips.some(([strip]) => strip === point.curveNumber)))
      show(Math.max(0, Math.min(last, column)));
  });
  show(shown);
});
slider.addEventListener('input', () => { stop(); show(Number(slider.value)); });
play.addEventListener('click', () => {
  if (playing !== null) return stop();
  play.textContent = 'Stop';
  playing = setInterval(() => show((Number(slider.value) + 1) % (last + 1)), 60);
});
"""
PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><link rel="icon" href="data:,">
<style>
body {{ margin: 0; background: white; color: {text}; font: 13px {font}; }}
#stage {{ position: relative; min-width: 1200px; }}
#stage > .over {{ position: absolute; pointer-events: none; --at: 0;
  left: calc({left}px + var(--at) * (100% - {left}px - {right}px)); }}
.marker {{ top: {top}px; bottom: {bottom}px; border-left: 1.5px dashed {text}; }}
.marker[hidden] {{ display: none; }}
.state {{ top: {state}px; font-size: 12px; line-height: 15px; white-space: pre-line; }}
#film {{ height: calc(100vh - 44px); min-height: {height}px; }}
#controls {{ display: flex; gap: 12px; align-items: center; height: 44px; padding: 0 {slack}% 0 {left}px; }}
#controls button {{ width: 64px; margin-left: -60px; }}
#slider {{ flex: 1; margin: 0; }}
</style></head><body>
<div id="stage"><div id="film"></div>{over}</div>
<div id="controls"><button id="play" type="button">Play</button>
<input id="slider" type="range" min="0" max="{last}" value="{step}" aria-label="operation"></div>
<script>{plotly}</script>
<script id="data" type="application/json">{data}</script>
<script>{script}</script>
</body></html>
"""


# --------------------------------------------------------------------------------------------------------------- layout


def axis(side: int, name: str) -> str:
    """The number of a panel's axes, as Plotly writes it."""
    number = side * len(AXES) + AXES.index(name) + 1
    return "" if number == 1 else str(number)


def domain(reel: Reel, side: int) -> tuple[float, float, float]:
    """Where a side begins, where its map ends, and where its strip ends, as parts of the width."""
    count = len(reel.sides)
    width = (1 - BAR - GAP * (count - 1)) / count
    left = side * (width + GAP)
    return left, left + width - STRIP - 0.006, left + width


def strip_range(reel: Reel, step: int) -> list[float]:
    at = float(reel.operations[step])
    return [at - 0.5 * reel.interval, at + 0.5 * reel.interval]


def x_axes(reel: Reel, side: int, step: int) -> Iterator[tuple[str, dict[str, Any]]]:
    begin, middle, end = domain(reel, side)
    span = [0, float(max(reel.trace.operations, reel.operations[-1] + reel.interval / 2))]
    for name in AXES:
        common = {"anchor": f"y{axis(side, name)}", "showline": True, "linecolor": "#888888", "mirror": True}
        if name == "strip":
            own = {"domain": [middle + 0.006, end], "range": strip_range(reel, step), "showticklabels": False}
            own |= {"fixedrange": True, "title": {"text": "now", "standoff": 4}, "showgrid": False}
        else:
            own = {"domain": [begin, middle], "range": span, "gridcolor": GRID, "zeroline": False}
            own |= {"showticklabels": name == "moved", "tickformat": ",d", "nticks": 8, "showgrid": name != "map"}
            own |= {} if side == 0 and name == "map" else {"matches": "x"}
            own |= {"title": {"text": "operation", "standoff": 4}} if name == "moved" else {}
        yield f"xaxis{axis(side, name)}", common | own


def y_axes(reel: Reel, side: int) -> Iterator[tuple[str, dict[str, Any]]]:
    unit, factor = data.unit(reel.most_moved)
    titles = {
        "map": "address (KiB)",
        "fragmentation": "fragmen-<br>tation (%)",
        "holes": "free, holes<br>(KiB)",
        "moved": f"moved<br>({unit})",
    }
    tops = {
        "map": reel.pool_bytes / KIB,
        "strip": reel.pool_bytes / KIB,
        "fragmentation": 100,
        "holes": 1.05 * max(reel.most("free"), reel.most("largest_after_moving"), 1) / KIB,
        "moved": 1.05 * max(reel.most_moved / factor, 1),
    }
    for name in AXES:
        whole: dict[str, Any] = {"domain": PANELS["map" if name == "strip" else name], "anchor": f"x{axis(side, name)}"}
        whole |= {"range": [0, tops[name]], "showline": True, "linecolor": "#888888", "mirror": True}
        whole |= {"gridcolor": GRID, "zeroline": False, "tickformat": ",~r", "showticklabels": name != "strip"}
        whole |= {"nticks": 10 if name == "map" else 5, "scaleanchor": False, "showgrid": name not in ("map", "strip")}
        if name == "strip":
            whole |= {"matches": "y"}
        elif side:
            whole |= {"matches": f"y{axis(0, name)}"}
        if name in titles and side == 0:
            whole |= {"title": {"text": titles[name], "standoff": 8, "font": {"size": 12}}}
        yield f"yaxis{axis(side, name)}", whole


def titles(reel: Reel) -> list[dict[str, Any]]:
    plain = {"xref": "paper", "yref": "paper", "showarrow": False, "xanchor": "left", "yanchor": "bottom", "y": 1}
    plain |= {"yshift": TITLES, "font": {"size": 14}}
    texts = [f"<b>{html.escape(side.label)}</b>: {data.outcome(side)}" for side in reel.sides]
    return [plain | {"x": domain(reel, side)[0], "text": text} for side, text in enumerate(texts)]


def buttons(reel: Reel, traces: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ways to show the maps, from the right to the left."""
    groups: dict[str, list[int]] = {}
    for i, trace in enumerate(traces):
        groups.setdefault(trace.get("meta", ""), []).append(i)

    def shows(by: By) -> dict[str, Any]:
        both = groups["size"] + groups["age"]
        return {
            "label": f"colour by {by}",
            "method": "restyle",
            "args": [{"visible": [i in groups[by] for i in both]}, both],
        }

    def hides(name: str) -> dict[str, Any]:
        way = {"label": f"{name} on/off", "method": "restyle"}
        return way | {"args": [{"visible": False}, groups[name]], "args2": [{"visible": True}, groups[name]]}

    plain = {"type": "buttons", "direction": "right", "y": 1, "yanchor": "bottom", "xanchor": "right"}
    plain |= {"pad": {"b": BUTTONS, "r": 0, "t": 0, "l": 0}, "bgcolor": "white", "bordercolor": "#aaaaaa"}
    plain |= {"font": {"size": 12}}
    by = plain | {"showactive": True, "active": 0, "buttons": [shows("size"), shows("age")]}
    toggles = [name for name in ("moves", "locks") if name in groups]
    # Plotly keeps for each group which button is pressed, so that those which can be pressed alone have one each.
    alone = [plain | {"showactive": False, "active": -1, "buttons": [hides(name)]} for name in toggles]
    return [group | {"x": MODE_BAR - i * BUTTON} for i, group in enumerate([*reversed(alone), by])]


def layout(reel: Reel, traces: list[dict[str, Any]], step: int) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "title": {
            "text": f"<b>{html.escape(reel.title)}</b>",
            "x": 0.012,
            "xanchor": "left",
            "y": 0.985,
            "yanchor": "top",
        },
        "font": {"family": FONT, "size": 12, "color": TEXT},
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP, "b": BOTTOM, "autoexpand": False},
        "plot_bgcolor": css(data.HOLE),
        "paper_bgcolor": "white",
        "hovermode": "closest",
        "hoverlabel": {"align": "left"},
        "legend": {"orientation": "h", "x": 0, "y": 0.95, "yref": "container", "yanchor": "top", "font": {"size": 12}},
        "annotations": titles(reel),
        "updatemenus": buttons(reel, traces),
    }
    for side in range(len(reel.sides)):
        whole |= dict(x_axes(reel, side, step)) | dict(y_axes(reel, side))
    return whole


# --------------------------------------------------------------------------------------------------------------- traces


def png(pixels: NDArray[np.uint8]) -> str:
    """An image as a data address. The last axis is red, green, blue, and opacity if there are four."""
    rows, columns, channels = pixels.shape

    def chunk(kind: bytes, contents: bytes) -> bytes:
        check = zlib.crc32(kind + contents)
        return struct.pack(">I", len(contents)) + kind + contents + struct.pack(">I", check)

    lines = np.zeros((rows, 1 + columns * channels), np.uint8)
    lines[:, 1:] = pixels.reshape(rows, -1)
    header = struct.pack(">IIBBBBB", columns, rows, 8, {3: 2, 4: 6}[channels], 0, 0, 0)
    contents = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines.tobytes(), 9)) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(b"\x89PNG\r\n\x1a\n" + contents).decode()


def image(reel: Reel, i: int, pixels: NDArray[np.uint8], **more: Any) -> Iterator[dict[str, Any]]:
    """The map, and the strip, to which the page's script gives the same image."""
    high = reel.pool_bytes / KIB / len(pixels)
    place = {"x0": int(reel.operations[0]), "dx": reel.interval, "y0": high / 2, "dy": high}
    for panel, source in (("map", png(pixels)), ("strip", NO_IMAGE)):
        axes = {"xaxis": f"x{axis(i, panel)}", "yaxis": f"y{axis(i, panel)}"}
        yield {"type": "image", "source": source, **place, **axes, **more}


def images(reel: Reel, i: int, side: Side) -> Iterator[dict[str, Any]]:
    """The maps by size and by age, the same in the strip, and what is locked on top of them."""
    for by, scale in scales(reel):
        under = {"hovertemplate": "%{customdata}<extra></extra>", "meta": by, "visible": by == "size"}
        yield from image(reel, i, data.picture(side, by, scale), name=f"by {by}", **under)
    if side.locked.any():
        mask = np.zeros((*side.locked.shape, 4), np.uint8)
        mask[side.locked] = (*data.LOCKED, 255)
        yield from image(reel, i, mask, name="locks", hoverinfo="skip", meta="locks")


def scales(reel: Reel) -> list[tuple[By, data.Scale]]:
    return [("size", reel.scale("size")), ("age", reel.scale("age"))]


def lines(reel: Reel, i: int, moves: data.Moves, noun: str, **more: Any) -> Iterator[dict[str, Any]]:
    """One line for each move, from where the block was to where it went."""
    if moves.count == 0:
        return
    drawn = moves.drawn
    gap = np.full(len(drawn), np.nan)
    x = np.stack([drawn["operation"].astype(float), drawn["operation"].astype(float), gap], axis=1).ravel()
    y = np.stack([drawn["from"] / KIB, drawn["to"] / KIB, gap], axis=1).ravel()
    which = f", {'left' if i == 0 else 'right'}" if len(reel.sides) > 1 else ""
    place = {"xaxis": f"x{axis(i, 'map')}", "yaxis": f"y{axis(i, 'map')}", "hoverinfo": "skip"}
    name = moves.text(noun + which)
    yield {"type": "scatter", "mode": "lines", "x": x, "y": y, "name": name, **place, **more}


def curve(
    i: int, panel: str, x: Any, y: Any, name: str, color: tuple[int, int, int], unit: str, **line: Any
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "x": x,
        "y": np.asarray(y, np.float32),
        "name": name,
        "legendgroup": name,
        "showlegend": i == 0,
        "line": {"color": css(color), "width": 1.6, **line},
        "xaxis": f"x{axis(i, panel)}",
        "yaxis": f"y{axis(i, panel)}",
        "hovertemplate": f"{name}: %{{y:,.1f}} {unit}<br>operation %{{x:,}}<extra></extra>",
    }


def curves(reel: Reel, i: int, side: Side) -> Iterator[dict[str, Any]]:
    samples, x = side.seen.samples, reel.operations.astype(float)
    yield curve(i, "fragmentation", x, 100 * samples["fragmentation"], "fragmentation", data.FRAGMENTATION, "%")
    free = curve(i, "holes", x, samples["free"] / KIB, "free", data.FREE, "KiB", width=0)
    yield free | {"fill": "tozeroy", "fillcolor": css(data.FREE, 0.35)}
    after = samples["largest_after_moving"] / KIB
    yield curve(i, "holes", x, after, "largest hole after moving", data.LARGEST_AFTER, "KiB", dash="dot")
    yield curve(i, "holes", x, samples["largest_now"] / KIB, "largest hole now", data.LARGEST_NOW, "KiB")
    unit, factor = data.unit(reel.most_moved)
    yield curve(i, "moved", x, side.moved_so_far / factor, "moved so far", data.MOVE, unit)


def refused(reel: Reel, i: int, side: Side) -> dict[str, Any]:
    """Marks on top of the map, which is as high as the pool. There is always one trace, for the legend."""
    shape = {"symbol": "triangle-down", "size": 9, "color": css(data.REFUSAL), "line": {"width": 0.5, "color": "white"}}
    anywhere = any(len(other.refused_at) for other in reel.sides)
    return {
        "type": "scatter",
        "mode": "markers",
        "marker": shape,
        "x": side.refused_at.astype(float),
        "y": np.full(len(side.refused_at), reel.pool_bytes / KIB),
        "customdata": side.refused_count.astype(float),
        "hovertemplate": "%{customdata:,} refused<br>up to operation %{x:,}<extra></extra>",
        "name": "refusals",
        "legendgroup": "refusals",
        "showlegend": i == 0 and anywhere,
        "cliponaxis": False,
        "xaxis": f"x{axis(i, 'map')}",
        "yaxis": f"y{axis(i, 'map')}",
    }


def keys(reel: Reel) -> Iterator[dict[str, Any]]:
    """Entries of the legend for what images show, and the two colour bars."""
    nowhere = {"type": "scatter", "mode": "markers", "x": [None], "y": [None], "hoverinfo": "skip"}
    squares = {"hole": data.HOLE, "control block, handle table": data.OVERHEAD}
    if any(side.locked.any() for side in reel.sides):
        squares["locked block"] = data.LOCKED
    for name, color in squares.items():
        shape = {"symbol": "square", "size": 12, "color": css(color), "line": {"width": 1, "color": "#555555"}}
        yield nowhere | {"name": name, "marker": shape}
    low, high = PANELS["map"]
    colors = [[i / (len(data.PALETTE) - 1), css(color)] for i, color in enumerate(data.PALETTE)]
    for by, scale in scales(reel):
        ticks = scale.places(np.array(scale.ticks)).tolist()
        bar = {"title": {"text": scale.title, "side": "right"}, "tickvals": ticks, "ticktext": scale.texts}
        bar |= {"len": high - low, "lenmode": "fraction", "y": (low + high) / 2, "x": 1 - BAR + 0.008, "thickness": 14}
        shape = {"color": [0], "cmin": 0, "cmax": 1, "colorscale": colors, "colorbar": bar, "showscale": True}
        yield nowhere | {"showlegend": False, "marker": shape, "meta": by, "visible": by == "size", "name": scale.title}


def all_traces(reel: Reel) -> list[dict[str, Any]]:
    traces = list(keys(reel))
    for i, side in enumerate(reel.sides):
        traces += images(reel, i, side)
        grey, orange = {"color": css(data.COPY, 0.8), "width": 0.8}, {"color": css(data.MOVE, 0.6), "width": 1}
        traces += lines(reel, i, side.copies, "copied to grow", line=grey, visible="legendonly")
        traces += lines(reel, i, side.moves, "moves", line=orange, meta="moves")
        traces.append(refused(reel, i, side))
        traces += curves(reel, i, side)
    return traces


# ----------------------------------------------------------------------------------------------------------------- page


def packed(numbers: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(numbers).tobytes()).decode()


def lives(side: Side) -> tuple[NDArray[np.int64], list[NDArray[np.uint32]]]:
    """Numbers each different block that a map shows: which one each cell shows, and what is known of them."""
    cells = side.seen.cells.T
    which: NDArray[np.int64] = np.zeros(cells.size, np.int64)
    for field in ("block", "bytes", "born", "locks"):
        values, place = np.unique(cells[field].ravel(), return_inverse=True)
        which = np.unique(which * len(values) + place, return_inverse=True)[1]
    first = np.unique(which, return_index=True)[1]
    return which, [cells[field].ravel()[first] for field in ("block", "bytes", "born", "locks")]


def hover(reel: Reel, i: int, side: Side, traces: list[dict[str, Any]]) -> dict[str, Any]:
    """What the script needs to put words on the maps of a side."""
    which, known = lives(side)
    wide = len(known[0]) > np.iinfo(np.uint16).max
    axes = [f"x{axis(i, panel)}" for panel in ("map", "strip")]
    own = [j for j, trace in enumerate(traces) if trace["type"] == "image" and trace["xaxis"] in axes]
    begin, end, _ = domain(reel, i)
    return {
        "begin": begin,
        "end": end,
        "strip": f"xaxis{axis(i, 'strip')}",
        "states": ["\n".join(data.state(side, step)) for step in range(len(reel.operations))],
        "pool": reel.pool_bytes,
        "overhead": data.OVERHEAD_CELL,
        "operations": reel.operations.tolist(),
        "cells": packed(which.astype(np.uint32 if wide else np.uint16)),
        "wide": wide,
        "used": packed(np.rint(100 * side.used_share).astype(np.uint8)),
        "lives": [packed(numbers) for numbers in known],
        "named": [j for j in own if "hovertemplate" in traces[j]],
        "strips": [(j, j - 1) for j in own if traces[j]["source"] == NO_IMAGE],
    }


def draw(reel: Reel) -> bytes:
    traces = all_traces(reel)
    step = len(reel.operations) // 2
    contents = {
        "figure": go.Figure(traces, layout(reel, traces, step)).to_plotly_json(),
        "maps": [hover(reel, i, side, traces) for i, side in enumerate(reel.sides)],
        "interval": reel.interval,
        "config": {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["select2d", "lasso2d"]},
    }
    places = [domain(reel, side) for side in range(len(reel.sides))]
    over = [
        f'<div class="over marker"></div><div class="over state" style="--at: {begin}"></div>' for begin, _, _ in places
    ]
    return PAGE.format(
        title=html.escape(reel.title),
        text=TEXT,
        font=FONT,
        height=HEIGHT,
        left=LEFT,
        right=RIGHT,
        top=TOP,
        bottom=BOTTOM,
        state=TOP - STATE,
        slack=round(100 * (1 - places[-1][1])),
        over="".join(over),
        last=len(reel.operations) - 1,
        step=step,
        plotly=get_plotlyjs(),
        data=to_json_plotly(contents),
        script=SCRIPT,
    ).encode()
