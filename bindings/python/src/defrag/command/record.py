# SPDX-License-Identifier: MIT
"""Records a program that runs here."""

import os
from pathlib import Path

import click

from ..explore import _native
from ..explore.fault import FaultError

RECORDER = _native.HERE / "defrag-record"


@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.option("-o", "--output", metavar="FILE", help="The trace to write; PROGRAM.dft in this folder unless given.")
@click.argument("program", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- PROGRAM [ARGUMENT..]")
def record(output: str | None, program: tuple[str, ...]) -> None:
    """Record what a program and its threads ask of the heap.

    The exit code is the program's own, 128 and the signal's number if it was killed, or 2 if it could not be started or
    recorded. However it ends, also by Ctrl-C, what it asked for until then is kept. It must be linked dynamically with
    glibc. Programs that it starts are not recorded.
    """
    if not RECORDER.exists():
        raise FaultError(
            "recording needs Linux with glibc; record there, or on the device with what 'defrag hook' gives"
        )
    if program[0] == "--":
        program = program[1:]
    if not program:
        raise FaultError("there is no program to record; name one after --")
    output = output or f"{Path(program[0]).name}.dft"
    os.execv(RECORDER, ["defrag-record", "-o", output, "--", *program])
