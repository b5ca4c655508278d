# SPDX-License-Identifier: MIT
"""Shows the figures that were counted."""

from aims import beside_copy, mean
from rich.console import Console
from rich.table import Table

WIDTH = 160
COLUMNS = [  # heading, way to ask, call
    ("alloc FAST", "fast", "alloc"),
    ("alloc BEST", "best", "alloc"),
    ("MAKE_ROOM", "room", "alloc"),
    ("free", "fast", "free"),
    ("lock", "fast", "lock"),
    ("unlock", "fast", "unlock"),
    ("resize FAST", "fast", "resize"),
    ("step", "step", "step"),
]


def cell(figure):
    return f"{mean(figure):,.0f} / {figure['worst']:,}" if figure else ""


def refused(record):
    return 1000 * record["alloc refused"]["calls"] / (record["alloc refused"]["calls"] + record["alloc"]["calls"])


def new_table(title, *headings, left=2):
    view = Table(title=title, header_style="", title_justify="left")
    for index, heading in enumerate(headings):
        view.add_column(heading, justify="left" if index < left else "right", no_wrap=True)
    return view


def runs(records):
    """The records by workload and pool, then by mode and heap."""
    grouped = {}
    for record in records:
        grouped.setdefault((record["workload"], record["kib"]), {})[record["heap"], record["mode"]] = record
    return sorted(grouped.items(), key=lambda item: (item[0][1], item[0][0]))


def calls_table(core, records):
    view = new_table(f"defrag on {core}: instructions, mean / worst", "KiB", "workload", *(c[0] for c in COLUMNS))
    for (workload, kib), modes in runs(records):
        cells = (cell(modes["defrag", mode].get(call)) for _, mode, call in COLUMNS)
        view.add_row(str(kib), workload, *cells, end_section=workload == "strings")
    return view


def peers_table(core, records):
    headings = ("alloc", "free", "resize", "refused of 1000")
    title = f"Heaps on {core}: instructions, mean / worst; defrag with FAST"
    view = new_table(title, "KiB", "workload", "heap", *headings, left=3)
    for (workload, kib), modes in runs(records):
        for index, ((heap, _), record) in enumerate(modes.items()):
            cells = [*(cell(record.get(call)) for call in headings[:3]), f"{refused(record):.1f}"]
            view.add_row(str(kib), workload, heap, *cells, end_section=index == len(modes) - 1)
    return view


def compaction_table(results):
    per_byte = {copy["core"]: copy["instructions_per_byte"] for copy in results["copy"]}
    headings = ("blocks moved", "bytes moved", "instructions", "a block, beside the copy")
    view = new_table("Full compaction, the worst of 16 in a run", "core", "KiB", "workload", *headings, left=3)
    records = [record for record in results["calls"] if record["mode"] == "compact"]
    for record in sorted(records, key=lambda r: (r["core"], r["kib"], r["workload"])):
        total, blocks, moved = max(record["compactions"])
        figures = (
            f"{blocks:,}",
            f"{moved:,}",
            f"{total:,}",
            f"{beside_copy(record, per_byte[record['core'].partition('@')[0]]):.0f}",
        )
        last = record["workload"] == "strings"
        view.add_row(record["core"], str(record["kib"]), record["workload"], *figures, end_section=last)
    return view


def copy_table(results):
    title = "Copy loop; cycles by the core's published timings, a taken branch at its least and most"
    view = new_table(title, "core", "function", "instructions a byte", "cycles a byte", "bytes a turn")
    for copy in results["copy"]:
        loop = copy["loop"]
        cells = (
            (loop["function"], f"{loop['least']:.3f}..{loop['most']:.3f}", str(loop["bytes"])) if loop else ("",) * 3
        )
        view.add_row(copy["core"], cells[0], f"{copy['instructions_per_byte']:.3f}", *cells[1:])
    return view


def sustained_table(results):
    title = "Highest live payload without one refusal; MAKE_ROOM there and at the share aimed at, instructions"
    view = new_table(title, "heap", "locked %", "KiB", "% of the pool", "MAKE_ROOM", "at the aim", left=1)
    for record in sorted(results["sustained"], key=lambda r: (r["heap"], r["locked"], r["kib"])):
        share = f"{record['permille'] / 10:.1f}"
        cells = (cell(record.get(name, {}).get("alloc")) for name in ("highest", "aimed at"))
        view.add_row(record["heap"], str(record["locked"]), str(record["kib"]), share, *cells)
    return view


def aims_table(results):
    view = new_table("Aims", "aim", "figures", "reached")
    for aim in results["aims"]:
        figures = ", ".join(f"{name} {figure:,}" for name, figure in aim["figures"].items())
        view.add_row(aim["aim"], figures, "yes" if aim["reached"] else "NO")
    return view


def show(results):
    console = Console(width=None if Console().is_terminal else WIDTH)
    for core in dict.fromkeys(record["core"] for record in results["calls"]):
        records = [record for record in results["calls"] if record["core"] == core]
        console.print(calls_table(core, [record for record in records if record["heap"] == "defrag"]))
        console.print(peers_table(core, [record for record in records if record["mode"] == "fast"]))
    for table in (compaction_table, copy_table, sustained_table, aims_table):
        console.print(table(results))
    overhead = sorted({record["overhead"] for record in results["calls"]})
    console.print(
        f"Subtracted for measuring: {' to '.join(map(str, overhead))} instructions a call. The Cortex-M0's board has "
        "16 KiB of RAM, and room for a pool of 6 KiB; its code runs on the board of Cortex-M3, too, with larger ones.",
        highlight=False,
    )
