# SPDX-License-Identifier: MIT
"""Has a simulated device live for years with each of several heaps, on an emulated Cortex-M3, and compares.

Fails if defrag refuses a request although the bytes suffice.
"""

import argparse
import json
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

HEAPS = ("newlib-nano", "picolibc", "defrag")
OURS = "defrag"
BOARD = "mps2-an385"
DAYS_PER_YEAR = 365
MONTH = re.compile(r"month \S+ day (\d+) high water (\d+) peak (\d+) reboots (\d+)")
REFUSAL = re.compile(r"refused \S+ day (\d+): (\d+) bytes with (\d+) free")
TOTAL = re.compile(r"total \S+ days (\d+) requests (\d+) refused (\d+) overloads (\d+)")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="folder of the programs endurance-HEAP")
    parser.add_argument("--emulator", type=Path, required=True, help="what runs a program on a board")
    parser.add_argument("--years", type=float, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--plot", type=Path, help="file to draw the years to, .svg or .png")
    return parser.parse_args()


def live(arguments, heap, advance):
    """What the program of a heap tells."""
    days = round(arguments.years * DAYS_PER_YEAR)
    program = arguments.build / f"endurance-{heap}"
    command = [str(arguments.emulator), BOARD, str(program), str(days), str(arguments.seed)]
    told = {"heap": heap, "months": [], "first_refusal": None}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if match := MONTH.match(line):
                names = ("day", "high_water", "peak_bytes", "reboots")
                told["months"].append(dict(zip(names, map(int, match.groups()), strict=True)))
                advance(int(match[1]))
            elif match := REFUSAL.match(line):
                told["first_refusal"] = dict(zip(("day", "bytes", "free"), map(int, match.groups()), strict=True))
            elif match := TOTAL.match(line):
                names = ("days", "requests", "refused", "overloads")
                told |= dict(zip(names, map(int, match.groups()), strict=True))
    if told.get("days") != days or told["overloads"]:
        raise SystemExit(f"endurance.py: {heap} ended with exit code {process.returncode} before its time was over")
    return told


def live_all(arguments):
    columns = TextColumn("{task.description:>12}"), BarColumn(), TimeElapsedColumn()
    with Progress(*columns, console=Console(stderr=True)) as progress, ThreadPoolExecutor() as pool:

        def start(heap):
            task = progress.add_task(heap, total=arguments.years * DAYS_PER_YEAR)
            return pool.submit(live, arguments, heap, lambda day: progress.update(task, completed=day))

        return [future.result() for future in [start(heap) for heap in HEAPS]]


def refusal_text(refusal):
    return f"{refusal['bytes']:,} of {refusal['free']:,}" if refusal else "-"


def table(lives):
    view = Table(title="A simulated device with a heap of 64 KiB, on an emulated Cortex-M3", header_style="")
    view.add_column("\nheap")
    for heading in (
        "simulated\ndays",
        "\nrequests",
        "most bytes\nin use",
        "first refused\non day",
        "bytes asked\nof free ones",
        "reboots for\nfragmentation",
        "high water\nmark",
    ):
        view.add_column(heading, justify="right")
    for told in lives:
        last, refusal = told["months"][-1], told["first_refusal"]
        view.add_row(
            told["heap"],
            f"{told['days']:,}",
            f"{told['requests']:,}",
            f"{last['peak_bytes']:,}",
            f"{refusal['day']:,}" if refusal else "never",
            refusal_text(refusal),
            f"{last['reboots']:,}",
            f"{last['high_water']:,}",
        )
    return view


def draw(lives, path):
    """The reboots so far, and the high-water mark, over the years."""
    import matplotlib

    matplotlib.use("svg" if path.suffix == ".svg" else "agg")
    from matplotlib import pyplot

    pyplot.rcParams["svg.hashsalt"] = "endurance"  # the same figures give the same file
    figure, (above, below) = pyplot.subplots(
        2, 1, figsize=(8, 5), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    for told, colour in zip(lives, ("#d55e00", "#e69f00", "#0072b2"), strict=True):
        years = [0, *(month["day"] / DAYS_PER_YEAR for month in told["months"])]
        above.plot(years, [0, *(month["reboots"] for month in told["months"])], label=told["heap"], color=colour, lw=2)
        marks = [month["high_water"] / 1024 for month in told["months"]]
        below.plot(years[1:], marks, color=colour, lw=2)
    above.set_yscale("symlog", linthresh=1)
    above.set_ylim(-0.1, None)
    above.set_ylabel("reboots so far, as a request\nwas refused with bytes free")
    above.set_title("A sensor gateway with 64 KiB of heap, by the heap it has")
    above.legend(loc=(0.75, 0.08))
    below.set_ylabel("high-water mark\n(KiB)")
    below.set_xlabel("simulated years")
    for axes in (above, below):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None} if path.suffix == ".svg" else None, dpi=120)


def main():
    arguments = parse_arguments()
    lives = live_all(arguments)
    Console(width=None if Console().is_terminal else 140).print(table(lives))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(lives, indent=1) + "\n")
    if arguments.plot:
        draw(lives, arguments.plot)
    ours = next(told for told in lives if told["heap"] == OURS)
    if ours["refused"]:
        refusal = ours["first_refusal"]
        sys.exit(
            f"endurance.py: defrag refused {refusal['bytes']} bytes with {refusal['free']} free on day {refusal['day']}"
        )


if __name__ == "__main__":
    main()
