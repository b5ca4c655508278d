# SPDX-License-Identifier: MIT
"""Tests that the calls which claim constant time execute as many instructions in a large pool as in a small one.

Callgrind counts the instructions of each call on pools of 16, 64 and 256 KiB; the means may differ by a few percent,
as fuller bins are found at the first try.
"""

import re
import subprocess
import sys
import tempfile

CALLS = ("defrag_alloc", "defrag_free", "defrag_lock", "defrag_unlock")
POOLS = (16 * 1024, 64 * 1024, 256 * 1024)
OPERATIONS = 30_000
MOST_GROWTH = 1.10


def mean_instructions(program, call, pool):
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                f"--callgrind-out-file={folder}/out",
                f"--toggle-collect={call}",
                program,
                str(pool),
                str(OPERATIONS),
            ],
            check=True,
            capture_output=True,
            text=True,
        )
    return int(re.search(r"Collected : (\d+)", result.stderr).group(1)) / OPERATIONS


def main():
    program = sys.argv[1]
    failed = False
    print(f"{'mean instructions':18}", *(f"{pool // 1024:6d} KiB" for pool in POOLS))
    for call in CALLS:
        means = [mean_instructions(program, call, pool) for pool in POOLS]
        grew = max(means) > MOST_GROWTH * means[0]
        failed = failed or grew
        print(f"{call:18}", *(f"{mean:10.1f}" for mean in means), "grows with the pool" if grew else "")
    return failed


if __name__ == "__main__":
    sys.exit(main())
