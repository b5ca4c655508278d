# SPDX-License-Identifier: MIT
"""The build options that change what calls do, each set up as a user would."""

import subprocess

import pytest
from consume import COMPILERS, HERE, SOURCE, WARNINGS, first_example, run


def built(place, *options):
    run("meson", "setup", place, SOURCE, "--default-library=static", "--buildtype=release", "-Dwerror=true", *options)
    run("meson", "compile", "-C", place)
    return place / "lib" / "libdefrag.a"


def compile_with(library, source, program):
    run(*COMPILERS["c"], *WARNINGS, f"-I{SOURCE / 'include'}", source, library, "-o", program)
    return program


@pytest.fixture(scope="session", name="stressed")
def built_for_stress(tmp_path_factory):
    return built(tmp_path_factory.mktemp("stress"), "-Dstress=true")


def test_example_in_the_readme_runs_under_stress(stressed, tmp_path):
    source = tmp_path / "example.c"
    source.write_text(first_example("README.md", "c"))
    assert run(compile_with(stressed, source, tmp_path / "example")).strip()


@pytest.mark.parametrize(("mistake", "status"), [("read_after_unlock", 3), ("write_after_free", 4)])
def test_stress_finds_a_mistake(stressed, tmp_path, mistake, status):
    program = compile_with(stressed, SOURCE / "tests" / "poison" / "stale.c", tmp_path / "stale")
    assert run(program) == "all well\n"
    assert subprocess.run([program, mistake], capture_output=True, check=False).returncode == status


def test_hooks_of_a_config_guard_every_call_in_balance(tmp_path):
    library = built(tmp_path / "build", f"-Dconfig={HERE / 'counting.h'}")
    run(compile_with(library, HERE / "counting.c", tmp_path / "counting"))
