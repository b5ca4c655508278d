# SPDX-License-Identifier: MIT
"""What the documents name is there."""

import re

import pytest
from documents import SOURCE, documents, inline_code, tokens

FOLDERS = {path.name for path in SOURCE.iterdir() if path.is_dir()} - {"build"}


def links(document):
    for token in tokens(document):
        for child in token.children or ():
            target = child.attrGet("href") or child.attrGet("src")
            if target and re.search("[./]", target) and not re.match("[a-z]+:", target):  # others are rustdoc's
                yield target.partition("#")[0]


@pytest.mark.parametrize("document", documents())
def test_files_that_are_linked_or_named_exist(document):
    named = {code for code in inline_code(document) if re.fullmatch(r"[\w.-]+(/[\w.-]+)+/?", code)}
    named -= {code for code in named if re.search(r"\b[A-Z]{4,}\b(?!\.md)", code)}  # stand for names of the reader's
    here = (SOURCE / document).parent
    of_the_tree = {path for path in named if path.split("/")[0] in FOLDERS and not (here / path).exists()}
    missing = {path for path in of_the_tree if not (SOURCE / path).exists()}
    missing |= {path for path in links(document) if not (here / path).exists()}
    assert missing == set()


def test_figures_next_to_other_heaps_are_those_of_the_design():
    section = (SOURCE / "README.md").read_text().partition("## Next to other heaps\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if re.match(r"\|.*\d", line)]
    design = (SOURCE / "DESIGN.md").read_text()
    figures = {figure for row in rows for figure in re.findall(r"\d[\d,]*(?:\.\d+)?(?: / \d[\d,]*)?", row)}
    assert len(figures) > 15
    assert {
        figure for figure in figures if not re.search(rf"(?<![\d.,]){re.escape(figure)}(?![\d]|[.,]\d)", design)
    } == set()
