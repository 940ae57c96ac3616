/* settings.h - what the environment asked for; written once by cold/settings.c, then read only.
 *
 * Room: preload.  Every field has a row in settings.def: variable, default, bounds.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_SETTINGS_H
#define RP_PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/trigger.h"
#include "store/catalog.h"

struct rp_settings {
	uint64_t interval_ns; /* between two ticks of a thread */
	uint64_t max_ns;      /* longest recording */
	uint64_t max_samples; /* a session */
	uint64_t max_bytes;   /* a session */
	uint64_t concurrent;  /* sessions at once */
	uint64_t rate_milli;  /* sessions a second, thousandths */
	uint64_t burst;       /* sessions before the rate counts */
	uint64_t max_frames;  /* a stack */
	bool open_loopback;   /* loopback peers may use every mode */
	bool libunwind;       /* walks stacks; else our own tables do */
	char dir[256];        /* "" : /tmp/reqprof-<uid> */
	char log[256];        /* "" : silent */
	struct rp_keep keep;
	struct rp_trigger_rules rules;
};

extern struct rp_settings rp_settings;

/* False: AT_SECURE, or the constructor failed; every hook only forwards. */
extern bool rp_awake;

#endif
