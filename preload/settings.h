/* settings.h - what the environment asked for; written once by cold/settings.c, then read only.
 *
 * Room: preload.  Every field has a row in settings.def: variable, default, bounds.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_SETTINGS_H
#define RP_PRELOAD_SETTINGS_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/network.h"
#include "preload/hot/trigger.h"
#include "store/catalog.h"

enum { RP_ERROR_WORDS = 8 };

struct rp_settings {
	uint64_t interval_ns; /* between two ticks of a thread */
	uint64_t max_ns;      /* longest recording */
	uint64_t max_samples; /* a session */
	uint64_t max_bytes;   /* a session */
	uint64_t concurrent;  /* sessions at once */
	uint64_t rate_milli;  /* sessions a second, thousandths */
	uint64_t burst;       /* sessions before the rate counts */
	uint64_t max_frames;  /* a stack */
	uint64_t slow_ns;     /* requests that take longer are kept; RP_NEVER: not for that */
	uint64_t slow_interval_ns;
	uint64_t errors[RP_ERROR_WORDS]; /* statuses from 100 on that are kept, a bit each */
	bool ps;                         /* the table of requests in flight may be seen */
	bool open_loopback;              /* loopback peers may use every mode */
	bool keep_answers;               /* no mode replaces one */
	bool headers_off;                /* answers get no headers of ours */
	bool libunwind;                  /* walks stacks; else our own tables do */
	bool runtimes;                   /* of languages are asked whose work it is */
	char dir[256];                   /* "" : /tmp/reqprof-<uid> */
	char log[256];                   /* "" : silent */
	char tool[256];                  /* "" : beside the shim */
	char exe[256];                   /* "" : every program; else those that are not inert */
	struct rp_keep keep;
	struct rp_networks allow;   /* not given: this machine, or with a secret everybody */
	struct rp_networks proxies; /* whose X-Forwarded-For is believed */
	struct rp_trigger_rules rules;
};

extern struct rp_settings rp_settings;

/* False: AT_SECURE, or the constructor failed; every hook only forwards. */
extern bool rp_awake;

#endif
