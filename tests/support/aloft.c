/* aloft.c - see aloft.h.  SPDX-License-Identifier: MIT */
#include "tests/support/aloft.h"

#include <stdlib.h>
#include <string.h>
#include "preload/hot/current.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"

static struct rp_inflight table;

void aloft_ready(uint64_t slow_ns)
{
	flagged_ready();
	aloft_begin(slow_ns);
}

void aloft_begin(uint64_t slow_ns)
{
	rp_settings.slow_ns = slow_ns;
	rp_settings.rate_milli = 1000000000;
	rp_settings.burst = 1000000;
	rp_flight_on = true;
	rp_flight_keeps = slow_ns != RP_NEVER;
	atomic_store(&rp_flights, &table);
	atomic_store(&rp_flight_asleep, 0);
	atomic_store(&rp_followed, 1);
}

static struct rp_span span(const char *text)
{
	return (struct rp_span){text, strlen(text)};
}

struct aloft aloft_claim(const char *target)
{
	struct rp_head head = {.method = span("GET"),
	                       .target = span(target),
	                       .protocol = span("HTTP/1.1"),
	                       .host = span("localhost")};
	struct aloft a;

	a.serial = rp_flight_claim(&(struct rp_boarding){.fd = -1,
	                                                 .client = true,
	                                                 .accepted_ns = RP_NEVER,
	                                                 .head = &head},
	                           &a.number);
	return a;
}

struct aloft aloft_enter(const char *target)
{
	struct aloft a = aloft_claim(target);

	rp_current_enter(a.number, a.serial);
	if (rp_self.armed != RP_ARMED_LIGHT)
		abort();
	return a;
}

enum rp_flight_state aloft_state(struct aloft a)
{
	return (enum rp_flight_state)(uint32_t)atomic_load(&rp_flight_at(a.number)->hold);
}

unsigned aloft_taken(void)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RP_MAX_FLIGHTS / 64; i++)
		n += (unsigned)__builtin_popcountll(atomic_load(&rp_flights_taken[i]));
	return n;
}
