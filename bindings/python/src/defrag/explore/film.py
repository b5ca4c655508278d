# SPDX-License-Identifier: MIT
"""Draws what happens in a pool over time."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .fault import FaultError
from .film_data import MOVES, FilmNote, Reel, gather, note
from .policy import Policy
from .trace import Trace

COLUMNS, ROWS = 640, 256
EVENT_COLUMNS, EVENT_MOVES = 4000, 20000  # Perfetto draws more than a picture can show


def page(reel: Reel) -> bytes:
    from .film_page import draw  # each form brings a large package, which the others need not wait for

    return draw(reel)


def still(reel: Reel) -> bytes:
    from .film_picture import draw

    return draw(reel)


def events(reel: Reel) -> bytes:
    from .film_perfetto import draw

    return draw(reel)


FORMS: dict[str, Callable[[Reel], bytes]] = {".html": page, ".png": still, ".json": events}


def film(
    trace: Trace,
    pool_bytes: int,
    policies: Sequence[Policy],
    output: Path,
    *,
    columns: int | None = None,
    rows: int = ROWS,
) -> FilmNote:
    """Draws a trace in a pool under a policy, or under two to be compared, and tells what of it is shown.

    The file's suffix picks the form: .html is a page for a browser, .png a picture, and .json a trace for Perfetto. The
    pool is looked at `columns` times, in so many slices as there are rows. FaultError if there is no such form or pool,
    or if the file cannot be written.
    """
    draw = FORMS.get(output.suffix.lower())
    if draw is None:
        raise FaultError(f"'{output}' has none of the suffixes .html, .png and .json; choose one for the form you want")
    if len(policies) not in (1, 2):
        raise FaultError(f"a film shows one policy or two, not {len(policies)}; leave some out, or draw several films")
    if draw is events:
        reel = gather(trace, pool_bytes, policies, columns or EVENT_COLUMNS, 0, EVENT_MOVES)
    else:
        reel = gather(trace, pool_bytes, policies, columns or COLUMNS, rows, MOVES)
    contents = draw(reel)
    try:
        output.write_bytes(contents)
    except OSError as error:
        raise FaultError(
            f"'{output}' cannot be written ({error.strerror}); give a path in a directory that you may write to"
        ) from error
    return note(reel)
