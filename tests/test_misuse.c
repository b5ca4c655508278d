/* SPDX-License-Identifier: MIT */
#include "misuse.h"
#include "support.h"

MISUSE(GROUND_TEST)
