# SPDX-License-Identifier: MIT
"""Builds the programs that measure, one for each core and heap, and runs them."""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent.parent / "targets"))
from toolchain import CONFIGURATION, FOR_SIZE, ROOT, Target

NANO = [f"lib_a-nano-{part}.o" for part in ("mallocr", "freer", "reallocr", "msizer")]
SMALL_BOARD = {"microbit": ["-DSMALL_BOARD", "-DSLOTS=512", "-DPOOL_BYTES=6144"]}
LARGE_BOARD = ["-DSLOTS=16384", "-DPOOL_BYTES=262144"]


class Board(Target):
    """A core with the heaps that are measured on it. CORE@OTHER is the core's code on the board of the other."""

    def __init__(self, name, folder):
        core, _, other = name.partition("@")
        super().__init__(core)
        self.name = name
        if other:
            self.board, self.map = Target(other).board, Target(other).map
        self.folder = folder / name
        self.folder.mkdir(parents=True, exist_ok=True)
        self.flags = "-icount shift=0" if self.board == "virt" else "-icount shift=7"
        self.heaps = ["defrag", "picolibc"]
        if self.nano().is_absolute():
            self.heaps.append("newlib-nano")

    def nano(self):
        """The archive of newlib's small variant; only its name if there is none."""
        command = [self.compiler, *self.core[:-1], "-print-file-name=libc_nano.a"]
        return Path(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip())

    def program(self, heap):
        return self.folder / f"{heap}.elf"

    def library(self):
        for source in sorted((ROOT / "lib").glob("*.c")):
            output = self.folder / f"{source.stem}.o"
            self.compile(*FOR_SIZE, "-ffreestanding", *CONFIGURATION, "-c", source, "-o", output)
            yield output

    def parts(self, heap):
        if heap == "defrag":
            return [HERE / "heap_defrag.c", *self.library()]
        if heap == "picolibc":
            return [HERE / "heap_malloc.c"]
        subprocess.run([f"{self.prefix}ar", "x", self.nano(), *NANO], check=True, cwd=self.folder)
        return ["-DNEWLIB_NANO", HERE / "heap_malloc.c", *(self.folder / name for name in NANO)]

    def build(self):
        room = SMALL_BOARD.get(self.board, LARGE_BOARD)
        for heap in self.heaps:
            self.link(
                *FOR_SIZE,
                *CONFIGURATION,
                *room,
                f"-I{ROOT}/tests",
                "-DPICOLIBC_INTEGER_PRINTF_SCANF",
                *(HERE / name for name in ("main.c", "requests.c", "timed.c")),
                *self.parts(heap),
                "-o",
                self.program(heap),
            )

    def measure(self, heap, *task, counted=True):
        """What a task prints; instructions are counted only if that is asked for, since it takes time."""
        text = self.run(self.program(heap), *task, flags=self.flags if counted else "")
        return [json.loads(line) for line in text.splitlines()]
