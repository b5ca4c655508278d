# SPDX-License-Identifier: MIT
"""What all tests share."""

import gc

import hypothesis
import numpy as np  # noqa: F401, to be frozen
import pytest
from defrag import Pool

# A random failure prints the example, and the line that replays it; nothing is left behind on the disk.
hypothesis.settings.register_profile("here", database=None, deadline=None, print_blob=True)
hypothesis.settings.load_profile("here")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("filterwarnings", "error")  # also what goes wrong where nobody can catch it
    gc.freeze()  # or each collection, of which there are many, goes through all of NumPy and Hypothesis


@pytest.fixture(params=[16, 32])
def width(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def pool(width: int) -> Pool:
    return Pool(4096, width)
