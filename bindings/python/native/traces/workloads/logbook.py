# SPDX-License-Identifier: MIT
"""Prints the SQL of a data logger's season: rows come in, are rolled up, changed and deleted. Always the same."""

import random

chance = random.Random(19700101)
KINDS = ["air", "soil", "wind", "rain", "light", "battery"]
SIDES = ["north", "south", "east", "west"]
DAY = 1440  # minutes

print(
    """PRAGMA page_size=512; PRAGMA cache_size=80; PRAGMA temp_store=FILE;
CREATE TABLE sensor(id INTEGER PRIMARY KEY, place TEXT NOT NULL, kind TEXT NOT NULL, note TEXT);
CREATE TABLE reading(at INTEGER, sensor INTEGER, value REAL, comment TEXT);
CREATE TABLE summary(day INTEGER, sensor INTEGER, low REAL, high REAL, mean REAL, PRIMARY KEY(day, sensor));
CREATE INDEX reading_at ON reading(at);
CREATE INDEX reading_sensor ON reading(sensor, value);
CREATE INDEX low_and_high ON summary(low, high);"""
)
for sensor in range(40):
    place = f"place {sensor % 7} in the {SIDES[sensor % 4]}"
    print(f"INSERT INTO sensor VALUES({sensor}, '{place}', '{KINDS[sensor % len(KINDS)]}', NULL);")

for day in range(60):
    now = day * DAY
    print("BEGIN;")
    for _ in range(chance.randrange(10, 60)):
        comment = "'" + "checked by hand; " * chance.randrange(1, 40) + "'" if chance.random() < 0.1 else "NULL"
        at, sensor, value = now + chance.randrange(DAY), chance.randrange(40), chance.uniform(-20, 100)
        print(f"INSERT INTO reading VALUES({at}, {sensor}, {value:.2f}, {comment});")
        if value > 90:
            print(
                f"UPDATE sensor SET note = substr(coalesce(note, '') || '{at}: {value:.1f}; ', -400) "
                f"WHERE id = {sensor};"
            )
    print(
        f"""COMMIT;
INSERT INTO summary SELECT {day}, sensor, min(value), max(value), avg(value) FROM reading WHERE at >= {now}
    GROUP BY sensor;
SELECT place, kind, count(*), round(avg(value), 1) FROM reading JOIN sensor ON sensor = id
    WHERE at BETWEEN {now - 7 * DAY} AND {now} GROUP BY place, kind HAVING count(*) > 6 ORDER BY 4 DESC;
SELECT upper(group_concat(comment, '|')) FROM reading WHERE comment LIKE '%hand%' AND at > {now - 6 * DAY};
UPDATE reading SET comment = coalesce(comment, '') || 'seen; '
    WHERE rowid = (SELECT max(rowid) - {chance.randrange(30)} FROM reading);
DELETE FROM reading WHERE at < {now - 20 * DAY};"""
    )
    if day % 10 == 9:
        print(
            f"""SELECT day, printf('%.1f..%.1f', min(low), max(high)) FROM summary WHERE day > {day - 10} GROUP BY day;
SELECT kind, group_concat(place) FROM sensor GROUP BY kind HAVING count(*) > 5;
PRAGMA shrink_memory; PRAGMA integrity_check;"""
        )
