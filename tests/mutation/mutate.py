# SPDX-License-Identifier: MIT
"""Changes lib/ in thousands of ways, one at a time, and shows which of them no test notices.

A survivor that is not in survivors.txt makes this fail, and so does one listed that was killed or is not made any more.
Without FILES all are taken. What was found is kept: a mutant that was killed once is not tried again, and one that survived
only after lib/ or a test has changed.
"""

import hashlib
import json
from collections import Counter
from pathlib import Path

import click
import survivors
from mutants import RULES, mutants_of
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from trial import ALIVE, HERE, INVALID, KILLED, LIB, ROOT, SAME, TESTS, TWIN, VARIANTS, prepare

LEFT_OUT = {"poison", "stress"}  # of a stress build, which the suite poison tests
console = Console(highlight=False, soft_wrap=True)


def fingerprint(variants):
    """Of all that could let a survivor be killed."""
    paths = [*LIB.glob("*.[ch]"), *TESTS.glob("*.[ch]"), *HERE.glob("*.py"), RULES]
    text = b"".join(path.read_bytes() for path in sorted(paths) if path.name != "mutate.py")
    return hashlib.sha256(text + " ".join(variants).encode()).hexdigest()[:16]


class Results:
    """Verdicts in a file, a line each, of which the last on a mutant counts."""

    def __init__(self, path, state):
        self.path, self.state, self.found = path, state, {}
        if path.exists():
            for line in path.read_text().splitlines():
                record = json.loads(line)
                self.found[tuple(record["mutant"])] = record

    def verdict(self, mutant):
        record = self.found.get(mutant.key)
        if record and (record["verdict"] in (KILLED, INVALID) or record["state"] == self.state):
            return record["verdict"], record["by"]
        return None

    def add(self, mutant, verdict, by):
        record = {"mutant": mutant.key, "line": mutant.line, "verdict": verdict, "by": by, "state": self.state}
        self.found[mutant.key] = record
        with self.path.open("a") as file:
            file.write(json.dumps(record) + "\n")


def bar():
    return Progress(
        TextColumn("{task.description}"), BarColumn(None), MofNCompleteColumn(), TimeRemainingColumn(), console=console
    )


def try_all(mutants, results, workshop):
    known = {}
    with bar() as progress:
        task = progress.add_task("", total=len(mutants))
        for mutant in mutants:
            progress.update(task, description=mutant.file.name)
            verdict, by = workshop.judge(mutant, known)
            results.add(mutant, verdict, by)
            if verdict == ALIVE:
                progress.console.print(f"alive: {survivors.show(mutant)}", markup=False)
            progress.advance(task)


def report(mutants, results):
    """Prints a table of all verdicts by file, and returns the survivors, and which mutants have the code of one."""
    table = Counter()
    for mutant in mutants:
        table[mutant.file.name, results.verdict(mutant)[0]] += 1
    for file in sorted({mutant.file.name for mutant in mutants}):
        killed, alive = table[file, KILLED], table[file, ALIVE]
        dropped = ", ".join(f"{table[file, kind]} {kind}" for kind in (INVALID, SAME, TWIN) if table[file, kind])
        console.print(f"{file}: {killed} of {killed + alive} killed; {dropped or 'none'} dropped")
    total = Counter(results.verdict(mutant)[0] for mutant in mutants)
    console.print(f"{total[KILLED]} of {total[KILLED] + total[ALIVE]} mutants killed, of {len(mutants)} made")
    twins = {mutant.key for mutant in mutants if results.verdict(mutant) == (TWIN, ALIVE)}
    return {mutant.key: mutant for mutant in mutants if results.verdict(mutant)[0] == ALIVE}, twins


def judge_list(alive, twins, files, path):
    """Whether the survivors are those of the list, in which their twins may be, too."""
    listed = {key: why for key, why in survivors.read(path).items() if key[0] in files}
    kinds = Counter(listed[key].kind for key in alive if key in listed)
    console.print(f"survivors: {dict(kinds)}")
    unknown = [mutant for key, mutant in alive.items() if key not in listed]
    stale = [key for key in listed if key not in alive and key not in twins]
    for mutant in unknown:
        console.print(f"survives: {survivors.show(mutant)}", markup=False)
    for file, place, old, new in stale:
        console.print(f"listed, but killed or gone: {file} {place}\n- {old}\n+ {new}", markup=False)
    return not unknown and not stale


@click.command(help=__doc__)
@click.argument("files", nargs=-1)
@click.option("--share", default="1/1", metavar="N/M", help="Only the Nth of M shares; the list is not judged then.")
@click.option("--variant", "variants", multiple=True, type=click.Choice(list(VARIANTS)), help="In this; repeatable.")
@click.option("--list", "listed", type=click.Path(path_type=Path), default=survivors.LIST, help="Of survivors.")
@click.option("--scratch", type=click.Path(path_type=Path), default=ROOT / "build/mutation", help="For what is built.")
def main(files, share, variants, listed, scratch):
    variants = variants or tuple(VARIANTS)
    part, parts = map(int, share.split("/"))
    paths = [path for path in sorted(LIB.glob("*.[ch]")) if path.stem not in LEFT_OUT]
    if unknown := set(files) - {path.name for path in paths}:
        raise click.UsageError(f"no file of lib/ that is mutated: {', '.join(unknown)}")
    paths = [LIB / name for name in files] or paths
    mutants = [mutant for path in paths for mutant in mutants_of(path)][part - 1 :: parts]
    scratch = scratch.resolve()
    scratch.mkdir(parents=True, exist_ok=True)
    results = Results(scratch / f"results-{part}-of-{parts}.jsonl", fingerprint(variants))
    untried = [mutant for mutant in mutants if results.verdict(mutant) is None]
    if untried:
        try_all(untried, results, prepare(scratch / f"work-{part}-of-{parts}", variants))
    alive, twins = report(mutants, results)
    if parts == 1 and not judge_list(alive, twins, {path.name for path in paths}, listed):
        raise SystemExit("mutation: kill each by a test, or list it with the reason why none can")


if __name__ == "__main__":
    main()
