# SPDX-License-Identifier: MIT
"""The generated declarations say what the header says, and what a compiler makes of it."""

import ctypes
import mmap
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from defrag import _abi
from defrag._library import LARGEST, library

PROJECT = Path(__file__).resolve().parent.parent
HEADER = PROJECT / "c/include/defrag.h"
STRUCTURES = [_abi.Config, _abi.Request, _abi.Progress, _abi.PoolStats, _abi.FitReport, _abi.Block, _abi.Event]


def c_name(structure: type[ctypes.Structure]) -> str:
    return "defrag" + re.sub("([A-Z])", r"_\1", structure.__name__).lower()


def assertions() -> Iterator[str]:
    for name, value in vars(_abi).items():
        if name.startswith("DEFRAG_"):
            yield f"{name} == {value}"
    for structure in STRUCTURES:
        c_type = c_name(structure)
        yield f"sizeof({c_type}) == {ctypes.sizeof(structure)}"
        for name, *_ in structure._fields_:
            field = getattr(structure, name)
            yield f"offsetof({c_type}, {name}) == {field.offset}"
            yield f"sizeof((({c_type} *)0)->{name}) == {field.size}"


def compile_assertions(folder: Path, conditions: list[str]) -> subprocess.CompletedProcess[str]:
    source = folder / "assertions.c"
    lines = [f'_Static_assert({condition}, "{condition}");' for condition in conditions]
    source.write_text("\n".join(["#include <defrag.h>", *lines, ""]))
    compiler = os.environ.get("CC", "cc").split()
    command = [*compiler, "-std=c11", "-fsyntax-only", "-I", str(HEADER.parent), str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_declarations_are_what_the_generator_makes_of_the_header(tmp_path: Path) -> None:
    made = tmp_path / "_abi.py"
    subprocess.run([sys.executable, str(PROJECT / "tools/generate_abi.py"), str(HEADER), str(made)], check=True)
    remedy = "run tools/generate_abi.py c/include/defrag.h src/defrag/_abi.py"
    assert made.read_text() == Path(_abi.__file__).read_text(), remedy


def test_constants_sizes_and_offsets_are_the_compilers(tmp_path: Path) -> None:
    conditions = list(assertions())
    assert len(conditions) > 100
    result = compile_assertions(tmp_path, conditions)
    assert result.returncode == 0, result.stderr


def test_a_wrong_offset_would_be_found(tmp_path: Path) -> None:
    result = compile_assertions(tmp_path, ["offsetof(defrag_block, offset) == 12"])
    assert "static assertion failed" in result.stderr


def test_every_function_of_the_library_is_declared(width: int) -> None:
    exported = set(re.findall(r"^    (defrag_\w+);", (PROJECT / "c/lib/defrag.map").read_text(), re.MULTILINE))
    assert exported == set(_abi.FUNCTIONS)
    for name, (result, arguments) in _abi.FUNCTIONS.items():
        function = getattr(library(width), name)
        assert function.restype is result
        assert tuple(function.argtypes) == arguments


@pytest.mark.parametrize("structure", STRUCTURES)
def test_every_structure_says_its_size_first(structure: type[ctypes.Structure]) -> None:
    assert structure._fields_[0][:2] == ("size", ctypes.c_uint32)


def test_the_largest_pool_is_the_librarys(width: int) -> None:
    pool = ctypes.POINTER(_abi.Pool)()
    memory = ctypes.c_ubyte.from_buffer(mmap.mmap(-1, LARGEST[width] + 1))  # hardly any of it is ever touched
    init = library(width).defrag_init
    assert init(ctypes.addressof(memory), LARGEST[width], None, ctypes.byref(pool)) == _abi.DEFRAG_OK
    assert init(ctypes.addressof(memory), LARGEST[width] + 1, None, ctypes.byref(pool)) == _abi.DEFRAG_INVALID_SIZE
