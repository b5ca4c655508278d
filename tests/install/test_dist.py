# SPDX-License-Identifier: MIT
"""What a release consists of: the same bytes each time, and of use to who has nothing else."""

import os
import shutil
import zipfile

import pytest
from consume import HERE, SOURCE, cmake_build_and_run, header_version, run


@pytest.fixture(scope="module")
def dist(tmp_path_factory):
    folder = tmp_path_factory.mktemp("release") / "dist"
    run(SOURCE / "dev", "dist", folder)
    return folder


def unpack(archive, folder):
    shutil.unpack_archive(archive, folder, "gztar")
    (inner,) = folder.iterdir()
    return inner


def test_holds_these_files(dist):
    version = header_version()
    crate = next(
        line.split('"')[1] for line in (SOURCE / "bindings/rust/defrag/Cargo.toml").open() if "version" in line
    )
    named = {path.name for path in dist.iterdir() if path.suffix != ".whl"}
    assert named == {
        "SHA256SUMS",
        "defrag.c",
        "defrag.h",
        "defrag.hpp",
        f"defrag-{version}.tar.gz",
        f"defrag-{crate}.crate",
        f"defrag-package-{version}.zip",
        f"defrag-source-{version}.tar.gz",
        f"defrag-sys-{version}+{version}.crate",
    }
    assert len([*dist.glob(f"defrag-{version}-*.whl")]) == 1


def test_checksums_are_of_all_files(dist):
    checked = run("sha256sum", "--check", "--strict", "SHA256SUMS", cwd=dist).splitlines()
    assert len(checked) == len([*dist.iterdir()]) - 1


def test_is_built_alike_again(dist, tmp_path):
    run(SOURCE / "dev", "dist", tmp_path)
    assert (tmp_path / "SHA256SUMS").read_text() == (dist / "SHA256SUMS").read_text()


def test_source_archive_is_a_subproject_for_meson(dist, tmp_path):
    (tmp_path / "subprojects").mkdir()
    unpack(dist / f"defrag-source-{header_version()}.tar.gz", tmp_path / "unpacked").rename(
        tmp_path / "subprojects/defrag"
    )
    (tmp_path / "meson.build").write_text((HERE / "subproject/meson.build").read_text())
    (tmp_path / "consumer.c").write_text((HERE / "consumer.c").read_text())
    run("meson", "setup", "--force-fallback-for=defrag", tmp_path / "build", tmp_path)
    run("meson", "test", "-C", tmp_path / "build")


def test_package_is_a_folder_for_cmake(dist, tmp_path):
    with zipfile.ZipFile(dist / f"defrag-package-{header_version()}.zip") as packed:
        packed.extractall(tmp_path)
    assert cmake_build_and_run(HERE / "cmake/package", tmp_path / "build", f"-DPACKAGE={tmp_path / 'defrag'}")


def test_two_files_make_a_program(dist, tmp_path):
    run("gcc", f"-I{dist}", dist / "defrag.c", HERE / "consumer.c", "-o", tmp_path / "program")
    run(tmp_path / "program")


def test_wheel_installs_and_runs(dist, tmp_path):
    (wheel,) = dist.glob("*.whl")
    run("pip", "install", "--disable-pip-version-check", "--no-deps", "--target", tmp_path, wheel)
    program = "import defrag; pool = defrag.Pool(4096, 32); print(len(pool.alloc(8)))"
    run("python3", "-c", program, env=os.environ | {"PYTHONPATH": str(tmp_path)})


def test_crates_make_a_program(dist, tmp_path):
    for name in ("defrag", "defrag-sys"):
        (archive,) = dist.glob(f"{name}-[0-9]*.crate")
        unpack(archive, tmp_path / "unpacking").rename(tmp_path / name)
    program = tmp_path / "program"
    (program / "src").mkdir(parents=True)
    (program / "Cargo.toml").write_text(
        '[package]\nname = "program"\nversion = "0.0.0"\nedition = "2021"\n[workspace]\n'
        '[dependencies]\ndefrag = { path = "../defrag" }\n[patch.crates-io]\ndefrag-sys = { path = "../defrag-sys" }\n'
    )
    (program / "src/main.rs").write_text(
        "fn main() -> defrag::Result<()> {\n    static MEMORY: defrag::StaticPool<4096> = defrag::StaticPool::new();\n"
        "    assert_eq!(MEMORY.take()?.alloc_slice::<i16>(5)?.len(), 5);\n    Ok(())\n}\n"
    )
    run("cargo", "run", "--quiet", "--target-dir", tmp_path / "target", cwd=program)
