/* conn_stall.c - the client makes a host wait that does not block: between two calls on its
 * connection.
 *
 * Room: hot.  A stall begins when a call is over, more is to come, and the kernel says that the
 * connection is not ready for it; it ends with the next bytes.  SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat_book.h"
#include "preload/hot/sys.h"

bool rp_conn_is_ready(int fd, enum rp_stall_way way)
{
	struct pollfd p = {.fd = fd, .events = way == RP_STALL_SENDS ? POLLIN : POLLOUT};
	struct timespec now = {0, 0};

	return rp_sys(SYS_ppoll, &p, 1, &now, 0, sizeof(uint64_t)) != 0;
}

void rp_conn_stall_begin(int fd, struct rp_conn *c, enum rp_stall_way way)
{
	struct rp_self *s = &rp_self;

	if (s->armed == RP_ARMED_LIGHT) { /* asked when it leaves: seldom */
		rp_seat_book(s)->talks = (uint32_t)fd + 1;
		rp_seat_book(s)->way = way;
		return;
	}
	if (s->armed != RP_ARMED || s->wait || rp_conn_is_ready(fd, way))
		return;
	c->stalls[way].serial = s->serial;
	c->stalls[way].since_ns = rp_mono_ns();
	c->stalled[way] = true;
}

void rp_conn_stall_left(int fd, enum rp_stall_way way, uint32_t number, uint32_t serial,
                        uint64_t now_ns)
{
	struct rp_conn *c = rp_flight_lives(number, serial) ? rp_conn_of(fd) : NULL;

	if (!rp_flight_keeps || !c || rp_conn_is_ready(fd, way))
		return;
	c->stalls[way].serial = serial;
	c->stalls[way].since_ns = now_ns;
	c->stalled[way] = true;
}

void rp_conn_stall_end(struct rp_conn *c, enum rp_stall_way way)
{
	struct rp_self *s = &rp_self;
	struct rp_note_stall n = {.way = way, .begin_ns = c->stalls[way].since_ns};
	bool same = c->stalls[way].serial == s->serial;

	c->stalls[way].since_ns = 0;
	c->stalled[way] = false;
	if (!n.begin_ns || !same || !s->armed || s->wait)
		return;
	n.span_ns = rp_mono_ns() - n.begin_ns;
	if (s->armed == RP_ARMED_LIGHT)
		rp_book_note(rp_book_for(s), RP_NOTE_STALL, &n, sizeof(n), NULL, 0, NULL);
	if (s->armed != RP_ARMED)
		return;
	rp_track_push(s->track, RP_NOTE_STALL, &n, sizeof(n), NULL, 0, NULL, 0);
}
