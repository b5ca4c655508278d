/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "theorem.h"

FIRMWARE(THEOREM);
