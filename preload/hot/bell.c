/* bell.c - see bell.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/bell.h"

#include <stdatomic.h>
#include "preload/hot/conn.h"
#include "preload/hot/turn.h"

/* By set and data; of two that share a place the later one has it. */
enum { N_BELLS = 1024 };
static _Atomic uint32_t bells[N_BELLS];

/* The set that a bell is in, + 1. */
static _Atomic uint32_t sets[RP_MAX_FDS];

static uint64_t mixed(int epfd, uint64_t data)
{
	uint64_t key = (data ^ (uint64_t)(unsigned)epfd << 48) * 0x9e3779b97f4a7c15u;

	return (key ^ key >> 29) * 0xbf58476d1ce4e5b9u;
}

static _Atomic uint32_t *place_of(int epfd, uint64_t data, uint32_t *tag)
{
	uint64_t key = mixed(epfd, data);

	*tag = (uint32_t)key | 1;
	return &bells[(key >> 32) % N_BELLS];
}

bool rp_bell_is(int fd)
{
	uint8_t kind = rp_conn_kind(fd);

	return kind == RP_FD_CARRIER || kind == RP_FD_TIMER;
}

void rp_bell_put(int epfd, int fd, uint64_t data)
{
	uint32_t tag;
	_Atomic uint32_t *place = place_of(epfd, data, &tag);

	if (rp_bell_is(fd)) {
		atomic_store_explicit(place, tag, memory_order_relaxed);
		atomic_store_explicit(&sets[fd], (uint32_t)epfd + 1, memory_order_relaxed);
	} else if (atomic_load_explicit(place, memory_order_relaxed) == tag) {
		atomic_store_explicit(place, 0, memory_order_relaxed);
	}
}

void rp_bell_is_rung(int fd)
{
	uint32_t set = (unsigned)fd < RP_MAX_FDS
	                       ? atomic_load_explicit(&sets[fd], memory_order_relaxed)
	                       : 0;

	if (set)
		rp_turn_set_rung((int)set - 1, false);
}

bool rp_bell_rings(int epfd, uint64_t data)
{
	uint32_t tag;
	_Atomic uint32_t *place = place_of(epfd, data, &tag);

	return atomic_load_explicit(place, memory_order_relaxed) == tag;
}
