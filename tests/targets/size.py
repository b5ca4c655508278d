# SPDX-License-Identifier: MIT
"""Tells what the library takes of a target: code, control blocks and stack, next to what was accepted last.

Code is that of the library alone, linked with --gc-sections into programs that use a part of it. What a program needs
besides of the compiler's and the C library's functions is told apart. Stack is the worst case from the call's own frame
downwards.
"""

import argparse
import json
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.table import Table
from stack import Calls
from toolchain import CONFIGURATION, FOR_SIZE, HERE, ROOT, Target

TARGETS = ("cortex-m0", "cortex-m3", "cortex-m4", "rv32imac")
USES = {
    "fixed use, pool made elsewhere": ["-DINIT=0", "-DMOVING=0"],
    "fixed use": ["-DINIT=1", "-DMOVING=0"],
    "with step and MAKE_ROOM": ["-DINIT=1", "-DMOVING=1"],
}
WHOLE = "whole library"
AIMS = {("cortex-m0", "with step and MAKE_ROOM"): 3072, ("cortex-m0", WHOLE): 6144}
STACK_AIM = 160  # of each call, on a Cortex-M
GRAPHS = ["-fstack-usage", "-fcallgraph-info=su,da"]
GUARDED = "stack guarded"  # of a build that keeps interrupts out of calls
ALLOCATIONS = ("defrag_alloc", "defrag_alloc_array", "defrag_alloc_with")
MAKE_ROOM = frozenset({"find_room_by_moving"})  # what an allocation calls with MAKE_ROOM alone
PLACED = re.compile(r"^ \.(?:text|rodata|data)\S*\s+0x[0-9a-f]+\s+0x([0-9a-f]+) (\S+)$", re.MULTILINE)


def public_names():
    return re.findall(r"^    (defrag_\w+);$", (ROOT / "lib/defrag.map").read_text(), re.MULTILINE)


def compile_library(target, folder, *options):
    folder.mkdir(parents=True, exist_ok=True)
    for stale in folder.iterdir():
        stale.unlink()
    flags = [*FOR_SIZE, "-ffreestanding", *GRAPHS, *CONFIGURATION, *options]
    objects = []
    for source in sorted((ROOT / "lib").glob("*.c")):
        objects.append(folder / f"{source.stem}.o")
        target.compile(*flags, "-c", source, "-o", objects[-1])
    return objects


def code_of(target, folder, objects, options):
    """Bytes of the library, and of functions of the compiler and the C library, in a program that was linked so."""
    image, linked = folder / "probe.elf", folder / "probe.map"
    target.link("-nostartfiles", "-Wl,-e,probe", f"-Wl,-Map={linked}", "-o", image, *objects, *options)
    code = {"library": 0, "helpers": 0}
    ours = set(map(str, objects))
    for size, origin in PLACED.findall(linked.read_text().split("Linker script and memory map")[1]):
        if not origin.endswith("probe.o"):
            code["library" if origin in ours else "helpers"] += int(size, 16)
    return code


def measure_code(target, folder, objects):
    code = {}
    probe = folder / "probe.o"
    for use, options in USES.items():
        target.compile(*FOR_SIZE, *CONFIGURATION, *options, "-c", HERE / "probe.c", "-o", probe)
        code[use] = code_of(target, folder, objects, [probe])
    code[WHOLE] = code_of(target, folder, objects, [probe, *(f"-Wl,-u,{name}" for name in public_names())])
    return code


def calls_of(target, objects):
    graphs = {path.stem: path.with_suffix(".ci").read_text() for path in objects}
    return Calls(graphs, map(target.listing, objects))


def stack_of(calls):
    whole = {function: calls.deepest(function) for function in public_names()}
    return whole | {f"{function} with FAST or BEST": calls.deepest(function, MAKE_ROOM) for function in ALLOCATIONS}


def measure(name, scratch):
    target, folder = Target(name), scratch / name
    objects = compile_library(target, folder)
    code = measure_code(target, folder, objects)
    calls = calls_of(target, objects)
    port = "mstatus" if name.startswith("rv") else "primask"
    kept_out = compile_library(target, scratch / f"{name}-guarded", f'-DDEFRAG_CONFIG="ports/{port}.h"')
    guarded = calls_of(target, kept_out)
    return {
        "compiler": f"{target.compiler} {target.version()}",
        "code": {use: parts["library"] for use, parts in code.items()},
        "helpers": {use: parts["helpers"] for use, parts in code.items()},
        "stack": stack_of(calls),
        GUARDED: stack_of(guarded),
        "stack not counted": calls.outside(),
    }


