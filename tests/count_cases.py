# SPDX-License-Identifier: MIT
"""Prints how many test cases a JUnit file says have passed, and how many have not: a skipped one has not.

For a program that closes with Criterion's synthesis, that counts. What other programs with failures said goes to stderr.
"""

import re
import sys
from xml.etree import ElementTree

SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+)")


def count(case):
    bad = any(case.find(verdict) is not None for verdict in ("failure", "error", "skipped"))
    told = SYNTHESIS.search("".join(case.itertext()))
    tested, passing = map(int, told.groups()) if told else (1, not bad)
    return passing, max(tested - passing, bad)


def main():
    totals = [0, 0]
    for suite in ElementTree.parse(sys.argv[1]).iter("testsuite"):
        counts = [count(case) for case in suite.iter("testcase")]
        totals = [total + sum(column) for total, column in zip(totals, zip(*counts, strict=True), strict=True)]
        if any(failed for _, failed in counts):
            print(suite.findtext("system-out", ""), file=sys.stderr)
    print(*totals)


if __name__ == "__main__":
    main()
