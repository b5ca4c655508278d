# SPDX-License-Identifier: MIT
"""The command `defrag`, which `python -m defrag` is, too."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from .. import __version__
from ..explore.fault import BrokenError, FaultError
from .film import film
from .hook import hook
from .record import record
from .replay import replay
from .size import size
from .sweep import sweep
from .why import why

BROKEN, BAD_INPUT, INTERRUPTED = 1, 2, 130


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="defrag", message="%(prog)s %(version)s")
def commands() -> None:
    """Tells how much RAM a device's heap needs, from a trace of what its program asks of the heap.

    \b
    defrag record -o app.dft -- ./app    record a program that runs here,
    defrag hook firmware/                or get the C files that record on a device,
    defrag size app.dft                  and find the smallest pool that serves it

    Sizes are in bytes, or with K, M or G behind them. The exit code is 2 for bad input, and 1 if something does not fit
    that must, or if the library breaks its word.
    """


for command in (record, hook, size, replay, sweep, film, why):
    commands.add_command(command)


def usage_sentence(error: click.ClickException) -> str:
    message = error.format_message().rstrip(".")
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "defrag"
    return f"{message[:1].lower()}{message[1:]}; see {path} --help"


def attempt(arguments: Sequence[str] | None) -> int:
    try:
        return commands.main(args=arguments, prog_name="defrag", standalone_mode=False) or 0
    except click.exceptions.Exit as end:
        return end.exit_code
    except BrokenError as error:
        sentence, code = str(error), BROKEN
    except FaultError as error:
        sentence, code = str(error), BAD_INPUT
    except click.ClickException as error:
        sentence, code = usage_sentence(error), BAD_INPUT
    except (click.Abort, KeyboardInterrupt):
        sentence, code = "interrupted; nothing was written", INTERRUPTED
    print(f"defrag: {' '.join(sentence.split())}", file=sys.stderr)
    return code


def run(arguments: Sequence[str] | None = None) -> NoReturn:
    """Does what the arguments say, by default those of this process, and ends with an exit code."""
    sys.exit(attempt(arguments))
