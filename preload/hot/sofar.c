/* sofar.c - see sofar.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/sofar.h"

#include <stdatomic.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/limits.h"

static struct {
	_Atomic uint64_t cpu_ns, waits_ns[RP_N_WAIT_KINDS];
} sums[RP_MAX_REQUESTS];

static void add(_Atomic uint64_t *sum, uint64_t n)
{
	atomic_fetch_add_explicit(sum, n, memory_order_relaxed);
}

void rp_sofar_begin(uint32_t number)
{
	atomic_store_explicit(&sums[number].cpu_ns, 0, memory_order_relaxed);
	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++)
		atomic_store_explicit(&sums[number].waits_ns[i], 0, memory_order_relaxed);
}

void rp_sofar_add_cpu(uint32_t number, uint64_t cpu_ns)
{
	add(&sums[number].cpu_ns, cpu_ns);
}

void rp_sofar_add_wait(uint32_t number, enum rp_wait_kind kind, uint64_t span_ns, uint64_t cpu_ns)
{
	add(&sums[number].cpu_ns, cpu_ns);
	add(&sums[number].waits_ns[kind], span_ns > cpu_ns ? span_ns - cpu_ns : 0);
}

/* A tick may move the mark in between: then both are read again. */
static uint64_t cpu_ns(uint32_t number, uint32_t serial)
{
	volatile const uint64_t *mark_ns = &rp_self.cpu_mark_ns;
	uint64_t was_ns, sum_ns;
	int64_t since_ns;

	do {
		was_ns = *mark_ns;
		sum_ns = atomic_load(&sums[number].cpu_ns);
		since_ns = rp_current_works(number, serial) ? (int64_t)(rp_cpu_ns() - was_ns) : 0;
	} while (was_ns != *mark_ns);
	return sum_ns + (since_ns > 0 ? (uint64_t)since_ns : 0);
}

void rp_sofar_read(struct rp_sofar *to, uint32_t number, uint32_t serial)
{
	to->cpu_ns = cpu_ns(number, serial);
	for (unsigned i = 0; i < RP_N_WAIT_KINDS; i++)
		to->waits_ns[i] =
		        atomic_load_explicit(&sums[number].waits_ns[i], memory_order_relaxed);
}
