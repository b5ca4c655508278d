# SPDX-License-Identifier: MIT
"""Tells what moving costs.

Runs bench-moving for each load and policy, natively for bytes and under callgrind for instructions. Bytes and refusals
are counted over all allocations, instructions over the first of them, in allocation calls alone. The worst call is found
in two passes: a build that counts the basic blocks executed in the library names the heaviest allocations, then
callgrind measures each of these by itself.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

POLICIES = ("make-room", "full-sliding", "best-fit")
BASELINE = "full-sliding"
FLOOR = "best-fit"
SCENARIOS = [(sizes, load, 0) for sizes in ("log", "small") for load in (90, 95, 98)] + [
    ("log", 90, 10),
    ("small", 90, 10),
]
TOTAL = re.compile(r"^totals: (\d+)", re.MULTILINE)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=Path, required=True, help="folder of bench-moving and bench-moving-counting")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--allocations", type=int, default=200_000, help="how many to count bytes and refusals over")
    parser.add_argument("--measured", type=int, default=20_000, help="how many to count instructions over")
    return parser.parse_args()


def command(program, case, seed, allocations):
    sizes, load, locked, policy = case
    options = {
        "sizes": sizes,
        "loads": load,
        "locked": locked,
        "policy": policy,
        "seed": seed,
        "allocations": allocations,
    }
    return [str(program), "--json", *(f"--{name}={value}" for name, value in options.items())]


def run_json(arguments):
    return json.loads(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout)


def part_number(path):
    """Callgrind numbers what it writes on the way from 1, and leaves the number out of the last part."""
    return int(path.suffix[1:] or sys.maxsize)


def count_instructions(arguments, case):
    """Mean and worst instructions of the case's allocation calls."""
    counted = command(arguments.build / "bench-moving-counting", case, arguments.seed, arguments.measured)
    marked = sorted(run_json(counted)["heaviest"])
    measured = command(arguments.build / "bench-moving", case, arguments.seed, arguments.measured)
    with tempfile.TemporaryDirectory() as folder:
        callgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", "--collect-atstart=no"]
        triggers = ["--toggle-collect=counted_call*", "--dump-before=mark"]
        run_json([*callgrind, *triggers, *measured, f"--marked={','.join(map(str, marked))}"])
        parts = [int(TOTAL.search(path.read_text())[1]) for path in sorted(Path(folder).iterdir(), key=part_number)]
    assert len(parts) == 2 * len(marked) + 1, f"callgrind wrote {len(parts)} parts for {len(marked)} marked allocations"
    return {"mean_instructions": sum(parts) / arguments.measured, "worst_instructions": max(parts[1::2])}


def measure(arguments, case):
    figures = run_json(command(arguments.build / "bench-moving", case, arguments.seed, arguments.allocations))
    del figures["heaviest"]
    return figures | count_instructions(arguments, case) | {"measured": arguments.measured}


def add_moving(results):
    """What moving adds to the mean allocation: what is beyond best fit, which finds a place by the same search."""
    floors = {(r["sizes"], r["load"], r["locked"]): r for r in results if r["policy"] == FLOOR}
    for result in results:
        floor = floors[result["sizes"], result["load"], result["locked"]]
        result["moving_instructions"] = max(0, result["mean_instructions"] - floor["mean_instructions"])


def add_ratios(results):
    baselines = {(r["sizes"], r["load"], r["locked"]): r for r in results if r["policy"] == BASELINE}
    for result in results:
        baseline = baselines[result["sizes"], result["load"], result["locked"]]
        for name in ("moved_per_byte", "mean_instructions", "moving_instructions", "worst_instructions"):
            result[f"{name}_ratio"] = result[name] / baseline[name] if baseline[name] else None


def ratio(value):
    return "" if value is None else f" ({value:.2f})"


def table(results):
    view = Table(title="What moving costs; in brackets, the ratio to full sliding", header_style="")
    for heading in ("sizes", "load %", "locked %", "policy"):
        view.add_column(heading)
    for heading in (
        "bytes moved\nper byte",
        "worst bytes\nof one call",
        "refused\nper 1000",
        "instructions\nmean",
        "of it for\nmoving",
        "worst",
    ):
        view.add_column(heading, justify="right")
    for result in results:
        view.add_row(
            result["sizes"],
            f"{result['load']:g}",
            f"{result['locked']:g}",
            result["policy"],
            f"{result['moved_per_byte']:.3f}{ratio(result['moved_per_byte_ratio'])}",
            f"{result['worst_bytes']:,}",
            f"{result['refused_per_1000']:.3f}",
            f"{result['mean_instructions']:,.0f}{ratio(result['mean_instructions_ratio'])}",
            f"{result['moving_instructions']:,.0f}{ratio(result['moving_instructions_ratio'])}",
            f"{result['worst_instructions']:,}{ratio(result['worst_instructions_ratio'])}",
            end_section=result["policy"] == POLICIES[-1],
        )
    return view


def main():
    arguments = parse_arguments()
    cases = [(*scenario, policy) for scenario, policy in product(SCENARIOS, POLICIES)]
    with ThreadPoolExecutor() as executor:
        pending = executor.map(lambda case: measure(arguments, case), cases)
        results = list(track(pending, total=len(cases), description="measuring"))
    add_moving(results)
    add_ratios(results)
    Console(width=None if Console().is_terminal else 160).print(table(results))
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=2) + "\n")


if __name__ == "__main__":
    main()
