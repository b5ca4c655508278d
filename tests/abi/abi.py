# SPDX-License-Identifier: MIT
"""Compares what the shared library exports, functions and the types they take, with what was accepted last.

Needs abigail-tools. What programs cannot see, as the inside of a pool, does not count.
"""

import subprocess
import sys
from pathlib import Path

import click

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
ACCEPTED = HERE / "accepted.xml"
PUBLIC = ["--headers-dir", SOURCE / "include", "--drop-private-types"]


def run(*command: str | Path, good: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode not in good:
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


def differences(old: str, new: str, scratch: Path) -> str:
    """What abidiff says of two descriptions, nothing if they agree; even what would do no harm to programs counts."""
    for name, text in (("old.xml", old), ("new.xml", new)):
        (scratch / name).write_text(text)
    told = run("abidiff", "--harmless", "--redundant", scratch / "old.xml", scratch / "new.xml", good=(0, 4, 8, 12))
    quiet = [
        line
        for line in told.splitlines()
        if line
        and not line.startswith(
            (
                "Functions changes summary: 0 Removed, 0 Changed, 0 Added",
                "Variables changes summary: 0 Removed, 0 Changed, 0 Added",
            )
        )
    ]
    return "\n".join(quiet)


@click.command(help=__doc__)
@click.option("--scratch", type=click.Path(path_type=Path), required=True, help="Where to build.")
@click.option("--accept", is_flag=True, help="Take today's for the accepted one.")
def main(scratch: Path, accept: bool) -> None:
    described = describe(build(scratch))
    if accept:
        ACCEPTED.write_text(described)
        return
    found = differences(ACCEPTED.read_text(), described, scratch)
    if found:
        click.echo(found)
        sys.exit("abi.py: the interface has changed; if that is meant, raise soversion and take it with --accept")
    click.echo("the interface is the accepted one")


if __name__ == "__main__":
    main()
