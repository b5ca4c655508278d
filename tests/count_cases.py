# SPDX-License-Identifier: MIT
"""Prints how many test cases a report says have passed, and how many have not: a skipped one has not.

The report is a JUnit file, or what cargo test printed (*.libtest). For a program in the former that closes with
Criterion's synthesis, that counts. What other programs with failures said goes to stderr.
"""

import re
import sys
from pathlib import Path
from xml.etree import ElementTree

LIBTEST = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed; (\d+) ignored;", re.MULTILINE)
SYNTHESIS = re.compile(r"Synthesis: Tested: (\d+) \| Passing: (\d+)")


def count(case):
    bad = any(case.find(verdict) is not None for verdict in ("failure", "error", "skipped"))
    told = SYNTHESIS.search("".join(case.itertext()))
    tested, passing = map(int, told.groups()) if told else (1, not bad)
    return passing, max(tested - passing, bad)


def count_libtest(text):
    counts = [tuple(map(int, told)) for told in LIBTEST.findall(text)]
    return sum(passed for passed, _, _ in counts), sum(failed + ignored for _, failed, ignored in counts)


def count_junit(path):
    totals = [0, 0]
    for suite in ElementTree.parse(path).iter("testsuite"):
        counts = [count(case) for case in suite.iter("testcase")]
        totals = [total + sum(column) for total, column in zip(totals, zip(*counts, strict=True), strict=True)]
        if any(failed for _, failed in counts):
            print(suite.findtext("system-out", ""), file=sys.stderr)
    return totals


def main():
    report = Path(sys.argv[1])
    print(*(count_libtest(report.read_text()) if report.suffix == ".libtest" else count_junit(report)))


if __name__ == "__main__":
    main()
