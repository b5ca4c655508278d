#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Prints the version that defrag.h states: the package's version is the C library's."""

import re
from pathlib import Path

HEADER = Path(__file__).parent.parent / "c/include/defrag.h"

parts = dict(re.findall(r"#define DEFRAG_VERSION_(MAJOR|MINOR|PATCH) (\d+)", HEADER.read_text()))
print(parts["MAJOR"], parts["MINOR"], parts["PATCH"], sep=".")
