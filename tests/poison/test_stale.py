# SPDX-License-Identifier: MIT
"""Pointers used when they must not be are found in a stress build, by each of the ways in which it can find them.

STALE names the program, STALE_UNSTRESSED the same with the library as it is otherwise, STALE_WRAPPER what runs it, if it needs
something, and STALE_FINDERS who is to find what.
"""

import os
import re
import shlex
import subprocess

import pytest

PLACES = [
    "after_unlock",
    "in_full_pool",
    "after_free",
    "after_move",
    "after_resize",
    "past_end",
    "before_start",
    "control_block",
]
READ_SHOWS = r"^read [0-9a-f]{2} in place of the block's content$"
FILL_SHOWS = r"^read a5 in place of the block's content$"
DAMAGED = r"^trapped: the pool's own data is damaged"
WRITTEN = r"^trapped: memory was written to that is free"
UNNOTICED = r"^not noticed$"
# The bytes beside a block may be the pool's own, or free. What has nowhere to go keeps its content.
FILL_FINDS = {
    "read": dict.fromkeys(PLACES, FILL_SHOWS)
    | {"in_full_pool": UNNOTICED}
    | dict.fromkeys(["past_end", "before_start", "control_block"], READ_SHOWS),
    "write": dict.fromkeys(PLACES, WRITTEN)
    | {"in_full_pool": UNNOTICED, "past_end": f"{WRITTEN}|{DAMAGED}"}
    | dict.fromkeys(["before_start", "control_block"], DAMAGED),
}
FINDERS = os.environ["STALE_FINDERS"].split(",")
VALGRIND = ["valgrind", "--quiet", "--error-exitcode=99"]


def run(program, *arguments, under=()):
    command = [*under, *shlex.split(os.environ.get("STALE_WRAPPER", "")), os.environ[program], *arguments]
    environment = os.environ | dict.fromkeys(["ASAN_OPTIONS", "UBSAN_OPTIONS"], "abort_on_error=0:exitcode=99")
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)


def said(done):
    return done.stdout + done.stderr


def prefix(finder):
    return VALGRIND if finder == "valgrind" else []


@pytest.mark.parametrize("finder", FINDERS)
def test_a_program_without_a_mistake_ends_well(finder):
    done = run("STALE", under=prefix(finder))
    assert (done.returncode, said(done)) == (0, "all well\n")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("access", ["read", "write"])
@pytest.mark.parametrize("finder", FINDERS)
def test_it_is_known_who_finds_a_mistake(finder, access, place):
    done = run("STALE", f"{access}_{place}", under=prefix(finder))
    expected = {
        "fill": FILL_FINDS[access][place],
        "asan": f"ERROR: AddressSanitizer: use-after-poison(.|\n)*^{access.upper()} of size 1 at ",
        "valgrind": f"Invalid {access} of size 1$",
    }[finder]
    assert re.search(expected, said(done), re.MULTILINE), said(done)
    by_fill = 0 if expected == UNNOTICED else 3 if access == "read" else 4
    assert done.returncode == {"fill": by_fill, "asan": 99, "valgrind": 99}[finder]


@pytest.mark.parametrize("access", ["read", "write"])
@pytest.mark.parametrize("place", ["after_unlock", "after_free", "after_move"])
def test_without_stress_nobody_notices(access, place):
    done = run("STALE_UNSTRESSED", f"{access}_{place}")
    assert (done.returncode, said(done)) == (0, "not noticed\n")
