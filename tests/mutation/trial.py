# SPDX-License-Identifier: MIT
"""Puts mutants of lib/ to the test: by random operations that the model judges, which take a moment, in each variant whose code
they change; who survives these by the unit tests and by flipped bits (tests/damage); and at last by the bounds on what is moved
(tests/bench/bounds.py)."""

import hashlib
import json
import resource
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from bounds import MOST_MOVED_PER_BYTE, MOST_REFUSED_PER_1000
from mutants import statements
from variants import GUARDED, INSIDE, ROOT, TESTS, shape

LIB = ROOT / "lib"
HERE = TESTS / "mutation"
COMPILE = ["gcc", "-std=c11", "-D_GNU_SOURCE", "-w", "-c", f"-I{HERE}", f"-I{ROOT}/include", f"-I{TESTS}"]
VARIANTS = {
    "g8_w16": shape(8, 16),
    "g16_w32": shape(16, 32),
    "small": [*shape(8, 16), "-D__ARM_ARCH_6M__"],
    "guarded": [*shape(8, 16), '-DDEFRAG_CONFIG="interrupts/simulated.h"'],
}
CPU_SECONDS = {"random": 1, "unit": 2, "guard": 2, "damage": 8, "cost": 4}  # of a process; they take a quarter of it
WALL_SECONDS = 600
BENCHED = "g8_w16"
GUARDED_ALONE = "guarded"  # has random operations of its own
RANDOM = {GUARDED_ALONE: [10000, 1]}
RANDOM_BY_DEFAULT = ["--operations", 60000, "--seed", 1]
DAMAGE = ["--seed", 1, "--states", 250, "--calls", 400]
# A guarded build does not rotate what is large, so that what is promised of resizing does not hold in it.
NOT_GUARDED = {"test_resize", "test_theorem"}

INVALID, SAME, TWIN, KILLED, ALIVE = "invalid", "same", "twin", "killed", "alive"


