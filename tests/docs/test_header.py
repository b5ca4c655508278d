# SPDX-License-Identifier: MIT
"""The header says of each function all that a caller must know."""

import re
from pathlib import Path

import pytest

HEADER = (Path(__file__).resolve().parents[2] / "include" / "defrag.h").read_text()
DECLARED = re.compile(r"/\* ((?:(?!\*/).)*) \*/\nDEFRAG_API ([^;(]*?)\b(defrag_\w+)\(", re.DOTALL)
FUNCTIONS = {
    name: (result.strip(), " ".join(text.replace("\n *", " ").split()))
    for text, result, name in DECLARED.findall(HEADER)
}
STATUSES = set(re.findall(r"^    DEFRAG_(\w+) = \d+,?$", HEADER.partition("fit;")[0], re.MULTILINE)) - {"OK"}


def test_each_function_has_a_comment_of_its_own():
    assert set(FUNCTIONS) == set(re.findall(r"^DEFRAG_API [^;(]*?\b(defrag_\w+)\(", HEADER, re.MULTILINE))
    assert len(FUNCTIONS) > 20


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_tells_its_cost_what_moves_and_whether_an_interrupt_may_call_it(name):
    text = FUNCTIONS[name][1]
    assert "O(" in text
    assert re.search(r"\b[Mm]ov(e|es|ing)\b", text)
    assert re.search(r"Interrupt: (yes|no|as)\b", text)


@pytest.mark.parametrize("name", [name for name, (result, _) in FUNCTIONS.items() if result == "defrag_status"])
def test_a_function_that_can_fail_tells_how(name):
    text = FUNCTIONS[name][1]
    failures = re.search(r"Fails (?:with|as) .*", text)
    assert failures
    named = set(re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)*\b", failures[0])) & STATUSES
    assert "INVALID_POOL" in named or "Fails as defrag_" in failures[0] or name == "defrag_init"


def test_every_status_can_be_the_failure_of_some_function():
    told = " ".join(text for _, text in FUNCTIONS.values())
    assert len(STATUSES) == 13
    assert {status for status in STATUSES if not re.search(rf"\b{status}\b", told)} == set()
