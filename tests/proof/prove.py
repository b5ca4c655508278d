# SPDX-License-Identifier: MIT
"""Proves properties of small functions of lib/ for all their arguments, in every configuration, and tells which.

Three tools share the work: Z3 the claims about bits, on what clang makes of them (formula.py); Frama-C's WP, with CVC4, the
arithmetic of sizes, and that it has no run-time error; Frama-C's Eva the bounds of bins."""

import csv
import os
import re
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import click
import formula
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = 60  # for one claim
NO_CLZ = "-D__ARM_ARCH_6M__"  # has lib/ take its own ladder for the highest bit
CLAIMS = {"classes.c": ("", NO_CLZ), "packing.c": ("",), "requests.c": ("",), "search.c": ("",)}
WP, EVA = "sizes.c", "bounds.c"
FILES = [*CLAIMS, WP, EVA]


@dataclass(frozen=True)
class Task:
    """One file in one configuration."""

    file: str
    library: Path
    scratch: Path
    granule: int = 8
    width: int = 16
    pointer: int = 64
    option: str = ""

    def flags(self):
        defines = [f"-DDEFRAG_GRANULE={self.granule}", f"-DDEFRAG_LINK_WIDTH={self.width}"]
        return [f"-I{ROOT / 'include'}", f"-I{self.library}", f"-I{HERE}", *defines, *filter(None, [self.option])]

    def __str__(self):
        return f"granule {self.granule}, links of {self.width} bits, pointers of {self.pointer} {self.option}".strip()


@dataclass
class Row:
    """A line of the table."""

    file: str
    name: str
    says: str
    tool: str
    proved: int = 0
    failures: list = field(default_factory=list)