def measure_control(scratch):
    """What a pool takes for itself, which is the same for all cores of 32 bits."""
    target, program = Target("cortex-m3"), scratch / "control.elf"
    target.link(*FOR_SIZE, *CONFIGURATION, HERE / "control.c", *sorted((ROOT / "lib").glob("*.c")), "-o", program)
    return json.loads(target.run(program))


def measure_all(scratch):
    scratch.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(2) as executor:
        figures = dict(zip(TARGETS, executor.map(lambda name: measure(name, scratch), TARGETS), strict=True))
    return figures | {"control": measure_control(scratch)}


def flat(figures):
    """All figures that may not grow, each by its path."""
    rows = {("control", pool): size for pool, size in figures["control"].items()}
    for target in TARGETS:
        for kind in ("code", "stack", GUARDED):
            rows |= {(target, kind, name): size for name, size in figures[target][kind].items()}
    return rows


def growth(accepted, figures):
    """What has grown, or was never accepted, in sentences."""
    old = flat(accepted) if accepted else {}
    for path, size in flat(figures).items():
        name = ", ".join(path)
        if path not in old:
            yield f"{name}: {size} bytes, of which nothing is accepted yet"
        elif size > old[path]:
            yield f"{name}: {size} bytes, {size - old[path]} more than accepted"


def change(old, new):
    return f"{new:,}" if old is None or old == new else f"{new:,} ({new - old:+,})"


def aim(kind, target, use, size):
    if "stack" in kind:
        return f" ABOVE {STACK_AIM}" if target.startswith("cortex") and size > STACK_AIM else ""
    bound = AIMS.get((target, use)) if kind == "code" else None
    return "" if bound is None else f" of {bound:,}" if size <= bound else f" ABOVE {bound:,}"


def table(title, kind, accepted, rows):
    """One line a name, one column a target."""
    view = Table(title=title, header_style="", title_justify="left")
    view.add_column("call" if "stack" in kind else "use")
    for target in TARGETS:
        view.add_column(target, justify="right")
    for name, sizes in rows.items():
        cells = (
            change(accepted.get(target, {}).get(name), sizes[target]) + aim(kind, target, name, sizes[target])
            for target in TARGETS
        )
        view.add_row(name, *cells)
    return view


def show(accepted, figures):
    console = Console(width=None if sys.stdout.isatty() else 140)
    for kind, title in (
        ("code", "Bytes of code of the library; in brackets, the change since accepted"),
        ("helpers", "Bytes besides of the compiler's and the C library's functions"),
        ("stack", "Bytes of stack at most, an observer's not counted"),
        (GUARDED, "The same with what keeps interrupts out of calls, of ports/"),
    ):
        rows = {
            name: {target: figures[target][kind][name] for target in TARGETS} for name in figures["cortex-m0"][kind]
        }
        old = {target: accepted.get(target, {}).get(kind, {}) for target in TARGETS}
        console.print(table(title, kind, old, rows))
    old = accepted.get("control", {})
    sizes = (f"{pool} {change(old.get(pool), size)}" for pool, size in figures["control"].items())
    console.print("Bytes of the control block:", ", ".join(sizes), highlight=False)
    for target in TARGETS:
        if outside := figures[target]["stack not counted"]:
            console.print(f"Stack of these is not counted on {target}: {', '.join(outside)}", highlight=False)
        used, old = figures[target]["compiler"], accepted.get(target, {}).get("compiler")
        if old not in (None, used):
            console.print(f"What is accepted for {target} is of {old}, this of {used}.", highlight=False)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scratch", type=Path, required=True, help="folder for what is built")
    parser.add_argument("--accepted", type=Path, default=HERE / "accepted.json", help="file of accepted figures")
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--accept", action="store_true", help="accept the figures as they are now")
    action.add_argument("--check", action="store_true", help="fail if a figure is above what was accepted")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    accepted = json.loads(arguments.accepted.read_text()) if arguments.accepted.exists() else {}
    figures = measure_all(arguments.scratch)
    show(accepted, figures)
    if arguments.accept:
        arguments.accepted.write_text(json.dumps(figures, indent=2) + "\n")
    grown = list(growth(accepted, figures)) if arguments.check else []
    for sentence in grown:
        print(sentence)
    if grown:
        print("Growth is accepted with ./dev size --accept.")
    return len(grown) != 0


if __name__ == "__main__":
    sys.exit(main())
