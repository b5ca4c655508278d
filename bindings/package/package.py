# SPDX-License-Identifier: MIT
"""Lays out the folder that CMake, PlatformIO, Arduino, ESP-IDF and Zephyr take as it is: package.py FOLDER"""

import shutil
import sys
from pathlib import Path

import amalgamate

FILES = Path(__file__).resolve().parent / "files"


def write(root: Path, folder: Path) -> None:
    amalgamate.write(root, folder / "src")
    shutil.copy(root / "include/defrag.hpp", folder / "src")
    shutil.copytree(root / "lib/ports", folder / "src/ports")
    for name in ("CHANGELOG.md", "LICENSE"):
        shutil.copy(root / name, folder)
    version = amalgamate.version(root)
    for path in filter(Path.is_file, FILES.rglob("*")):
        target = folder / path.relative_to(FILES)
        target.parent.mkdir(exist_ok=True)
        target.write_text(path.read_text().replace("@VERSION@", version))


if __name__ == "__main__":
    if len(sys.argv) != 2 or Path(sys.argv[1]).exists():
        raise SystemExit("package.py: name a folder that is not there yet")
    write(amalgamate.ROOT, Path(sys.argv[1]))