def run(*command, env=None):
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, **(env or {})}, check=False)
    if done.returncode != 0:
        raise click.ClickException(f"'{' '.join(command)}' failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def frama_c(task, *options):
    flags = " ".join(task.flags())
    machine = f"gcc_x86_{task.pointer}"
    command = ("frama-c", "-machdep", machine, "-c11", f"-cpp-extra-args={flags}", str(HERE / task.file), *options)
    return run(*command, env={"WHY3CONFIG": str(task.scratch / "why3.conf")})


def sentences(file):
    """What the comment before each claim says."""
    text = (HERE / file).read_text()
    said = re.findall(r"/\* ((?:(?!\*/).)*?) \*/\n(?:(?!/\*).)*?\bCLAIM\((\w+)", text, re.DOTALL)
    return {name.rstrip("_"): " ".join(comment.split()).replace(" * ", " ") for comment, name in said}


def prove_claims(task):
    assembly = run(formula.CLANG, *formula.FLAGS, *task.flags(), "-o", "-", str(HERE / task.file))
    for name, claim in formula.claims_in(assembly):
        yield name, formula.prove(*claim, SECONDS)


def contracts():
    """The functions that the file for WP has contracts of, and the names of what these ensure."""
    text = (HERE / WP).read_text()
    for contract, name in re.findall(r"/\*@ ((?:(?!\*/).)*?)\*/\n[\w ]+?(\w+)\([^;{]*\);", text, re.DOTALL):
        yield name, [" ".join(ensured.split("_")) for ensured in re.findall(r"ensures\s+(\w+):", contract)]


def prove_contracts(task):
    """Smoke tests try to prove a contradiction from what is demanded: they fail if they can, and do not count otherwise.
    They take as long as all else, and so are made for one size of pointers."""
    functions = [name for name, _ in contracts()]
    said = frama_c(
        task,
        *("-wp", "-wp-rte", "-wp-prover", "cvc4", "-wp-timeout", "10", "-wp-par", "1", "-wp-fct", ",".join(functions)),
        *(["-wp-smoke-tests"] if task.pointer == 64 else []),
    )
    goals = re.findall(r"^\[wp\] \[([^\]]+)\] (Goal|Smoke-test) typed_(\w+)(?:.*? : (\w+))?", said, re.MULTILINE)
    for status, kind, goal, outcome in goals:
        if (kind == "Goal" and outcome != "Valid") or (kind == "Smoke-test" and status != "Passed"):
            yield owner(functions, goal), f"{goal}: {outcome or status}"
        elif kind == "Goal":
            yield owner(functions, goal), None
    scheduled = int(re.search(r"(\d+) goals scheduled", said)[1])
    if len(goals) != scheduled:
        yield functions[0], f"of {scheduled} goals only {len(goals)} were told of"


def owner(functions, goal):
    """The function that a goal is about; smoke tests of what is called belong to the first."""
    return max((name for name in functions if goal.startswith(f"{name}_")), key=len, default=functions[0])


def assertions():
    """The names of what the file for Eva asserts, by line."""
    lines = enumerate((HERE / EVA).read_text().splitlines(), 1)
    return {str(line): match[1] for line, text in lines if (match := re.search(r"//@ assert (\w+):", text))}


def prove_bounds(task):
    report = task.scratch / f"eva{task.option}.csv"
    frama_c(
        task,
        *("-eva", "-eva-precision", "3", "-eva-slevel", "100000", "-eva-auto-loop-unroll", "1000"),
        *("-then", "-report-csv", str(report)),
    )
    missing = assertions()
    with report.open(newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            said = f"{row['function']}, {row['property kind']}: {row['property']}: {row['status']}"
            proved = row["status"] in ("Valid", "Dead")
            if row["file"] == EVA and row["line"] in missing:
                yield missing.pop(row["line"]), None if row["status"] == "Valid" else said
            elif not proved and row["status"] != "Considered valid":  # as what the headers of Frama-C say is
                yield "all_sizes_have_a_bin", said
    for name in missing.values():
        yield name, "not reached"


def prove(task):
    provers = {WP: prove_contracts, EVA: prove_bounds}
    return task, list(provers.get(task.file, prove_claims)(task))


def rows_of(files):
    """What is to be proved: nothing else counts, and nothing of it may be missing."""
    rows = {}
    for file in files:
        if file == WP:
            said = ((name, ", ".join([*ensured, "no run-time error"]), "WP, CVC4") for name, ensured in contracts())
        elif file == EVA:
            said = ((name, " ".join(name.split("_")), "Eva") for name in assertions().values())
        else:
            said = ((name, comment, "clang, Z3") for name, comment in sentences(file).items())
        rows.update({(file, name): Row(file, name, says, tool) for name, says, tool in said})
    return rows


def tasks_of(files, library, scratch, granules, widths):
    for file in files:
        if file == EVA:  # which depends on no configuration
            yield from (Task(file, library, scratch, option=option) for option in ("", NO_CLZ))
            continue
        for width in widths:
            for granule in granules:
                if file == WP:
                    yield Task(file, library, scratch, granule, width, 32)
                for option in CLAIMS.get(file, ("",) if granule == 8 else ()):
                    yield Task(file, library, scratch, granule, width, 64, option)


def show(rows, console):
    table = Table("file", "of", "property", "tool", "proved", box=None, pad_edge=False)
    for row in rows:
        count = row.proved + len(row.failures)
        table.add_row(
            row.file, row.name, row.says, row.tool, f"{row.proved} of {count}", style="red" if row.failures else ""
        )
    console.print(table)
    for row in rows:
        for failure in row.failures:
            console.print(f"not proved: {row.file}, {row.name}: {failure}", markup=False, soft_wrap=True)


@click.command(help=__doc__)
@click.option(
    "--scratch", type=click.Path(path_type=Path), required=True, help="Folder for what is written on the way."
)
@click.option("--library", type=click.Path(path_type=Path), default=ROOT / "lib", help="Another copy of lib/.")
@click.option("--only", type=click.Choice(FILES), multiple=True, help="Only this file of tests/proof; may be repeated.")
@click.option("--granule", type=click.Choice(["8", "16", "32"]), help="Only this granule.")
@click.option("--link-width", type=click.Choice(["16", "32"]), help="Only this link width.")
def main(scratch, library, only, granule, link_width):
    scratch.mkdir(parents=True, exist_ok=True)
    scratch, files = scratch.resolve(), only or FILES
    if WP in files:
        run("why3", "config", "detect", "-C", str(scratch / "why3.conf"))
    granules = [int(granule)] if granule else [8, 16, 32]
    widths = [int(link_width)] if link_width else [32, 16]
    rows = rows_of(files)
    with ProcessPoolExecutor() as pool:
        for task, outcomes in pool.map(prove, tasks_of(files, library.resolve(), scratch, granules, widths)):
            for name, failure in outcomes:
                row = rows[task.file, re.sub(r"_\d+$", "", name)]
                if failure is None:
                    row.proved += 1
                else:
                    row.failures.append(f"{task}: {failure}")
    for row in rows.values():
        if not row.proved and not row.failures:
            row.failures.append("nothing was to be proved of it")
    console = Console(width=None if sys.stdout.isatty() else 160)
    show(rows.values(), console)
    proved, failed = sum(row.proved for row in rows.values()), sum(len(row.failures) for row in rows.values())
    console.print(f"{proved} proved, {failed} not proved", highlight=False)
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
