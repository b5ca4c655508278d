# SPDX-License-Identifier: MIT
"""The package as it is installed."""

import doctest
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import defrag
import pytest
from defrag._library import library

PROJECT = Path(__file__).resolve().parent.parent


def test_the_version_is_the_librarys(width: int) -> None:
    number = library(width).defrag_version()
    assert version("defrag") == defrag.__version__ == f"{number // 10000}.{number // 100 % 100}.{number % 100}"


def test_libraries_are_found_without_environment_or_folder() -> None:
    code = "import defrag; print(sum(defrag.Pool(4096, width).alloc(8) is not None for width in (16, 32)))"
    result = subprocess.run([sys.executable, "-I", "-c", code], cwd="/", env={}, capture_output=True, check=True)
    assert result.stdout.strip() == b"2"


def test_widths_are_different_libraries() -> None:
    assert defrag.Pool(4096, 16).stats().block_overhead == 4
    assert defrag.Pool(4096, 32).stats().block_overhead == 8
    assert defrag.Pool(1 << 20, 32).alloc(1 << 19)


def test_another_version_of_the_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("defrag._abi.DEFRAG_VERSION", 1)
    library.cache_clear()
    with pytest.raises(ImportError, match="different versions"):
        library(16)


def test_the_readme_does_what_it_shows() -> None:
    failed, tried = doctest.testfile(str(PROJECT / "README.md"), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert tried > 10
    assert failed == 0


def mypy(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = folder / "program.py"
    program.write_text(text)
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder / "cache"), str(program)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_a_program_is_checked_against_the_packages_types(tmp_path: Path) -> None:
    good = (
        "from defrag import Pool, Stats\n"
        "pool = Pool(4096)\n"
        "with pool.alloc(8) as block, block.lock() as view:\n"
        "    view[0] = 1\n"
        "stats: Stats = pool.stats()\n"
    )
    assert "Success" in mypy(good, tmp_path).stdout
    wrong = mypy(good + "name: str = block.handle\n", tmp_path).stdout
    assert 'has type "int", variable has type "str"' in wrong
    assert "Found 1 error" in wrong
