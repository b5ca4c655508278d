# SPDX-License-Identifier: MIT
"""What a user of the installed library gets: its files, its symbols, and programs that build against nothing else."""

import os
import re

import pytest
from consume import COMPILERS, HEADER, HERE, SOURCE, WARNINGS, cmake_build_and_run, first_example, header_version, run

LINKING = {"shared": [], "static": ["-static"]}


def pkg_config(prefix, *arguments):
    environment = os.environ | {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    return run("pkg-config", *arguments, "defrag", env=environment).split()


def build_and_run(prefix, language, linking, source, program):
    flags = pkg_config(prefix, "--cflags", "--libs", *(["--static"] if linking == "static" else []))
    run(*COMPILERS[language], *WARNINGS, *LINKING[linking], source, "-o", program, *flags)
    return run(program, env=os.environ | {"LD_LIBRARY_PATH": str(prefix / "lib")})


def public_functions():
    return set(re.findall(r"^DEFRAG_API [^;(]*?\b(defrag_\w+)\(", HEADER.read_text(), re.MULTILINE))


def test_installs_these_files_and_no_others(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    shared = "lib/libdefrag.so"
    major = header_version().split(".")[0]
    assert files == {
        "include/defrag.h",
        "include/defrag.hpp",
        "lib/cmake/defrag/defragConfig.cmake",
        "lib/cmake/defrag/defragConfigVersion.cmake",
        "lib/libdefrag.a",
        shared,
        f"{shared}.{major}",
        f"{shared}.{header_version()}",
        "lib/pkgconfig/defrag.pc",
    }


def test_pkg_config_tells_the_version_of_the_header(prefix):
    assert pkg_config(prefix, "--modversion") == [header_version()]


def test_exports_exactly_the_public_functions(prefix):
    lines = run("nm", "--dynamic", "--defined-only", prefix / "lib" / "libdefrag.so").splitlines()
    symbols = {line.split()[2].split("@")[0] for line in lines if line.split()[1] != "A"}
    assert len(symbols) > 20
    assert symbols == public_functions()


@pytest.mark.parametrize("linking", LINKING)
@pytest.mark.parametrize("language", ["c", "cpp"])
def test_program_uses_the_installed_library(prefix, tmp_path, language, linking):
    program = tmp_path / "program"
    assert build_and_run(prefix, language, linking, HERE / f"consumer.{language}", program).strip()
    assert ("libdefrag.so.0" in run("readelf", "--dynamic", program)) == (linking == "shared")


@pytest.mark.parametrize("language", COMPILERS)
def test_header_compiles_alone_without_a_warning(prefix, tmp_path, language):
    source = tmp_path / ("alone.c" if language == "c" else "alone.cpp")
    source.write_text(f"#include <defrag.{'hpp' if language == 'hpp' else 'h'}>\n")
    run(*COMPILERS[language], *WARNINGS, *pkg_config(prefix, "--cflags"), "-c", source, "-o", tmp_path / "alone.o")


def test_meson_project_uses_it_as_a_subproject(tmp_path):
    (tmp_path / "subprojects").mkdir()
    (tmp_path / "subprojects" / "defrag").symlink_to(SOURCE)
    (tmp_path / "meson.build").write_text((HERE / "subproject" / "meson.build").read_text())
    (tmp_path / "consumer.c").write_text((HERE / "consumer.c").read_text())
    run("meson", "setup", "--force-fallback-for=defrag", tmp_path / "build", tmp_path)
    run("meson", "test", "-C", tmp_path / "build")


@pytest.mark.parametrize("linking", ["STATIC", "SHARED"])
def test_cmake_project_finds_it(prefix, tmp_path, linking):
    shared = f"-DBUILD_SHARED_LIBS={'ON' if linking == 'SHARED' else 'OFF'}"
    assert cmake_build_and_run(HERE / "cmake" / "installed", tmp_path, f"-DCMAKE_PREFIX_PATH={prefix}", shared)
    assert ("libdefrag.so.0" in run("readelf", "--dynamic", tmp_path / "consumer")) == (linking == "SHARED")


@pytest.mark.parametrize("wanted", ["0.0.9", "0.2", "1"])
def test_cmake_refuses_it_for_a_program_of_another_interface(prefix, tmp_path, wanted):
    (tmp_path / "CMakeLists.txt").write_text(
        f"cmake_minimum_required(VERSION 3.16)\nproject(p NONE)\nfind_package(defrag {wanted})\n"
        "if(defrag_FOUND)\n  message(FATAL_ERROR accepted)\nendif()\n"
    )
    run("cmake", "-S", tmp_path, "-B", tmp_path / "build", "-G", "Ninja", f"-DCMAKE_PREFIX_PATH={prefix}")


def test_example_in_the_readme_runs(prefix, tmp_path):
    source = tmp_path / "example.c"
    source.write_text(first_example("README.md", "c"))
    build_and_run(prefix, "c", "shared", source, tmp_path / "example")


def test_rust_example_in_the_readme_is_the_one_that_the_crate_runs():
    assert first_example("README.md", "rust") == first_example("bindings/rust/defrag/README.md", "rust")
