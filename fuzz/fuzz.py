# SPDX-License-Identifier: MIT
"""Runs a fuzzer in all its builds, tells what of the library its corpus reaches, and keeps corpora small."""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT / "fuzz/corpus"
COMMON = "-g -O1 -fno-omit-frame-pointer"
FLAGS = {
    "fuzz": f"{COMMON} -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all",
    "coverage": f"{COMMON} -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc",
}
# An input of a few KB has no reason to take a gigabyte or ten seconds.
LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=64")
MEASURES = ("lines", "branches", "mcdc")
MEASURED = ("lib/", "bindings/python/native/")
CORES = os.cpu_count() or 1


def parse_arguments():
    names = sorted(path.name for path in CORPORA.iterdir())
    parser = argparse.ArgumentParser(prog="dev fuzz", description=__doc__)
    parser.add_argument("name", nargs="?", default="", help=f"the fuzzer: {', '.join(names)}")
    parser.add_argument(
        "seconds", nargs="?", default="", help="how long to run it, on all cores; 0 only tells the corpus's coverage"
    )
    parser.add_argument("--minimise", action="store_true", help="make the corpus the least that reaches as much")
    parser.add_argument("--scratch", type=Path, default=ROOT / "build/fuzz", help="where everything made goes")
    arguments = parser.parse_args()
    if arguments.name not in names:
        sys.exit(f"dev: '{arguments.name}' is no fuzzer; take one of {', '.join(names)}")
    if not re.fullmatch(r"\d{1,7}", arguments.seconds):
        sys.exit(f"dev: '{arguments.seconds}' is no number of seconds; give a whole number, or 0 for coverage alone")
    arguments.seconds = int(arguments.seconds)
    return arguments


def build(scratch, kind):
    """Builds all fuzzers as OSS-Fuzz does, and returns where they are."""
    work, out = scratch / kind, scratch / kind / "out"
    out.mkdir(parents=True, exist_ok=True)
    flags = FLAGS[kind]
    variables = {
        "CC": "clang-19",
        "CXX": "clang++-19",
        "CFLAGS": flags,
        "CXXFLAGS": flags,
        "LIB_FUZZING_ENGINE": "-fsanitize=fuzzer",
        "OUT": str(out),
        "WORK": str(work),
    }
    command = [ROOT / "fuzz/clusterfuzzlite/build.sh"]
    done = subprocess.run(command, check=False, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True)
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\ndev: the fuzzers cannot be built; what the compiler said stands above")
    return out


def programs(out, name):
    return sorted(path for path in out.glob(f"fuzz_{name}*") if path.suffix == "")


def fuzz_one(program, seconds, found, seeds):
    """Runs one program for a while. Returns how many inputs it tried, or None and what it said if one failed."""
    command = [program, found, seeds, f"-max_total_time={seconds}", "-print_final_stats=1", *LIMITS]
    command.append(f"-artifact_prefix={found.parent}/")
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
    tried = re.search(r"stat::number_of_executed_units: +(\d+)", done.stderr)
    return (int(tried[1]) if done.returncode == 0 and tried else None), done.stderr


def show_progress(runs, seconds):
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:.0f} of {task.total} s"))
    with Progress(*columns, transient=True) as progress:
        task = progress.add_task("fuzzing", total=seconds)
        begun = time.monotonic()
        while not all(run.done() for run in runs):
            time.sleep(0.2)
            progress.update(task, completed=min(seconds, time.monotonic() - begun))


