# SPDX-License-Identifier: MIT
"""Counts what calls take on emulated boards, next to the heaps of the C libraries on the same requests.

Instructions are those from the first of a call to its return, on the emulated core; what it costs to measure is found out
with an empty function and subtracted. The counts are exact and repeatable.
"""

import argparse
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from aims import SUSTAINED, aims
from copyloop import copy_loop
from programs import Board
from rich.progress import track
from tables import show

# The Cortex-M0's own board is small; what its code takes with larger pools is counted on a core that knows all of it.
CORES = ("cortex-m0", "cortex-m3", "cortex-m0@cortex-m3", "cortex-m4", "rv32imac")
WORKLOADS = ("gateway", "strings", "steady", "slices")
POOLS = {"cortex-m0": (6,)}  # what its board has room for beside the books of the measurement
ALL_POOLS = (16, 64, 256)
LOCKED = (0, 5)
SMALL, LARGE = 8, 24  # granules of the blocks that are slid to find out what a byte costs


def pools_of(core, quick):
    return POOLS.get(core, (64,) if quick else ALL_POOLS)


def measure_calls(board, heap, workload, kib, count):
    records = board.measure(heap, "calls", workload, kib, count)
    return [{"core": board.name, **record} for record in records]


def measure_copy(board, kib):
    """What the copy of a byte takes: the difference between compactions of as many small and large blocks."""
    (small,), (large,) = (board.measure("defrag", "copy", kib, granules) for granules in (SMALL, LARGE))
    assert small["blocks"] == large["blocks"]
    per_byte = (large["instructions"] - small["instructions"]) / (large["bytes"] - small["bytes"])
    loop = copy_loop(board.program("defrag"), board, per_byte)
    return {"core": board.name, "instructions_per_byte": per_byte, "loop": loop}


def measure_sustained(board, heap, kib, locked):
    """The highest share of live payload without a refusal, and what MAKE_ROOM takes there, and at the share aimed at."""
    (found,) = board.measure(heap, "sustain", kib, locked, counted=False)
    record = {"core": board.name, "heap": heap, "kib": kib, "locked": locked, "permille": found["permille"]}
    if heap == "defrag":
        for name, permille in (("highest", found["permille"]), ("aimed at", SUSTAINED.get((kib, locked)))):
            if permille:
                (record[name],) = board.measure(heap, "load", kib, permille, locked)
                record[name]["permille"] = permille
    return record


def sustained_jobs(boards, quick):
    board = boards["cortex-m3"]  # the answers are the same on every core of 32 bits
    for kib in reversed(pools_of(board.name, quick)):
        for heap in board.heaps:
            for locked in LOCKED if heap == "defrag" else LOCKED[:1]:
                yield measure_sustained, board, heap, kib, locked


def call_jobs(boards, quick, count):
    for board in boards.values():
        for kib in reversed(pools_of(board.name, quick)):
            for heap in board.heaps:
                for workload in WORKLOADS:
                    yield measure_calls, board, heap, workload, kib, count


def perform(executor, jobs, description):
    pending = [executor.submit(*job) for job in jobs]
    return [job.result() for job in track(pending, description=description)]


def measure(arguments):
    cores = CORES[:2] if arguments.quick else CORES
    count = arguments.allocations or (2000 if arguments.quick else 10000)
    boards = {core: Board(core, arguments.scratch) for core in cores}
    with ThreadPoolExecutor(2) as executor:
        perform(executor, [(board.build,) for board in boards.values()], "building")
        sustained = perform(executor, list(sustained_jobs(boards, arguments.quick)), "sustained load")
        calls = perform(executor, list(call_jobs(boards, arguments.quick, count)), "counting")
        own = [board for core, board in boards.items() if "@" not in core]
        copies = perform(
            executor, [(measure_copy, board, pools_of(board.name, arguments.quick)[0]) for board in own], "copying"
        )
    return {
        "allocations": count,
        "calls": [record for records in calls for record in records],
        "copy": copies,
        "sustained": sustained,
    }


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True, help="folder for what is built")
    parser.add_argument("--json", type=Path, help="file to write all figures to")
    parser.add_argument("--quick", action="store_true", help="Cortex-M0 and M3 alone, one pool, fewer requests")
    parser.add_argument("--allocations", type=int, help="how many to measure in each run (10000, quick: 2000)")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    results = measure(arguments)
    results["aims"] = aims(results)
    show(results)
    if arguments.json:
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        arguments.json.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
