# SPDX-License-Identifier: MIT
"""How things are put on the screen."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

LEAST_WIDTH = 120  # columns; a narrower terminal wraps the table, which is better than cutting numbers off


def console() -> Console:
    return Console(width=max(Console().width, LEAST_WIDTH), highlight=False)


def warn(sentence: str) -> None:
    print(f"defrag: {sentence}", file=sys.stderr)


@contextmanager
def progress(description: str, total: int) -> Iterator[Callable[[], None]]:
    """Shows a bar on the standard error output, if that is a terminal, and gives what moves it on by one."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    screen = Console(stderr=True)
    with Progress(*columns, console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task(description, total=total)
        yield lambda: bar.advance(task)


def table(*headings: str, left: int = 1) -> Table:
    """A table whose first `left` columns hold words, and the others numbers."""
    made = Table(box=SIMPLE_HEAD, padding=(0, 1), pad_edge=False)
    for i, heading in enumerate(headings):
        made.add_column(heading, justify="left" if i < left else "right", no_wrap=True)
    return made


def count(number: int) -> str:
    return f"{number:,}"


def facts(lines: dict[str, str]) -> str:
    """Lines of a word and what there is to say about it."""
    width = max(map(len, lines)) + 2
    return "\n".join(f"{word:<{width}}{text}" for word, text in lines.items())
