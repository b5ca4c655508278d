#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Completes a source distribution: files take the place of links into the repository."""

import os
import shutil
from pathlib import Path

source = Path(os.environ["MESON_SOURCE_ROOT"])
distribution = Path(os.environ["MESON_DIST_ROOT"])

for link in ("c/include", "c/lib"):
    (distribution / link).unlink()
    shutil.copytree(source / link, distribution / link)
(distribution / "LICENSE").unlink()
shutil.copy2(source / "LICENSE", distribution)
