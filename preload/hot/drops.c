/* drops.c - the counters of drops.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/drops.h"

_Atomic uint64_t rp_drops[RP_N_DROPS];
