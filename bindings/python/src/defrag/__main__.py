# SPDX-License-Identifier: MIT
"""`python -m defrag` is the command `defrag`."""

from .command import run

if __name__ == "__main__":
    run()
