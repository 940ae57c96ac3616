/* sofar.h - what is known of a flagged request while it goes on.
 *
 * Room: hot.  Threads that work for it add what they measure anyway, at their samples and waits;
 * the lines in the head of its answer tell it.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SOFAR_H
#define RP_HOT_SOFAR_H

#include <stdint.h>
#include "store/records.h"

struct rp_sofar {
	uint64_t cpu_ns, waits_ns[RP_N_WAIT_KINDS];
};

/* A request begins in slot NUMBER. */
void rp_sofar_begin(uint32_t number);

void rp_sofar_add_cpu(uint32_t number, uint64_t cpu_ns);
/* A wait took SPAN_NS, of which CPU_NS the thread ran. */
void rp_sofar_add_wait(uint32_t number, enum rp_wait_kind kind, uint64_t span_ns, uint64_t cpu_ns);

/* All of it until now, as far as the calling thread is concerned; until their last sample or wait
 * where others work for it. */
void rp_sofar_read(struct rp_sofar *to, uint32_t number, uint32_t serial);

#endif
