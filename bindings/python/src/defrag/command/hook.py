# SPDX-License-Identifier: MIT
"""Hands out the C files that record on a device."""

import shutil
from pathlib import Path

import click

from ..explore import _native
from ..explore.fault import FaultError

DEVICE = _native.HERE / "device"


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), metavar="FOLDER")
def hook(folder: Path) -> None:
    """Put the C files that record a device's heap, and how to build them in, into FOLDER.

    What the firmware then prints, saved to a file, is a TRACE for all other commands.
    """
    files = sorted(DEVICE.iterdir())
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if (folder / file.name).exists():
                raise FaultError(f"'{folder / file.name}' exists already; choose another folder, or remove it")
        for file in files:
            shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise FaultError(f"'{folder}' cannot be written ({error.strerror}); choose another folder") from error
    click.echo(f"wrote {', '.join(file.name for file in files)}; read {folder / 'README.md'}")
