# SPDX-License-Identifier: MIT
"""Builds what a release consists of, from what is committed, so that the same commit gives the same bytes."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

import amalgamate
import click
import package


def run(*command: str | Path, **options) -> str:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    if done.returncode:
        raise SystemExit(f"dist.py: '{' '.join(map(str, command))}' failed\n{done.stdout}{done.stderr}")
    return done.stdout


def checkout(tree: Path) -> None:
    """What is committed, all of it as old as the commit."""
    run("git", "clone", "--quiet", amalgamate.ROOT, tree)
    when = os.environ["SOURCE_DATE_EPOCH"] = run("git", "-C", tree, "log", "-1", "--format=%ct").strip()
    for path in filter(Path.is_file, tree.rglob("*")):
        os.utime(path, (int(when), int(when)))


def source_archive(tree: Path, output: Path) -> None:
    version = amalgamate.version(tree)
    archive = output / f"defrag-source-{version}.tar.gz"  # the Python package's is called defrag-VERSION.tar.gz
    run("git", "-C", tree, "archive", f"--prefix=defrag-{version}/", f"--output={archive}", "HEAD")


def zip_folder(folder: Path, archive: Path) -> None:
    """As zip does, but with the commit's time, one mode, and in the order of names."""
    when = time.gmtime(int(os.environ["SOURCE_DATE_EPOCH"]))[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for path in sorted(filter(Path.is_file, folder.rglob("*"))):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), when)
            entry.external_attr = 0o100644 << 16
            zipped.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)


def c_package(tree: Path, output: Path, scratch: Path) -> None:
    """The two files alone, with the header for C++, and the folder for build systems of firmware."""
    package.write(tree, scratch / "defrag")
    for name in ("defrag.c", "defrag.h", "defrag.hpp"):
        shutil.copyfile(scratch / "defrag/src" / name, output / name)
    zip_folder(scratch / "defrag", output / f"defrag-package-{amalgamate.version(tree)}.zip")


def crates(tree: Path, output: Path, scratch: Path) -> None:
    run(
        "cargo",
        "package",
        "--workspace",
        "--no-verify",
        "--locked",
        "--target-dir",
        scratch,
        cwd=tree / "bindings/rust",
    )
    for crate in (scratch / "package").glob("*.crate"):
        shutil.copy(crate, output)


def python_package(tree: Path, output: Path) -> None:
    """The Python package, as source and built, by the tools of the environment that this runs in."""
    programs = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", output]
    run(*build, tree / "bindings/python", env=os.environ | programs)


def checksums(output: Path) -> str:
    files = sorted(output.iterdir())
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


@click.command(help=__doc__)
@click.argument("output", type=click.Path(path_type=Path))
def main(output: Path) -> None:
    output = output.resolve()
    if output.exists() and any(output.iterdir()) and not (output / "SHA256SUMS").exists():
        raise SystemExit(
            f"dist.py: {output} holds other things than a release; name another folder, or one that is empty"
        )
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as scratch_name:
        scratch = Path(scratch_name)
        tree = scratch / "tree"
        checkout(tree)
        source_archive(tree, output)
        c_package(tree, output, scratch)
        crates(tree, output, scratch / "crates")
        python_package(tree, output)
    (output / "SHA256SUMS").write_text(checksums(output))
    click.echo((output / "SHA256SUMS").read_text(), nl=False)


if __name__ == "__main__":
    main()
