# SPDX-License-Identifier: MIT
"""The interface of the shared library: as it was accepted, and the same whatever the library is built with."""

import json

import pytest
from abi import ACCEPTED, ACCEPTED_CONSTANTS, HERE, SOURCE, build, constants, describe, differences, run

NOT_OF_THE_LIBRARY = {"fuzzing_engine", "tests", "tools"}
TEXTS = {"config": str(HERE / "trivial.h")}


def other_values():
    """Every value of every option of the library but the default one."""
    for option in json.loads(run("meson", "introspect", "--buildoptions", SOURCE / "meson.build")):
        name, default = option["name"], option["value"]
        if option["section"] == "user" and name not in NOT_OF_THE_LIBRARY:
            kinds = {"boolean": [True, False], "string": [TEXTS.get(name)]}
            for value in option.get("choices") or kinds[option["type"]]:
                if value != default:
                    yield f"-D{name}={value}"


@pytest.fixture(scope="session")
def default(tmp_path_factory):
    return describe(build(tmp_path_factory.mktemp("abi") / "build"))


def test_the_interface_is_the_accepted_one(default, tmp_path):
    assert not differences(ACCEPTED.read_text(), default, tmp_path)


def test_the_constants_are_the_accepted_ones(tmp_path):
    assert constants(tmp_path) == ACCEPTED_CONSTANTS.read_text()


def test_the_interface_is_described(default):
    for name in ("defrag_alloc", "defrag_pool_stats", "largest_after_moving"):
        assert f"name='{name}'" in default


@pytest.mark.parametrize("option", other_values())
def test_an_option_leaves_the_interface_as_it_is(default, tmp_path, option):
    assert not differences(default, describe(build(tmp_path / "build", option)), tmp_path)
