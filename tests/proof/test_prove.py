# SPDX-License-Identifier: MIT
"""Plants a fault in a copy of lib/, and demands that what is said of the function is not proved any more."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

FAULTS = {
    "three bins to an octave": ("bins.h", "return 4 * shift + (granules >> shift);", "return 4 * shift + (granules >> shift) - shift;",
                      "classes.c", "bin_precise"),
    "a wrong shift": ("bins.h", "highest_bit(granules | 4) - 2;", "highest_bit(granules | 4) - 1;",
                      "bounds.c", "sizes_are_in_their_bin"),
    "a step of the ladder left out": ("bins.c", "for (uint32_t width = 16;", "for (uint32_t width = 8;",
                                      "classes.c", "highest_bit"),
    "a word of the map passed over": ("bins.h", "    while (++i < MAP_WORDS) {", "    while (++i < MAP_WORDS - 1) {",
                                      "search.c", "first_from"),
    "a hole too small by a granule": ("bins.h", "return (int32_t)found->rest >= 0;", "return (int32_t)found->rest >= -1;",
                                      "search.c", "first_fit_suffices"),
    "the request's own bin for any": ("bins.h", "    found.bin = own + 1;", "    found.bin = own;",
                                      "search.c", "first_fit_misses_none"),
    "no rounding up": ("pool.h", "(bytes + tail + WORD + GRANULE - 1) / GRANULE", "(bytes + tail + WORD + GRANULE - 2) / GRANULE",
                       "sizes.c", "granules_for"),
    "a table that reaches a granule too far": ("pool.h", "WORD * slots) / GRANULE - 1;", "WORD * slots) / GRANULE;",
                                               "sizes.c", "limit_with"),
    "a size that may wrap around": ("control.c", "slots > MAX_SLOTS || ", "", "sizes.c", "defrag_capacity"),
    "an owner that takes a flag": ("pool.h", "(header_word >> (HALF_BITS + 1))", "(header_word >> HALF_BITS)",
                                   "packing.c", "header"),
    "a generation not looked at": ("handles.h", "? given : given - slot) << SHIFT)", "? 0 : given - slot) << SHIFT)",
                                   "packing.c", "handle_stale"),
    "an alignment of three": ("room.c", "(asked & (asked - 1)) != 0 || ", "", "requests.c", "measure"),
}  # fmt: skip


def prove(tmp_path, about, library=ROOT / "lib"):
    command = [sys.executable, ROOT / "tests/proof/prove.py", "--scratch", tmp_path / "scratch", "--library", library]
    command += ["--only", about, "--granule", "8", "--link-width", "16"]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("about", sorted({about for *_, about, _ in FAULTS.values()}))
def test_all_is_proved_without_a_fault(about, tmp_path):
    done = prove(tmp_path, about)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith(" proved, 0 not proved\n")


@pytest.mark.parametrize("fault", FAULTS, ids=lambda name: name.replace(" ", "-"))
def test_fault_is_not_proved(fault, tmp_path):
    file, right, wrong, about, name = FAULTS[fault]
    library = shutil.copytree(ROOT / "lib", tmp_path / "lib")
    text = (library / file).read_text()
    assert text.count(right) == 1, f"{file} has changed: plant this fault anew"
    (library / file).write_text(text.replace(right, wrong))
    done = prove(tmp_path, about, library)
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"not proved: {about}, {name}: " in done.stdout
