# SPDX-License-Identifier: MIT
"""The two files and the folder around them: that every compiler takes the ones, and every build system the other."""

import json
import shutil

import kconfiglib
import pytest
import yaml
from consume import HERE, SOURCE, WARNINGS, cmake_build_and_run, header_version, run
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema

COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    "Cortex-M0": ["arm-none-eabi-gcc", "-mcpu=cortex-m0", "-mthumb", "-ffreestanding"],
    "Cortex-M4": ["arm-none-eabi-gcc", "-mcpu=cortex-m4", "-mthumb", "-ffreestanding"],
    "RISC-V": ["riscv64-unknown-elf-gcc", "-march=rv32imac", "-mabi=ilp32", "-ffreestanding"],
}
PORTS = {"Cortex-M0": "primask", "Cortex-M4": "freertos", "RISC-V": "mstatus", "gcc": "zephyr", "clang": "freertos"}
STUBS = SOURCE / "tests" / "targets" / "stubs"


@pytest.mark.parametrize("compiler", COMPILERS)
@pytest.mark.parametrize("options", ["plain", "wide", "guarded", "stressed"])
def test_compiles_alone_without_a_warning(package, tmp_path, compiler, options):
    defines = {
        "plain": [],
        "wide": ["-DDEFRAG_GRANULE=32", "-DDEFRAG_LINK_WIDTH=32"],
        "stressed": ["-DDEFRAG_STRESS"],
        "guarded": [f'-DDEFRAG_CONFIG="ports/{PORTS[compiler]}.h"', f"-I{STUBS}"],
    }
    command = [*COMPILERS[compiler], "-std=c11", *WARNINGS, "-Os", *defines[options]]
    run(*command, "-c", package / "src/defrag.c", "-o", tmp_path / "defrag.o")


def test_exports_no_more_than_the_library(package, prefix, tmp_path):
    run("gcc", "-c", package / "src/defrag.c", "-o", tmp_path / "defrag.o")
    one, many = (
        {line.split()[-1] for line in run("nm", "--extern-only", "--defined-only", *where).splitlines() if line}
        for where in ([tmp_path / "defrag.o"], ["--dynamic", prefix / "lib/libdefrag.so"])
    )
    assert one == {name.split("@")[0] for name in many} - {"DEFRAG_0"}


def test_pool_obeys_the_model(package, tmp_path):
    """As the library's own files do: every call of a long random run ends as the model says."""
    tests = SOURCE / "tests"
    model = [*tests.glob("model*.c"), tests / "traffic.c", tests / "stress.c"]
    flags = ["-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all", f"-I{package / 'src'}"]
    run("gcc", *flags, *model, package / "src/defrag.c", "-o", tmp_path / "stress")
    run(tmp_path / "stress", "--operations", "100000")


@pytest.mark.parametrize(
    "options", [[], ["-DDEFRAG_GRANULE=16", "-DDEFRAG_LINK_WIDTH=32", "-DDEFRAG_STRESS=ON", "-DBUILD_SHARED_LIBS=ON"]]
)
def test_cmake_project_adds_it(package, tmp_path, options):
    assert cmake_build_and_run(HERE / "cmake/package", tmp_path, f"-DPACKAGE={package}", *options)


def test_esp_idf_takes_it_as_a_component(package, tmp_path):
    assert cmake_build_and_run(HERE / "cmake/esp-idf", tmp_path, f"-DPACKAGE={package}")


def kconfig(package, **choices):
    """What Zephyr's build is told after these answers: options for CMake."""
    asked = kconfiglib.Kconfig(str(package / "zephyr/Kconfig"), warn_to_stderr=False)
    for name, value in choices.items():
        assert asked.syms[name].set_value(value)
    assert not asked.warnings
    return [f"-DCONFIG_{symbol.name}={symbol.str_value}" for symbol in asked.unique_defined_syms]


