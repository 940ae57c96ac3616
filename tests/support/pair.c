/* pair.c - see pair.h.  SPDX-License-Identifier: MIT */
#include "tests/support/pair.h"

#include <check.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/hot/conn.h"
#include "preload/hot/gate.h"
#include "preload/hot/request.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"

int pair_fd, pair_peer;

static bool start_ok(void)
{
	return true;
}

void pair_open(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	pair_fd = ends[0];
	pair_peer = ends[1];
	rp_conn_accepted(-1, pair_fd);
}

void pair_close(void)
{
	rp_conn_retire(pair_fd);
	close(pair_fd);
	close(pair_peer);
}

void pair_ready(void)
{
	flagged_ready();
	rp_gate_start = start_ok;
	rp_settings.rate_milli = rp_settings.burst = 1000000;
	rp_settings.interval_ns = 1000000000;
	pair_open();
}

void pair_heard(const char *text)
{
	rp_conn_heard(pair_fd, guard_put(0, text, strlen(text)), strlen(text));
}

void pair_said(const char *text)
{
	rp_conn_said(pair_fd, guard_put(1, text, strlen(text)), strlen(text));
}

static void tell(struct pair_story *to, struct rp_request *r)
{
	unsigned i = to->n++;

	ck_assert_uint_lt(i, 8);
	memcpy(to->target[i], r->target, r->n_target);
	to->status[i] = atomic_load(&r->course.status);
	to->how[i] = atomic_load(&r->course.how);
	to->in[i] = atomic_load(&r->course.bytes_in);
	to->out[i] = atomic_load(&r->course.bytes_out);
	to->body[i] = atomic_load(&r->course.body_ns) != RP_NEVER;
	to->response[i] = atomic_load(&r->course.response_ns) != RP_NEVER;
	ck_assert_uint_le(atomic_load(&r->course.first_byte_ns), atomic_load(&r->course.head_ns));
	ck_assert_uint_le(atomic_load(&r->course.head_ns), atomic_load(&r->course.last_byte_ns));
}

void pair_collect(struct pair_story *to)
{
	for (;;) {
		struct rp_request *oldest = NULL;

		for (unsigned i = 0; i < RP_MAX_REQUESTS; i++) {
			struct rp_request *r = &rp_requests[i];

			if (atomic_load(&r->state) == RP_REQUEST_ENDED &&
			    (!oldest || r->seq < oldest->seq))
				oldest = r;
		}
		if (!oldest)
			return;
		tell(to, oldest);
		rp_request_free(oldest);
	}
}
