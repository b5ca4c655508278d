# SPDX-License-Identifier: MIT
"""The project's documents, and the blocks of code and of commands in them.

A block between fences is in the language that it names; one that is indented holds commands, but for DESIGN.md, where it
is a drawing.
"""

from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

SOURCE = Path(__file__).resolve().parents[2]
NO_COMMANDS = {"DESIGN.md"}


@dataclass(frozen=True)
class Block:
    document: str
    line: int
    language: str  # "sh" for commands
    text: str

    def __str__(self):
        return f"{self.document}:{self.line}"


def documents():
    found = (path.relative_to(SOURCE) for path in SOURCE.rglob("*.md"))
    return sorted(str(path) for path in found if not {"build", "target"} & set(path.parts))


def tokens(document):
    return MarkdownIt("commonmark").parse((SOURCE / document).read_text())


def blocks_in(document):
    for token in tokens(document):
        language = "sh" if token.type == "code_block" and document not in NO_COMMANDS else token.info.strip()
        if token.type == "fence" or language == "sh":
            yield Block(document, token.map[0] + 1, language, token.content)


BLOCKS = [block for document in documents() for block in blocks_in(document)]


def blocks(language, document=None):
    return [block for block in BLOCKS if block.language == language and document in (None, block.document)]


def inline_code(document):
    for token in tokens(document):
        for child in token.children or ():
            if child.type == "code_inline":
                yield child.content
