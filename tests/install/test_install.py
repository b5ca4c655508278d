# SPDX-License-Identifier: MIT
"""What a user of the installed library gets: its files, its symbols, and programs that build against nothing else."""

import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
HEADER = SOURCE / "include" / "defrag.h"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror"]
COMPILERS = {
    "c": [*shlex.split(os.environ.get("CC", "cc")), "-std=c11"],
    "cpp": [*shlex.split(os.environ.get("CXX", "c++")), "-std=c++17"],
}
LINKING = {"shared": [], "static": ["-static"]}


def run(*command, **options):
    """Runs a command, returns its output, and fails the test with all of it if the command fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session", name="prefix")
def installed(tmp_path_factory):
    build = tmp_path_factory.mktemp("build")
    prefix = tmp_path_factory.mktemp("prefix")
    run("meson", "setup", build, SOURCE, f"--prefix={prefix}", "--libdir=lib", "--buildtype=release", "-Dwerror=true")
    run("meson", "install", "-C", build)
    return prefix


def pkg_config(prefix, *arguments):
    environment = os.environ | {"PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    return run("pkg-config", *arguments, "defrag", env=environment).split()


def build_and_run(prefix, language, linking, source, program):
    flags = pkg_config(prefix, "--cflags", "--libs", *(["--static"] if linking == "static" else []))
    run(*COMPILERS[language], *WARNINGS, *LINKING[linking], source, "-o", program, *flags)
    return run(program, env=os.environ | {"LD_LIBRARY_PATH": str(prefix / "lib")})


def header_version():
    text = HEADER.read_text()
    return ".".join(re.search(rf"DEFRAG_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def public_functions():
    return set(re.findall(r"^DEFRAG_API [^;(]*?\b(defrag_\w+)\(", HEADER.read_text(), re.MULTILINE))


def test_installs_these_files_and_no_others(prefix):
    files = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if not path.is_dir()}
    shared = "lib/libdefrag.so"
    major = header_version().split(".")[0]
    assert files == {
        "include/defrag.h",
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
@pytest.mark.parametrize("language", COMPILERS)
def test_program_uses_the_installed_library(prefix, tmp_path, language, linking):
    program = tmp_path / "program"
    assert build_and_run(prefix, language, linking, HERE / f"consumer.{language}", program).strip()
    assert ("libdefrag.so.0" in run("readelf", "--dynamic", program)) == (linking == "shared")


@pytest.mark.parametrize("language", COMPILERS)
def test_header_compiles_alone_without_a_warning(prefix, tmp_path, language):
    source = tmp_path / f"alone.{language}"
    source.write_text("#include <defrag.h>\n")
    run(*COMPILERS[language], *WARNINGS, *pkg_config(prefix, "--cflags"), "-c", source, "-o", tmp_path / "alone.o")


def test_meson_project_uses_it_as_a_subproject(tmp_path):
    (tmp_path / "subprojects").mkdir()
    (tmp_path / "subprojects" / "defrag").symlink_to(SOURCE)
    (tmp_path / "meson.build").write_text((HERE / "subproject" / "meson.build").read_text())
    (tmp_path / "consumer.c").write_text((HERE / "consumer.c").read_text())
    run("meson", "setup", "--force-fallback-for=defrag", tmp_path / "build", tmp_path)
    run("meson", "test", "-C", tmp_path / "build")


def first_example(readme, language):
    example = re.search(rf"^```{language}\n(.*?)^```", (SOURCE / readme).read_text(), re.MULTILINE | re.DOTALL)
    assert example and example[1].strip(), f"{readme} has no example in {language}"
    return example[1]


def test_example_in_the_readme_runs(prefix, tmp_path):
    source = tmp_path / "example.c"
    source.write_text(first_example("README.md", "c"))
    build_and_run(prefix, "c", "shared", source, tmp_path / "example")


def test_rust_example_in_the_readme_is_the_one_that_the_crate_runs():
    assert first_example("README.md", "rust") == first_example("bindings/rust/defrag/README.md", "rust")
