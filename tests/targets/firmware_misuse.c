/* SPDX-License-Identifier: MIT */
#include "firmware.h"
#include "misuse.h"

FIRMWARE(MISUSE);
