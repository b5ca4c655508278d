# SPDX-License-Identifier: MIT
"""Where the programs under test were built."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

Run = Callable[..., subprocess.CompletedProcess[str]]


def runner(variable: str) -> Run:
    program = os.environ[variable]

    def run(*arguments: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run([program, *arguments], capture_output=True, text=True, check=False, **options)

    return run


@pytest.fixture
def replay() -> Run:
    return runner("DEFRAG_REPLAY")


@pytest.fixture
def record() -> Run:
    return runner("DEFRAG_RECORD")
