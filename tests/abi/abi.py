# SPDX-License-Identifier: MIT
"""Compares what programs are compiled against with what was accepted last: functions, their types, and constants.

Needs abigail-tools. What programs cannot see, as the inside of a pool, does not count.
"""

import difflib
import re
import subprocess
import sys
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
ACCEPTED = HERE / "accepted.xml"
ACCEPTED_CONSTANTS = HERE / "accepted.txt"
HEADER = SOURCE / "include" / "defrag.h"
CONSTANT = re.compile(r"^ +(DEFRAG_\w+) = |^#define (DEFRAG_(?:MIN|MAX|NO)_\w+) ", re.MULTILINE)
PUBLIC = ["--headers-dir", SOURCE / "include", "--drop-private-types"]


def attempt(*command: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)


def run(*command: str | Path) -> str:
    done = attempt(*command)
    if done.returncode:
        raise RuntimeError(f"'{' '.join(map(str, command))}' failed\n{done.stdout}{done.stderr}")
    return done.stdout


def build(scratch: Path, *options: str) -> Path:
    """The shared library, built with these options, and what debuggers are told of it."""
    again = ["--wipe"] if scratch.exists() else []
    run("meson", "setup", *again, scratch, SOURCE, "-Ddefault_library=shared", "-Doptimization=0", *options)
    run("meson", "compile", "-C", scratch)
    return scratch / "lib" / "libdefrag.so"


def describe(library: Path) -> str:
    quiet = ["--no-comp-dir-path", "--no-corpus-path", "--no-show-locs", "--type-id-style", "hash"]
    return run("abidw", *PUBLIC, *quiet, library)


def constants(scratch: Path) -> str:
    """A line for each constant of the header: no library knows these, but every program has them compiled in."""
    names = [first or second for first, second in CONSTANT.findall(HEADER.read_text())]
    lines = "".join(f'    printf("{name} %ld\\n", (long){name});\n' for name in names)
    source = scratch / "constants.c"
    source.write_text(f'#include "{HEADER}"\n#include <stdio.h>\nint main(void)\n{{\n{lines}}}\n')
    run("gcc", source, "-o", scratch / "constants")
    return run(scratch / "constants")


def differences(old: str, new: str, scratch: Path) -> str:
    """What abidiff says of two descriptions, nothing if they agree. What would do programs no harm counts too."""
    for name, text in (("old.xml", old), ("new.xml", new)):
        (scratch / name).write_text(text)
    done = attempt("abidiff", "--harmless", "--redundant", scratch / "old.xml", scratch / "new.xml")
    return done.stdout + done.stderr if done.returncode else ""


@click.command(help=__doc__)
@click.option("--scratch", type=click.Path(path_type=Path), required=True, help="Where to build.")
@click.option("--accept", is_flag=True, help="Take today's for the accepted one.")
def main(scratch: Path, accept: bool) -> None:
    described = describe(build(scratch / "build"))
    values = constants(scratch)
    if accept:
        ACCEPTED.write_text(described)
        ACCEPTED_CONSTANTS.write_text(values)
        return
    found = differences(ACCEPTED.read_text(), described, scratch)
    found += "".join(difflib.unified_diff(ACCEPTED_CONSTANTS.read_text().splitlines(True), values.splitlines(True)))
    if found:
        click.echo(found)
        sys.exit("abi.py: the interface has changed; if that is meant, raise soversion and take it with --accept")
    click.echo("the interface is the accepted one")


if __name__ == "__main__":
    main()
