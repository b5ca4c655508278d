# SPDX-License-Identifier: MIT
"""Prints a header with its plain comments marked as Doxygen wants them, so that the header itself needs no marks.

A comment before a declaration or behind one is its documentation, a line of dashes with a name heads a section, and names
of constants without their DEFRAG_ become links.
"""

import re
import sys
from pathlib import Path

END = "\n#ifdef __cplusplus\n}"
SECTION = re.compile(r"^/\* -+ (.+) \*/$", re.MULTILINE)
COMMENT = re.compile(r"/\*(?!\*).*?\*/", re.DOTALL)


def mark(match):
    behind = match.string[: match.start()].rpartition("\n")[2].strip()
    return ("/**<" if behind else "/**") + match[0][2:]


def link(names, comment):
    bare = re.compile(rf"(?<![\w#])({'|'.join(names)})\b")
    return bare.sub(r"#DEFRAG_\1", comment)


def main():
    text = Path(sys.argv[1]).read_text()
    names = re.findall(r"^    DEFRAG_(\w+) = ", text, re.MULTILINE)
    text = text.replace("/* SPDX-License-Identifier: MIT\n *\n * ", "/** @file\n * ", 1)
    text = SECTION.sub(lambda match: f"/**@}}*/\n/** @name {match[1].capitalize()} */\n/**@{{*/", text)
    text = text.replace("/**@}*/\n", "", 1)  # before the first
    text = text.replace(END, "\n/**@}*/" + END, 1)
    text = COMMENT.sub(lambda match: link(names, mark(match)), text)
    print(text)


main()
