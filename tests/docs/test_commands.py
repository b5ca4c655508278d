# SPDX-License-Identifier: MIT
"""Each command in the documents is run here as it stands, or is one that another suite runs."""

import os
import shutil
import subprocess
from functools import cache

import pytest
from documents import BLOCKS, SOURCE, Block, blocks, documents, inline_code

# Of long commands and those that need more than a host: how they begin, and what runs the same.
ELSEWHERE = {
    ("README.md", "./dev demo"): ("bindings/python/tests/test_examples.py", "demo.py"),
    ("README.md", "pip install ./bindings/python"): ("dev", 'pip install --disable-pip-version-check "./$PYTHON"'),
    ("bindings/python/README.md", "pip install ."): ("bindings/python/tests/packaged.sh", "checkout/bindings/python"),
    ("bindings/python/native/traces/README.md", "defrag size"): ("bindings/python/tests/test_traces.py", "smallest("),
    ("CONTRIBUTING.md", "mkdir -p build/afl"): (
        "fuzz/fuzz.py",
        "build.sh",
    ),  # with libFuzzer; AFL++ is no package that the tests install
    ("CONTRIBUTING.md", "PATH="): ("dev", 'meson test -C "build/$1" --suite targets'),
    ("CONTRIBUTING.md", "build/gcc-bench/tests/bench/bench-moving"): ("tests/bench/bounds.py", '"bench-moving"'),
    ("CONTRIBUTING.md", "./dev prove"): ("tests/proof/test_prove.py", '"--only"'),
    ("CONTRIBUTING.md", "EMULATOR_FLAGS="): ("tests/interrupts/meson.build", "test("),
    ("bindings/rust/defrag-sys/README.md", "export CC_"): ("bindings/rust/defrag-sys/tests/targets.sh", "cargo"),
    ("bindings/rust/firmware/README.md", "cargo run"): ("bindings/rust/firmware/run.sh", "thumbv6m-none-eabi"),
}


def example(folder):
    (block,) = blocks("c", "README.md")
    (folder / "example.c").write_text(block.text)
    checkout(folder)


def checkout(folder):
    others = shutil.ignore_patterns("build", "target", ".git")
    shutil.copytree(SOURCE, folder, ignore=others, symlinks=True, dirs_exist_ok=True)


def program(folder):
    subprocess.run(["cc", SOURCE / "tests" / "docs" / "app.c", "-o", folder / "app"], check=True)


def recording(folder):
    program(folder)
    subprocess.run(["defrag", "record", "-o", "other.dft", "--", "./app"], cwd=folder, check=True)


def traces(folder):
    (folder / "traces").symlink_to(SOURCE / "bindings" / "python" / "native" / "traces")


# Of commands that are run here: how they begin, what makes a folder ready for them, and what they leave there.
HERE = {
    ("README.md", "meson setup build"): (example, ["a.out"]),
    ("README.md", "defrag record"): (program, ["app.dft", "heap.html"]),
    ("CONTRIBUTING.md", "meson setup build/mine"): (checkout, ["build/mine/lib/libdefrag.a"]),
    ("include/PORTING.md", "defrag record"): (program, ["app.dft"]),
    ("bindings/python/README.md", "defrag record"): (
        recording,
        ["app.dft", "table.csv", "heap.html", "firmware/heap/defrag_log.c"],
    ),
    ("bindings/python/native/traces/README.md", "defrag replay"): (traces, []),
}


def environment(folder):
    """What is installed goes into the folder, and is found there."""
    libraries = folder / "root" / "usr" / "local" / "lib"
    return os.environ | {
        "DESTDIR": str(folder / "root"),
        "PKG_CONFIG_SYSROOT_DIR": str(folder / "root"),
        "PKG_CONFIG_PATH": str(libraries / "pkgconfig"),
        "LD_LIBRARY_PATH": str(libraries),
    }


def key_of(line, block):
    for document, start in (*HERE, *ELSEWHERE):
        if document == block.document and line.startswith(start):
            return document, start
    return None


def parts(block):
    """The commands of a block by the key under which they are run, each with those that follow from it."""
    found = {}
    key = None
    for line in block.text.splitlines():
        key = key_of(line, block) or key
        if not line.startswith("./dev ") or key_of(line, block):
            found.setdefault(key, []).append(line)
    return found


@cache
def usage_of_dev():
    return subprocess.run(["./dev"], cwd=SOURCE, capture_output=True, text=True, check=True).stdout


def commands(document):
    for block in blocks("sh", document):
        yield from (line.partition("#")[0].strip() for line in block.text.splitlines())
    yield from inline_code(document)


@pytest.mark.parametrize("block", blocks("sh"), ids=str)
def test_each_command_is_run_somewhere(block: Block):
    assert None not in parts(block), f"nothing runs {parts(block)[None]}; add it to HERE or ELSEWHERE"


@pytest.mark.parametrize(("key", "runner"), ELSEWHERE.items(), ids=map(" ".join, ELSEWHERE))
def test_what_runs_a_command_elsewhere_is_there(key, runner):
    assert any(key in parts(block) for block in BLOCKS if block.language == "sh")
    path, needle = runner
    assert needle in (SOURCE / path).read_text()


@pytest.mark.parametrize(("key", "run"), HERE.items(), ids=map(" ".join, HERE))
def test_commands_run_as_they_stand(key, run, tmp_path):
    prepare, left = run
    prepare(tmp_path)
    (lines,) = [parts(block)[key] for block in blocks("sh", key[0]) if key in parts(block)]
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert [name for name in left if not (tmp_path / name).exists()] == []
    if "a.out" in left:
        subprocess.run(["./a.out"], cwd=tmp_path, env=environment(tmp_path), check=True)


@pytest.mark.parametrize("document", documents())
def test_dev_knows_the_commands_that_are_named(document):
    usage = usage_of_dev()
    suites = usage.partition("the suites are ")[2].partition(",")[0].split()
    for command in commands(document):
        words = command.split()
        if words[:1] != ["./dev"] or len(words) == 1:
            continue
        assert f"./dev {words[1]} " in usage, command
        if words[1] == "test":
            assert set(words[2:]) <= set(suites), command
        for option in words[2:]:
            assert not option.startswith("--") or option in usage, command
