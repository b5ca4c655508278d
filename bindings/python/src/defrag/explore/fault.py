# SPDX-License-Identifier: MIT
"""What is wrong with what somebody gave."""


class FaultError(Exception):
    """What is wrong, in one sentence that says what to do."""


class BrokenError(FaultError):
    """The library broke its word; the sentence tells how."""
