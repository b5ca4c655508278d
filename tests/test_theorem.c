/* SPDX-License-Identifier: MIT */
#include "support.h"
#include "theorem.h"

THEOREM(GROUND_TEST)
