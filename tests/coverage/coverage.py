# SPDX-License-Identifier: MIT
"""Shows which lines, branches and conditions (MC/DC) of lib/ the unit tests leave out, over all its variants."""

import argparse
import json
import sys
from pathlib import Path

from covered import Covered, source
from variants import ROOT, measure_all


def source_at(place):
    file, line, column = place
    text = source(file)[line - 1]
    where = f"{Path(file).relative_to(ROOT)}:{line}" + (f":{column}" if column else "")
    return where, text[max(column - 1, 0) :].strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="folder for what is built")
    scratch = parser.parse_args().scratch.resolve()
    covered = Covered()
    for export in measure_all(scratch):
        covered.add(json.loads(export.read_text()), ROOT / "lib")
    missing = sorted(covered.missing())
    for place, what in missing:
        where, text = source_at(place)
        print(f"{where}: `{text}` {what}")
    for name, (count, total) in covered.figures().items():
        print(f"{count} of {total} {name}")
    if missing:
        print("coverage: write a unit test for each place above, or show that it cannot be reached and remove it")
    return len(missing) != 0


if __name__ == "__main__":
    sys.exit(main())
