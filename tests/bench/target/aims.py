# SPDX-License-Identifier: MIT
"""What the figures should be, and whether they are. All but those of the copy are of Cortex-M3."""

CORE = "cortex-m3"
POOL = 64
CALLS = [  # call, mean at most, worst at most
    ("alloc", 100, 170),
    ("free", 100, 175),
    ("lock", 32, 32),
    ("unlock", 28, 28),
]
FLATNESS = 1.1  # of the worst call in the largest pool, to that in the smallest
COMPACT_PER_BLOCK, COMPACT_WORST = 120, 160_000
COPY = {"cortex-m0": 0.90, "cortex-m3": 0.80, "cortex-m4": 0.80}
SUSTAINED = {(16, 0): 810, (64, 0): 840, (256, 0): 840, (64, 5): 780}
ROOM_MEAN, ROOM_WORST = 350, 200_000


def mean(figure):
    return figure["instructions"] / figure["calls"]


def at_most(name, figures, bound):
    return {"aim": f"{name} at most {bound:,}", "figures": figures, "reached": max(figures.values()) <= bound}


def at_least(name, figures, bound):
    return {"aim": f"{name} at least {bound:,}", "figures": figures, "reached": min(figures.values()) >= bound}


def records_of(results, kib, mode="fast"):
    return [
        record
        for record in results["calls"]
        if (record["core"], record["heap"], record["kib"], record["mode"]) == (CORE, "defrag", kib, mode)
    ]


def call_aims(results):
    records = records_of(results, POOL)
    for call, most_mean, most_worst in CALLS:
        yield at_most(f"{call}, mean,", {r["workload"]: round(mean(r[call]), 1) for r in records}, most_mean)
        yield at_most(f"{call}, worst,", {r["workload"]: r[call]["worst"] for r in records}, most_worst)


def flatness_aims(results):
    small, large = (records_of(results, kib) for kib in (16, 256))
    if not small or not large:
        return
    for call in ("alloc", "free"):
        ratios = {
            few["workload"]: round(many[call]["worst"] / few[call]["worst"], 2)
            for few, many in zip(small, large, strict=True)
        }
        yield at_most(f"{call}, worst in 256 KiB to that in 16 KiB,", ratios, FLATNESS)


def beside_copy(record, per_byte):
    """Instructions for each block moved by compactions, without those for the bytes of it."""
    total, blocks, moved = (sum(column) for column in zip(*record["compactions"], strict=True))
    return (total - moved * per_byte) / blocks


def compaction_aims(results):
    per_byte = next(copy["instructions_per_byte"] for copy in results["copy"] if copy["core"] == CORE)
    records = records_of(results, POOL, "compact")
    per_block = {r["workload"]: round(beside_copy(r, per_byte), 1) for r in records}
    yield at_most("compaction, a block moved beside the copy,", per_block, COMPACT_PER_BLOCK)
    yield at_most("compaction, worst,", {r["workload"]: r["compact"]["worst"] for r in records}, COMPACT_WORST)


def copy_aims(results):
    for copy in results["copy"]:
        if copy["loop"] and copy["core"] in COPY:
            figures = {"cycles a byte": round(copy["loop"]["most"], 3)}
            yield at_most(f"copy on {copy['core']},", figures, COPY[copy["core"]])


def sustained_aims(results):
    records = [r for r in results["sustained"] if r["heap"] == "defrag"]
    for record in records:
        pool, locked = record["kib"], record["locked"]
        if (pool, locked) in SUSTAINED:
            name = f"live payload in {pool} KiB{f', {locked} % locked' if locked else ''}, per mille,"
            yield at_least(name, {"steady": record["permille"]}, SUSTAINED[pool, locked])
    free = [r for r in records if r["locked"] == 0]
    yield at_most(
        "MAKE_ROOM at that load, mean,",
        {f"{r['kib']} KiB": round(mean(r["highest"]["alloc"]), 1) for r in free},
        ROOM_MEAN,
    )
    worst = {f"{r['kib']} KiB": r["highest"]["alloc"]["worst"] for r in free if r["kib"] == POOL}
    yield at_most("MAKE_ROOM at that load, worst,", worst, ROOM_WORST)


def aims(results):
    groups = (call_aims, flatness_aims, compaction_aims, copy_aims, sustained_aims)
    return [aim for group in groups for aim in group(results)]
