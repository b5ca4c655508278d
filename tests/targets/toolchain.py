# SPDX-License-Identifier: MIT
"""Compilers and boards, as the cross files beside this one tell them."""

import ast
import os
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
CONFIGURATION = ["-DDEFRAG_GRANULE=8", "-DDEFRAG_LINK_WIDTH=16", f"-I{ROOT}/include"]
FOR_SIZE = ["-std=c11", "-Os", "-ffunction-sections", "-fdata-sections"]


class Target:
    """A core with its board."""

    def __init__(self, name):
        self.name = name
        text = (HERE / f"{name}.ini").read_text()
        self.compiler, self.core, self.map, (_, self.board) = (
            ast.literal_eval(re.search(rf"^{key} = (.*)$", text, re.MULTILINE)[1])
            for key in ("c", "core", "map", "exe_wrapper")
        )
        self.prefix = self.compiler.removesuffix("gcc")

    def compile(self, *arguments):
        subprocess.run([self.compiler, *self.core, *map(str, arguments)], check=True)

    def link(self, *arguments):
        """Links a program for the board."""
        self.compile("--crt0=semihost", "--oslib=semihost", "-Wl,--gc-sections", self.map, *arguments)

    def run(self, program, *arguments, flags=""):
        """Runs a program and returns what it printed."""
        command = [HERE / "emulate.sh", self.board, program, *map(str, arguments)]
        environment = {**os.environ, "EMULATOR_FLAGS": flags}
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, env=environment).stdout

    def listing(self, file):
        """An object file's code, with what it calls."""
        command = [f"{self.prefix}objdump", "-dr", file]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout

    def version(self):
        command = [self.compiler, "-dumpfullversion"]
        return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