def fuzz(out, name, seconds, found):
    """Runs all builds of a fuzzer, as many at a time as there are cores; they learn from each other's inputs."""
    found.mkdir(parents=True, exist_ok=True)
    tried = programs(out, name)
    before = len(list(found.iterdir()))
    each = max(1, seconds * CORES // max(CORES, len(tried)))
    if len(tried) < CORES:
        tried *= CORES
    with ThreadPoolExecutor(CORES) as pool:
        runs = [pool.submit(fuzz_one, program, each, found, CORPORA / name) for program in tried]
        show_progress(runs, seconds)
    view = Table("build", "inputs tried", "a second", title=f"{name}, {seconds} s on {CORES} cores")
    for program, run in zip(tried, runs, strict=True):
        count, said = run.result()
        if count is None:
            sys.exit(f"{said}\ndev: {program} fails; give it the input named above to repeat that")
        view.add_row(program.name, f"{count:,}", f"{count // each:,}")
    total = sum(run.result()[0] for run in runs)
    view.add_row("all", f"{total:,}", f"{total // max(1, seconds):,}", style="bold")
    Console().print(view, f"{len(list(found.iterdir())) - before:,} inputs that reach more are in {found}", sep="\n")


def minimise(out, name, found):
    """Makes the committed corpus the least that reaches what it and the inputs found do, in any of the builds.

    An input that once showed a fault stays, whatever it reaches, if it is named fault-*."""
    least = found.parent / "least"
    shutil.rmtree(least, ignore_errors=True)
    least.mkdir(parents=True)
    found.mkdir(parents=True, exist_ok=True)
    for program in programs(out, name):
        command = [program, "-set_cover_merge=1", "-use_counters=0", *LIMITS, least, CORPORA / name, found]
        done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            sys.exit(f"{done.stderr}\ndev: {program} fails on an input of its corpus; repair that first")
    for fault in (CORPORA / name).glob("fault-*"):
        shutil.copy(fault, least)
    shutil.rmtree(CORPORA / name)
    least.rename(CORPORA / name)
    shutil.rmtree(found)  # the next run begins with few inputs, and so at once


def reached(out, name, folders, scratch):
    """What a fuzzer reaches with the inputs in these folders, by file."""
    profiles = scratch / "profiles"
    shutil.rmtree(profiles, ignore_errors=True)
    profiles.mkdir(parents=True)
    tried = programs(out, name)
    for program in tried:
        environment = os.environ | {"LLVM_PROFILE_FILE": str(profiles / f"{program.name}.profraw")}
        subprocess.run([program, "-runs=0", *folders], env=environment, check=True, capture_output=True)
    merged = profiles / "merged.profdata"
    subprocess.run(["llvm-profdata-19", "merge", "-o", merged, *profiles.glob("*.profraw")], check=True)
    objects = [part for program in tried for part in ("-object", program)]
    command = ["llvm-cov-19", "export", "-summary-only", f"-instr-profile={merged}", *objects]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    files = {str(Path(file["filename"]).resolve()): file["summary"] for file in told["data"][0]["files"]}
    inside = {path.removeprefix(f"{ROOT}/"): summary for path, summary in files.items()}
    return {path: summary for path, summary in sorted(inside.items()) if path.startswith(MEASURED)}


def share(summaries, measure):
    covered = sum(summary[measure]["covered"] for summary in summaries)
    count = sum(summary[measure]["count"] for summary in summaries)
    return f"{100 * covered / count:.1f} % of {count:,}" if count else "-"


def tell_coverage(out, name, found, scratch):
    inputs = list((CORPORA / name).iterdir())
    size = sum(path.stat().st_size for path in inputs)
    files = reached(out, name, [CORPORA / name], scratch)
    view = Table("file", *MEASURES, title=f"reached by {len(inputs)} inputs of {size:,} bytes in fuzz/corpus/{name}")
    for path, summary in files.items():
        view.add_row(path, *(share([summary], measure) for measure in MEASURES))
    for folder in MEASURED:
        part = [summary for path, summary in files.items() if path.startswith(folder)]
        if part:
            view.add_row(f"all of {folder}", *(share(part, measure) for measure in MEASURES), style="bold")
    if found.is_dir() and any(found.iterdir()):
        everything = reached(out, name, [CORPORA / name, found], scratch)
        part = [summary for path, summary in everything.items() if path.startswith("lib/")]
        view.add_row("lib/ with all inputs found", *(share(part, measure) for measure in MEASURES), style="bold")
    Console(width=None if Console().is_terminal else 120).print(view)


def main():
    arguments = parse_arguments()
    found = arguments.scratch / arguments.name / "found"
    if arguments.seconds or arguments.minimise:
        out = build(arguments.scratch, "fuzz")
        if arguments.seconds:
            fuzz(out, arguments.name, arguments.seconds, found)
        if arguments.minimise:
            minimise(out, arguments.name, found)
    tell_coverage(build(arguments.scratch, "coverage"), arguments.name, found, arguments.scratch / arguments.name)


if __name__ == "__main__":
    main()