def limit(seconds):
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def run(*command, seconds=100, output=subprocess.DEVNULL):
    """Whether a command succeeds, in time."""
    try:
        done = subprocess.run(
            [str(word) for word in command],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,
            timeout=WALL_SECONDS,
            preexec_fn=lambda: limit(seconds),
            env={"PATH": "/usr/bin:/bin", "DEFRAG_SEED": "1"},
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def demand(*command):
    if not run(*command):
        raise SystemExit(f"mutation: this fails without a mutant, and must not: {' '.join(map(str, command))}")


def compile_all(sources, folder, flags):
    folder.mkdir(parents=True, exist_ok=True)
    objects = [folder / f"{source.stem}.o" for source in sources]
    for source, target in zip(sources, objects, strict=True):
        demand(*COMPILE, "-O2", *flags, source, "-o", target)
    return objects


def takes_long(path):
    """For the order of the unit tests, of which the random ones take most of the time."""
    return "test_seed()" in path.read_text(), path.name


def compile_tests(folder):
    """The objects that are the same for every variant: of the unit tests, of the random ones, and of the model."""
    own = {*INSIDE, *GUARDED}
    sources = [path for path in sorted(TESTS.glob("*.c"), key=takes_long) if path.stem not in own]
    objects = compile_all([*sources, HERE / "criterion/runner.c"], folder, [])
    model = [o for o in objects if o.stem.startswith("model") or o.stem == "traffic"]
    return [o for o in objects if o.stem != "stress"], [*model, folder / "stress.o"], model


def keeps_bounds(program):
    """Whether moving costs no more than its test allows, in bytes and refusals."""
    with (program.parent / "cost.json").open("w+") as output:
        for load, locked in (*((load, 0) for load in MOST_MOVED_PER_BYTE), (90, 10)):
            options = [
                "--json",
                "--sizes",
                "log",
                "--policy",
                "make-room",
                "--loads",
                load,
                "--locked",
                locked,
                "--seed",
                1,
            ]
            output.seek(0)
            output.truncate()
            if not run(program, *options, seconds=CPU_SECONDS["cost"], output=output):
                return False
            output.seek(0)
            (figures,) = map(json.loads, output)
            most = (MOST_MOVED_PER_BYTE[load], 0) if locked == 0 else (float("inf"), MOST_REFUSED_PER_1000)
            if figures["moved_per_byte"] > most[0] or figures["refused_per_1000"] > most[1]:
                return False
    return True


@dataclass
class Variant:
    """One way to compile the library, and the programs that judge it."""

    name: str
    flags: list
    folder: Path
    tests: tuple

    def __post_init__(self):
        unit, random, model = self.tests
        inside = INSIDE
        if self.name == GUARDED_ALONE:
            inside += GUARDED
            unit = [path for path in unit if path.stem not in NOT_GUARDED]
            places = [TESTS / "interrupts/interrupts.c", TESTS / "interrupts/simulate.c"]
            random = compile_all(places, self.folder, self.flags)
        looking = [*self.flags, f"-I{LIB}"]
        own = compile_all([TESTS / f"{stem}.c" for stem in inside], self.folder, looking)
        self.programs = {
            "random": (self.merge("random", random), RANDOM.get(self.name, RANDOM_BY_DEFAULT)),
            "unit": (self.merge("unit", [*unit, *own]), []),
        }
        if self.name == GUARDED_ALONE:
            support = [path for path in [*unit, *own] if not path.name.startswith("test_") or path.stem in GUARDED]
            self.programs["guard"] = (self.merge("guard", support), [])
        if self.name != GUARDED_ALONE:
            flipping = compile_all(sorted(TESTS.glob("damage/*.c")), self.folder, looking)
            self.programs["damage"] = (self.merge("damage", [*flipping, *model]), DAMAGE)
        if self.name == BENCHED:
            self.programs["cost"] = (compile_all([TESTS / "bench/moving.c"], self.folder, [])[0], [])

    def merge(self, name, objects):
        """One object of many, which is quicker to link from then on."""
        target = self.folder / f"{name}-all.o"
        demand("ld", "-r", *objects, "-o", target)
        return target

    def kills(self, kind, library):
        tests, arguments = self.programs[kind]
        program = self.folder / kind
        # What does not link, for want of a name, is no program.
        if not run("gcc", *library, tests, "-lm", "-o", program):
            return True
        if kind == "cost":
            return not keeps_bounds(program)
        return not run(program, *arguments, seconds=CPU_SECONDS[kind])


@dataclass
class Workshop:
    """A copy of lib/ in which one file at a time is changed."""

    lib: Path
    variants: list
    originals: dict = field(default_factory=dict)  # what compile() came to, by source, variant and level

    def __post_init__(self):
        shutil.rmtree(self.lib, ignore_errors=True)
        self.lib.mkdir(parents=True)
        for path in LIB.glob("*.[ch]"):
            self.restore(path)
        self.sources = sorted(path.name for path in LIB.glob("*.c"))
        # All in one, for mutants of a header, which goes into most of them; the guard gives public functions their names back.
        lines = [f'#include "{name}"\n' for name in sorted(self.sources, key=lambda name: name == "guard.c")]
        (self.lib / "all.c").write_text("".join([*lines[:-1], "#define enter enter_guarded\n", lines[-1]]))
        for variant in self.variants:
            library = [self.original("all.c", variant)[1]]
            if any(variant.kills(kind, library) for kind in variant.programs):
                raise SystemExit(f"mutation: the tests of {variant.name} fail without a mutant; mend that first")

    def original(self, source, variant, level="-O1"):
        """What compile() says of the source as it is, which must not be a mutant when this is called first."""
        key = source, variant.name, level
        if key not in self.originals:
            self.originals[key] = self.compile(source, variant, level, "whole")
        return self.originals[key]

    def restore(self, path):
        (self.lib / path.name).write_text("\n".join(statements(path)))

    def compile(self, source, variant, level, kind="mutant"):
        """A digest of a source's code, and the object; or nothing if it does not compile."""
        target = variant.folder / f"{kind}-{Path(source).stem}{level}.o"
        if not run(*COMPILE, level, *variant.flags, self.lib / source, "-o", target):
            return None, None
        return hashlib.sha256(target.read_bytes()).hexdigest()[:16], target

    def library(self, source, variant, changed):
        if source == "all.c":
            return [changed]
        return [changed if name == source else self.original(name, variant)[1] for name in self.sources]

    def judge(self, mutant, known):
        """The verdict on a mutant, and what decided it. `known` are the verdicts on code met before."""
        source = mutant.file.name if mutant.file.suffix == ".c" else "all.c"
        for variant in self.variants:
            for level in ("-O1", "-O2"):
                self.original(source, variant, level)
        (self.lib / mutant.file.name).write_text(mutant.text())
        try:
            return self._judge(source, known)
        finally:
            self.restore(mutant.file)

    def _judge(self, source, known):
        differing, codes = [], [source]
        for variant in self.variants:
            code, changed = self.compile(source, variant, "-O1")
            if code is None:
                return INVALID, ""
            codes.append(code)
            if code == self.original(source, variant)[0]:
                continue
            here = variant.name, source, code
            if here in known:
                return TWIN, known[here]
            library = self.library(source, variant, changed)
            if variant.kills("random", library):
                known[here] = KILLED
                return KILLED, f"random {variant.name}"
            differing.append((variant, library))
        if not differing:
            return SAME, "-O1"
        if tuple(codes) in known:
            return TWIN, known[tuple(codes)]
        verdict = self._judge_closely(source, differing)
        known[tuple(codes)] = verdict[0]
        return verdict

    def _judge_closely(self, source, differing):
        names = [variant.name for variant, _ in differing]
        if all(self.compile(source, v, "-O2")[0] == self.original(source, v, "-O2")[0] for v, _ in differing):
            return SAME, "-O2"
        # All unit tests in the first variant; the others differ from it by what the random operations tell apart.
        first = differing[0]
        guarded = [(pair, ["guard"]) for pair in differing[1:] if pair[0].name == GUARDED_ALONE]
        for (variant, library), kinds in [*guarded, (first, ["unit", "damage", "cost"])]:
            for kind in kinds:
                if kind in variant.programs and variant.kills(kind, library):
                    return KILLED, f"{kind} {variant.name}"
        return ALIVE, " ".join(names)


def prepare(scratch, names):
    tests = compile_tests(scratch / "tests")
    variants = [Variant(name, VARIANTS[name], scratch / name, tests) for name in names]
    return Workshop(scratch / "lib", variants)
