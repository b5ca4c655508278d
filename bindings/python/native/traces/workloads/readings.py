# SPDX-License-Identifier: MIT
"""Prints what a station's sensors report, one JSON object a line: the same lines each time."""

import json
import random

chance = random.Random(20240607)
notes = ["", "", "", "calibrated", "battery low", "cover open \N{EM DASH} check", "restarted after watchdog"]
for number in range(1000):
    report = {
        "station": f"st-{chance.randrange(40):03}",
        "sequence": number,
        "position": {"lat": round(chance.uniform(47, 55), 4), "lon": round(chance.uniform(6, 15), 4)},
        "readings": [
            {"kind": kind, "value": round(chance.gauss(20, 8), 2), "unit": unit}
            for kind, unit in [("air", "C"), ("soil", "C"), ("wind", "m/s"), ("rain", "mm"), ("light", "lx")]
            if chance.random() < 0.7
        ],
        "note": chance.choice(notes) * chance.randrange(1, 4),
    }
    print(json.dumps(report))