@pytest.mark.parametrize(
    "choices", [{}, {"DEFRAG_GRANULE_32": 2, "DEFRAG_WIDE_LINKS": 2, "DEFRAG_STRESS": 2, "DEFRAG_GUARDED": 0}]
)
def test_zephyr_takes_it_as_a_module(package, tmp_path, choices):
    module = yaml.safe_load((package / "zephyr/module.yml").read_text())
    assert (package / module["build"]["cmake"] / "CMakeLists.txt").exists()
    assert (package / module["build"]["kconfig"]).exists()
    options = kconfig(package, DEFRAG=2, **choices)
    project = HERE / "cmake/zephyr"
    assert cmake_build_and_run(project, tmp_path, f"-DPACKAGE={package}", f"-DSTUBS={STUBS}", *options)
    compiled = (tmp_path / "build.ninja").read_text()
    assert f"DEFRAG_GRANULE={32 if choices else 8}" in compiled
    assert ("ports/zephyr.h" in compiled) == (not choices)
    assert ("DEFRAG_STRESS" in compiled) == bool(choices)


def test_zephyr_builds_nothing_of_it_unless_asked(package, tmp_path):
    assert "-DCONFIG_DEFRAG=n" in kconfig(package)
    assert "-DCONFIG_DEFRAG_GRANULE=" in kconfig(package)


@pytest.mark.parametrize("manifest", ["library.json", "library.properties"])
def test_platformio_finds_no_fault_with_a_manifest(package, manifest, monkeypatch):
    licences = {"licenses": [{"licenseId": "MIT"}]}  # which the checker would otherwise ask the network for
    monkeypatch.setattr(ManifestSchema, "load_spdx_licenses", staticmethod(lambda: licences))
    told = ManifestSchema().load_manifest(ManifestParserFactory.new_from_file(str(package / manifest)).as_dict())
    assert (told["name"], told["version"]) == ("defrag", header_version())


def test_platformio_builds_what_is_in_its_source_folder(package):
    told = json.loads((package / "library.json").read_text())
    assert {*told["headers"]} <= {path.name for path in (package / "src").iterdir()}


def test_arduino_has_what_its_manifest_must_say(package):
    lines = (package / "library.properties").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines)
    assert {"name", "version", "author", "maintainer", "sentence", "paragraph", "category", "architectures"} <= {*told}
    assert all((package / "src" / header).exists() for header in told["includes"].split(","))


def test_arduino_sketch_compiles_with_it(package, tmp_path):
    """With the flags that the cores for ARM have, and every source below src, as the builder takes them."""
    sketch = tmp_path / "sketch.cpp"
    sketch.write_text(
        "#include <defrag.h>\n#include <defrag.hpp>\ndefrag::pool pool;\nvoid setup() {}\nvoid loop() { pool.step(256, 16); }\n"
    )
    target = [
        "-mcpu=cortex-m0plus",
        "-mthumb",
        "-Os",
        "-w",
        "-ffreestanding",
        "-ffunction-sections",
        f"-I{package / 'src'}",
    ]
    run(
        "arm-none-eabi-g++",
        *target,
        "-std=gnu++17",
        "-fno-exceptions",
        "-fno-rtti",
        "-fpermissive",
        "-c",
        sketch,
        "-o",
        tmp_path / "sketch.o",
    )
    assert [path.name for path in (package / "src").rglob("*.c*")] == ["defrag.c"]
    run("arm-none-eabi-gcc", *target, "-std=gnu11", "-c", package / "src/defrag.c", "-o", tmp_path / "defrag.o")


def test_component_manager_packs_it(package, tmp_path):
    project = shutil.copytree(package, tmp_path / "defrag")
    run("compote", "component", "pack", "--name", "defrag", "--project-dir", project, "--dest-dir", tmp_path)
    assert (tmp_path / f"defrag_{header_version()}.tgz").exists()


def test_header_for_cpp_is_the_librarys(package, prefix):
    for name in ("defrag.h", "defrag.hpp"):
        assert (package / "src" / name).read_bytes() == (prefix / "include" / name).read_bytes()
