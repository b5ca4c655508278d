# SPDX-License-Identifier: MIT
"""Writes the library as two files, which compile without any option: amalgamate.py FOLDER"""

import re
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PUBLIC = "defrag.h"
LAST = "guard.c"  # gives the public functions their names back
INCLUDE = re.compile(r'#include "([^"]+)"')
LOCAL_FUNCTION = re.compile(r"^(?:static|INLINE)\b[^;={]*?\b(\w+)\((?!\()", re.MULTILINE)

# What the library's files share stays within the one that they become. Not every configuration needs all of it.
LINKAGE = "#define DEFRAG_PRIVATE static __attribute__((unused))"


def version(root: Path) -> str:
    text = (root / "include" / PUBLIC).read_text()
    return ".".join(re.search(rf"DEFRAG_VERSION_{part} (\d+)", text)[1] for part in ("MAJOR", "MINOR", "PATCH"))


def rule(text: str) -> str:
    return f"/* {text:-^114} */\n\n"


def with_own_names(path: Path, text: str, shared: set[str]) -> str:
    """The text of a file, with the functions that share their name with another file's told apart."""
    for name in shared:
        text = re.sub(rf"\b{name}\b(?=\()", f"{path.stem}_{name}", text)
    return text


def local_functions(text: str) -> set[str]:
    return set(LOCAL_FUNCTION.findall(text))


def amalgamate(root: Path) -> str:
    """The text of the one source file."""
    sources = sorted((root / "lib").glob("*.c"), key=lambda path: (path.name == LAST, path.name))
    names = Counter(name for path in sources for name in local_functions(path.read_text()))
    shared = {name for name, files in names.items() if files > 1}
    included = set()

    def expand(path: Path) -> str:
        text = path.read_text()
        lines = with_own_names(path, text, shared & local_functions(text)).splitlines(keepends=True)
        return "".join(included_in(line) for line in lines)

    def included_in(line: str) -> str:
        include = INCLUDE.match(line)
        if not include or include[1] == PUBLIC:
            return line
        if include[1] in included:
            return ""
        included.add(include[1])
        return expand(root / "lib" / include[1])

    head = f"{licence(root)}/* defrag {version(root)} in one file, generated from its lib/; change that, not this. */\n{LINKAGE}\n\n"
    return head + "\n".join(rule(f" {path.name} ") + expand(path) for path in sources)


def licence(root: Path) -> str:
    lines = (root / "LICENSE").read_text().rstrip().splitlines()
    return "/* SPDX-License-Identifier: MIT\n *\n" + "".join(f" * {line}".rstrip() + "\n" for line in lines) + " */\n"


def write(root: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "defrag.c").write_text(amalgamate(root))
    (folder / PUBLIC).write_text((root / "include" / PUBLIC).read_text())


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("amalgamate.py: name the folder that defrag.c and defrag.h shall go to")
    write(ROOT, Path(sys.argv[1]))
