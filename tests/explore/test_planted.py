# SPDX-License-Identifier: MIT
"""Plants a fault in a copy of the library and demands that the explorer, or the mover stopped before stores, finds it."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
COMMON = ["-std=c11", "-O1", "-D_GNU_SOURCE", f"-I{ROOT}/include", f"-I{ROOT}/tests", f"-I{ROOT}/tests/explore"]
WRAPPED = ("defrag_alloc_with", "defrag_compact", "defrag_resize", "defrag_step")


@dataclass(frozen=True)
class Fault:
    name: str
    file: str
    right: str
    wrong: str
    found: str  # what is said of it


EXPLORED = (
    Fault(
        "a locked block is moved",
        "pool.h",
        "(entry(pool, slot) & (bits | INDEX_MASK)) == g;",
        "((entry(pool, slot) & (bits | INDEX_MASK)) & ~((word_t)1 << LOCKS_SHIFT)) == g;",
        "the walk shows a wrong number of locks",
    ),
    Fault(
        "a merge is missed",
        "blocks.h",
        "    if ((behind & IS_HOLE) != 0 &&",
        "    if ((behind & IS_HOLE) != 0 && granules != 2 &&",
        "the pool's own check fails",
    ),
    Fault(
        "a flight that lands leaves a gap",
        "flight.c",
        "    defrag_release(pool, from, granules, h);",
        "    defrag_release(pool, from, granules - 1, h);",
        "the pool's own check fails",
    ),
    Fault(
        "a slot that is kept is lost behind one that is given back",
        "handles.c",
        "            drop_slot(pool, e);\n",
        "            drop_slot(pool, e);\n            kept -= pool->bins[0] != NO_SLOT && slot + 1U == pool->slots;\n",
        "the pool's own check fails",
    ),
    Fault(
        "a budget is overrun",
        "step.c",
        "    if (granules <= s->left) {",
        "    if (granules <= s->left + (s->left != 0)) {",
        "a step moved more bytes than it may",
    ),
    Fault(
        "an evacuation undoes another",
        "move.c",
        "size_at(pool, to) < behind - hole",
        "size_at(pool, to) <= behind - hole",
        "potential",
    ),
    Fault(
        "the last granule is not given out",
        "room.c",
        "        if (defrag_free_with(pool, defrag_fewest_slots(pool, need->slots)) < (int32_t)need->granules) {",
        "        if (defrag_free_with(pool, defrag_fewest_slots(pool, need->slots)) <= (int32_t)need->granules) {",
        "MAKE_ROOM says OUT_OF_MEMORY though the free bytes suffice",
    ),
    Fault(
        "a flight stays in the way of a resize",
        "resize.c",
        "    (void)defrag_compact(pool);",
        "    defrag_gather(pool, defrag_first_block(pool), UINT32_MAX);",
        "MAKE_ROOM refuses though the free bytes suffice and nothing is in the way",
    ),
    Fault(
        "free memory is read",
        "room.c",
        " && behind < pool->top &&",
        " &&",
        "what is left out of the state matters",
    ),
    Fault(
        "the last word is not copied",
        "move.c",
        "    for (; bytes != 0; bytes -= WORD) {",
        "    for (; bytes > WORD; bytes -= WORD) {",
        "lost contents",
    ),
    Fault(
        "a lock does not end a flight",
        "lock.c",
        "    if (lock != UNLOCKED) {\n        status",
        "    if (lock == EXCLUSIVE) {\n        status",
        "a block cannot be locked for reading",
    ),
)
STOPPED = (
    Fault(
        "an old place is given up before the entry is stored",
        "move.c",
        "    defrag_commit_move(pool, slot, to);\n",
        "    defrag_release(pool, from, old, moved);\n    defrag_commit_move(pool, slot, to);\n    return hole;\n",
        "a block is nowhere whole",
    ),
    Fault(
        "a flight lands before all is copied",
        "flight.c",
        "    defrag_copy(pool, header_offset(to) + skip, header_offset(from) + skip, GRANULE * end - skip);\n",
        "    defrag_set_half(pool, &pool->flight_done, end);\n"
        "    if (granules == left) {\n        land(pool);\n    }\n"
        "    defrag_copy(pool, header_offset(to) + skip, header_offset(from) + skip, GRANULE * end - skip);\n"
        "    defrag_count(pool, pool->moved_bytes, GRANULE * granules);\n"
        "    return granules;\n",
        "a block is nowhere whole",
    ),
)


SEED = "3"  # of a run in which what was lost is not taken for a slide


class Workshop:
    """Compiles everything once, and for each fault what it changes."""

    def __init__(self, scratch, compiler, options, sources, linking):
        self.scratch = scratch
        self.lib_command = [*compiler, *COMMON, *options]
        self.linking = linking
        self.others = [self.compile([*compiler, *COMMON, f"-I{ROOT}/lib"], source, scratch) for source in sources]
        self.lib = [self.compile(self.lib_command, source, scratch) for source in sorted(ROOT.glob("lib/*.c"))]

    def compile(self, command, source, folder):
        made = folder / f"{source.stem}.o"
        subprocess.run([*command, "-c", str(source), "-o", str(made)], check=True)
        return made

    def build(self, fault=None):
        """The program with this fault."""
        folder = self.scratch / (fault.name.replace(" ", "-") if fault else "right")
        folder.mkdir()
        lib = self.plant(fault, folder) if fault else self.lib
        program = folder / "program"
        command = ["cc", *map(str, self.others + lib), "-pthread", *self.linking, "-o", str(program)]
        subprocess.run(command, check=True)
        return program

    def plant(self, fault, folder):
        """The objects of a library with the fault: of all files if it is in a header."""
        for source in ROOT.glob("lib/*.[ch]"):
            (folder / source.name).write_text(source.read_text())
        text = (folder / fault.file).read_text()
        assert fault.right in text, f"{fault.file} has changed: it no longer has what the fault replaces"
        (folder / fault.file).write_text(text.replace(fault.right, fault.wrong))
        changed = [name for name in map(Path, [fault.file]) if name.suffix == ".c"]
        if not changed:
            return [self.compile(self.lib_command, source, folder) for source in sorted(folder.glob("*.c"))]
        unchanged = [made for made in self.lib if made.stem != changed[0].stem]
        return [*unchanged, self.compile(self.lib_command, folder / fault.file, folder)]


@pytest.fixture(scope="module")
def explorer(tmp_path_factory):
    sources = [
        *ROOT.glob("tests/model*.c"),
        *(ROOT / "tests/explore" / f"{name}.c" for name in ("explore", "expand", "state")),
    ]
    return Workshop(tmp_path_factory.mktemp("explore"), ["cc"], [], sources, [])


@pytest.fixture(scope="module")
def stopper(tmp_path_factory):
    sources = [*ROOT.glob("tests/model*.c"), ROOT / "tests/traffic.c", ROOT / "tests/explore/stopped.c"]
    linking = ["-Wl," + ",".join(f"--wrap={name}" for name in WRAPPED)]
    return Workshop(tmp_path_factory.mktemp("stopped"), ["clang"], ["-fsanitize=thread"], sources, linking)


def run(program, *arguments):
    return subprocess.run([str(program), *arguments], capture_output=True, text=True, timeout=120, check=False)


def test_the_library_as_it_is_passes(explorer, stopper):
    assert run(explorer.build(), "--states", "5000").returncode == 0
    assert run(stopper.build(), "20000", SEED).returncode == 0


@pytest.mark.parametrize("fault", EXPLORED, ids=lambda fault: fault.name)
def test_the_explorer_finds_that(explorer, fault):
    done = run(explorer.build(fault), "--handles", "3", "--states", "100000")
    assert done.returncode == 1, done.stdout
    assert fault.found in done.stderr.splitlines()[-1]


@pytest.mark.parametrize("fault", STOPPED, ids=lambda fault: fault.name)
def test_the_stopped_mover_shows_that(stopper, fault):
    done = run(stopper.build(fault), "20000", SEED)
    assert done.returncode == 1, done.stdout
    assert fault.found in done.stderr.splitlines()[-1]
