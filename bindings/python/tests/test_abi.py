# SPDX-License-Identifier: MIT
"""The generated declarations say what the header says, and what a compiler makes of it."""

import ctypes
import mmap
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest
from defrag import _abi
from defrag._library import LARGEST, library
from defrag.explore import _abi as explore_abi
from defrag.explore._native import library as replayer

PROJECT = Path(__file__).resolve().parent.parent
STRUCTURES = [_abi.Config, _abi.Request, _abi.Progress, _abi.PoolStats, _abi.FitReport, _abi.Block, _abi.Event]


@dataclass(frozen=True)
class Interface:
    """Declarations, and the headers they were made of."""

    declared: ModuleType
    headers: tuple[str, ...]
    prefix: str = ""  # that C types have and Python's have not

    def paths(self) -> list[str]:
        return [str(PROJECT / header) for header in self.headers]

    def structures(self) -> list[type[ctypes.Structure]]:
        classes = [value for value in vars(self.declared).values() if isinstance(value, type)]
        return [one for one in classes if issubclass(one, ctypes.Structure) and hasattr(one, "_fields_")]

    def c_name(self, structure: type[ctypes.Structure]) -> str:
        return self.prefix + re.sub("([A-Z])", r"_\1", structure.__name__).lower().removeprefix("_")


LIBRARY = Interface(_abi, ("c/include/defrag.h",), "defrag_")
REPLAYER = Interface(explore_abi, ("native/trace.h", "native/trace_change.h", "native/replay.h"))
each_interface = pytest.mark.parametrize("interface", [LIBRARY, REPLAYER], ids=["library", "replayer"])


def assertions(interface: Interface) -> Iterator[str]:
    for name, value in vars(interface.declared).items():
        if name.isupper() and isinstance(value, int):
            yield f"{name} == {value}"
    for structure in interface.structures():
        c_type = interface.c_name(structure)
        yield f"sizeof({c_type}) == {ctypes.sizeof(structure)}"
        for name, *_ in structure._fields_:
            field = getattr(structure, name)
            yield f"offsetof({c_type}, {name}) == {field.offset}"
            yield f"sizeof((({c_type} *)0)->{name}) == {field.size}"


def compile_assertions(
    folder: Path, conditions: list[str], interface: Interface = LIBRARY
) -> subprocess.CompletedProcess[str]:
    source = folder / "assertions.c"
    lines = [f'#include "{path}"' for path in interface.paths()]
    lines += [f'_Static_assert({condition}, "{condition}");' for condition in conditions]
    source.write_text("\n".join([*lines, ""]))
    compiler = os.environ.get("CC", "cc").split()
    command = [*compiler, "-std=c11", "-fsyntax-only", str(source)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@each_interface
def test_the_declarations_are_what_the_generator_makes_of_the_headers(interface: Interface, tmp_path: Path) -> None:
    made, shipped = tmp_path / "_abi.py", Path(str(interface.declared.__file__))
    subprocess.run([sys.executable, str(PROJECT / "tools/generate_abi.py"), *interface.paths(), str(made)], check=True)
    remedy = f"run tools/generate_abi.py {' '.join(interface.headers)} src/{interface.declared.__name__.replace('.', '/')}.py"
    assert made.read_text() == shipped.read_text(), remedy


@each_interface
def test_constants_sizes_and_offsets_are_the_compilers(interface: Interface, tmp_path: Path) -> None:
    conditions = list(assertions(interface))
    assert len(conditions) > 100
    result = compile_assertions(tmp_path, conditions, interface)
    assert result.returncode == 0, result.stderr


def test_a_wrong_offset_would_be_found(tmp_path: Path) -> None:
    result = compile_assertions(tmp_path, ["offsetof(defrag_block, offset) == 12"])
    assert "static assertion failed" in result.stderr


def test_every_function_of_the_replayer_is_declared() -> None:
    headers = "".join(Path(path).read_text() for path in REPLAYER.paths())
    assert set(re.findall(r"^REPLAY_API \w+ (\w+)\(", headers, re.MULTILINE)) == set(explore_abi.FUNCTIONS)
    for name, (result, arguments) in explore_abi.FUNCTIONS.items():
        function = getattr(replayer(), name)
        assert function.restype is result
        assert tuple(function.argtypes) == arguments


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
