# SPDX-License-Identifier: MIT
"""Builds the unit tests, and the one that flips bits, with clang's coverage for each way that lib/ can be compiled, and
runs them."""

import os
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
TESTS = ROOT / "tests"
INCLUDES = [f"-I{ROOT}/include", f"-I{ROOT}/lib", f"-I{TESTS}"]
COMPILE = ["clang-19", "-std=c11", "-O1", "-c", *INCLUDES]
COVERAGE = ["-fprofile-instr-generate", "-fcoverage-mapping", "-fcoverage-mcdc", "-ffreestanding"]

# These look behind the public header and are compiled for each variant; test_guard.c is for the guarded one alone.
INSIDE = ("test_damage", "test_damage_moves", "test_invariants", "test_layout")
GUARDED = ("test_guard",)


def shape(granule, width):
    return [f"-DDEFRAG_GRANULE={granule}", f"-DDEFRAG_LINK_WIDTH={width}"]


# Smallest cores, told by their macro, have a search for the highest bit of their own and leave the quick ways out.
VARIANTS = {f"g{granule}_w{width}": shape(granule, width) for granule, width in product((8, 16, 32), (16, 32))} | {
    "small": [*shape(8, 16), "-D__ARM_ARCH_6M__"],
    "guarded": [*shape(8, 16), '-DDEFRAG_CONFIG="interrupts/simulated.h"'],
}

# What flips bits reaches what only damage reaches, some of it in one state of many. Nobody is let in there.
DAMAGE = [["--seed", "1", "--states", "40", "--calls", "400"], ["--seed", "1", "--first", "204", "--states", "1"]]
MODEL = ("model", "ground", "traffic")

# A guarded build does not rotate what is large, so that what is promised of resizing does not hold in it.
FILTERS = {"guarded": ["--filter", "!(resize|theorem)/*"]}


def run(*command, **options):
    words = [*map(str, command)]
    if subprocess.run(words, check=False, **options).returncode:
        raise SystemExit(f"coverage: this fails, and must not: {shlex.join(words)}")


def compile_to(folder, source, flags=()):
    target = folder / f"{source.stem}.o"
    run(*COMPILE, *flags, source, "-o", target)
    return target


def compile_tests(folder, executor):
    """What is the same for every variant."""
    shared = [path for path in TESTS.glob("*.c") if path.stem not in (*INSIDE, *GUARDED, "stress")]
    folder.mkdir(parents=True, exist_ok=True)
    return list(executor.map(lambda source: compile_to(folder, source), sorted(shared)))


def build(name, scratch, tests):
    folder, flags = scratch / name, VARIANTS[name]
    folder.mkdir(parents=True, exist_ok=True)
    inside = INSIDE + GUARDED if name == "guarded" else INSIDE
    library = [compile_to(folder, source, [*flags, *COVERAGE]) for source in sorted((ROOT / "lib").glob("*.c"))]
    objects = library + [compile_to(folder, TESTS / f"{stem}.c", flags) for stem in inside]
    if name != "guarded":
        damage = [compile_to(folder, source, [*flags, f"-I{TESTS}/damage"]) for source in TESTS.glob("damage/*.c")]
        model = [test for test in tests if test.stem.startswith(MODEL)]
        run("clang-19", "-fprofile-instr-generate", *library, *damage, *model, "-o", folder / "damage")
    criterion = subprocess.check_output(["pkg-config", "--libs", "criterion"], text=True).split()
    run("clang-19", "-fprofile-instr-generate", *objects, *tests, "-o", folder / "unit", *criterion)


def measure(name, scratch):
    """Runs one variant's tests and writes what they covered. Each test runs in a process of its own; they share a few
    profiles, which the runtime merges as each ends."""
    folder = scratch / name
    for stale in folder.glob("*.profraw"):
        stale.unlink()
    environment = os.environ | {"LLVM_PROFILE_FILE": str(folder / "%4m.profraw"), "DEFRAG_SEED": "1"}
    run(folder / "unit", "-j1", "--quiet", "--timeout", "120", *FILTERS.get(name, []), env=environment)
    programs = [folder / "unit"]
    if name != "guarded":
        programs.append(folder / "damage")
        with (folder / "damage.log").open("w") as log:
            for arguments in DAMAGE:
                run(programs[1], *arguments, env=environment, stdout=log)
    profile = folder / "merged.profdata"
    run("llvm-profdata-19", "merge", *folder.glob("*.profraw"), "-o", profile)
    objects = [part for program in programs for part in ("-object", program)]
    with (folder / "coverage.json").open("w") as output:
        run("llvm-cov-19", "export", *objects, f"-instr-profile={profile}", stdout=output)
    return folder / "coverage.json"


def measure_all(scratch):
    with ThreadPoolExecutor(os.cpu_count()) as executor:
        tests = compile_tests(scratch / "tests", executor)

        def whole(name):
            build(name, scratch, tests)
            return measure(name, scratch)

        return list(executor.map(whole, VARIANTS))
