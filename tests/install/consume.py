# SPDX-License-Identifier: MIT
"""What the tests in this folder have in common: programs that use the library from outside, and how they are built."""

import os
import re
import shlex
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
HEADER = SOURCE / "include" / "defrag.h"
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
CPP = [*shlex.split(os.environ.get("CXX", "g++")), "-std=c++17"]
COMPILERS = {"c": [*shlex.split(os.environ.get("CC", "gcc")), "-std=c11"], "cpp": CPP, "hpp": CPP}


def run(*command, **options):
    """Runs a command, returns its output, and fails the test with all of it if the command fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False, **options)
    assert done.returncode == 0, f"{shlex.join(map(str, command))}\n{done.stdout}{done.stderr}"
    return done.stdout


def header_version():
    text = HEADER.read_text()
    return ".".join(re.search(rf"DEFRAG_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def first_example(readme, language):
    example = re.search(rf"^```{language}\n(.*?)^```", (SOURCE / readme).read_text(), re.MULTILINE | re.DOTALL)
    assert example and example[1].strip(), f"{readme} has no example in {language}"
    return example[1]


def cmake_build_and_run(project, scratch, *options):
    """Builds a project's program in a folder of its own, and runs it."""
    run("cmake", "-S", project, "-B", scratch, "-G", "Ninja", "-DCMAKE_C_FLAGS=-Wall -Wextra -Werror", *options)
    run("cmake", "--build", scratch)
    return run(scratch / "consumer")
