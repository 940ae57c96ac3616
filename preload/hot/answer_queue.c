/* answer_queue.c - see answer_queue.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/answer_queue.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sys/stat.h>
#include "preload/hot/clock.h"
#include "preload/hot/heads.h"
#include "preload/hot/sys.h"

enum { FILE_BYTES = 4096, MOST_SECONDS = 1000000, SEND_TRIES = 10 };

/* The host's call may wait so long. */
static uint64_t patience_ns(const struct rp_offer *o)
{
	struct timeval most = {0, 0};
	socklen_t n = sizeof(most);

	if (rp_sys(SYS_getsockopt, o->fd, SOL_SOCKET, SO_SNDTIMEO, &most, &n) != 0 ||
	    (!most.tv_sec && !most.tv_usec) || most.tv_sec > MOST_SECONDS)
		return MOST_SECONDS * 1000000000ull;
	return (uint64_t)most.tv_sec * 1000000000 + (uint64_t)most.tv_usec * 1000;
}

/* Until there is room again, or nobody to make any.  False: not before END_NS. */
static bool wait_for_room(struct rp_answer *a, uint64_t sent, uint64_t end_ns)
{
	uint64_t now_ns = rp_mono_ns(), left_ns = now_ns < end_ns ? end_ns - now_ns : 0;
	struct timespec t = {1, 0};

	if (left_ns < 1000000000)
		t = (struct timespec){0, (long)left_ns};
	if (left_ns)
		rp_sys(SYS_futex, &a->sent, FUTEX_WAIT_PRIVATE, (uint32_t)sent, &t);
	return left_ns;
}

/* The bytes for which there is room, once there is some; 0: FATE says why there is none. */
static size_t make_room(struct rp_answer *a, const struct rp_offer *o, struct rp_fate *fate)
{
	bool may_wait = false, asked = false;
	uint64_t end_ns = 0;

	while (!fate->full) {
		uint64_t sent = atomic_load(&a->sent);
		size_t room = rp_answer_room(a, &fate->over);

		if (room || fate->over)
			return room;
		may_wait = may_wait || a->patient || rp_offer_blocks(o);
		if (may_wait && !end_ns)
			end_ns = rp_mono_ns() + patience_ns(o);
		if (may_wait)
			fate->full = !wait_for_room(a, sent, end_ns);
		else if (asked) /* there was none, nor since it was said */
			fate->full = true;
		atomic_store(&a->hungry, !may_wait);
		asked = true;
	}
	return 0;
}

/* Puts all it can of BYTES behind the page of A. */
static size_t put_bytes(struct rp_answer *a, const struct rp_offer *o, const char *bytes, size_t n,
                        struct rp_fate *fate)
{
	size_t put = 0;

	while (put < n && make_room(a, o, fate))
		put += rp_answer_queue(a, bytes + put, n - put, &fate->over);
	return put;
}

/* ---- files ----------------------------------------------------------------------------------- */

int64_t rp_file_left(const struct rp_offer *o, size_t n, int64_t *at)
{
	struct stat st;

	if (rp_sys(SYS_fstat, o->in, &st) != 0 || !S_ISREG(st.st_mode))
		return -1;
	*at = o->at ? *o->at : rp_sys(SYS_lseek, o->in, 0, SEEK_CUR);
	if (*at < 0)
		return -1;
	int64_t left = st.st_size > *at ? st.st_size - *at : 0;

	return left < (int64_t)n ? left : (int64_t)n;
}

void rp_file_advance(const struct rp_offer *o, int64_t at)
{
	if (o->at)
		*o->at = at;
	else
		rp_sys(SYS_lseek, o->in, at, SEEK_SET);
}

static bool is_there(int fd, short events, const struct timespec *patience)
{
	struct pollfd p = {.fd = fd, .events = events};
	struct timespec t = *patience;

	return rp_sys(SYS_ppoll, &p, 1, &t, NULL, sizeof(uint64_t)) != 0;
}

long rp_file_read(const struct rp_offer *o, char *buf, size_t n, int64_t at)
{
	const struct timespec none = {0, 0};
	long got;

	if (at < 0 && o->flags & MSG_DONTWAIT && !is_there(o->in, POLLIN, &none))
		got = -EAGAIN;
	else
		got = at >= 0 ? rp_sys(SYS_pread64, o->in, buf, n, at)
		              : rp_sys(SYS_read, o->in, buf, n);
	if (got >= 0)
		return got;
	errno = (int)-got;
	return -1;
}

static ssize_t put_file(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o, size_t n,
                        int64_t at, struct rp_fate *fate)
{
	char some[FILE_BYTES];
	size_t done = 0;
	bool failed = false;

	while (done < n) {
		size_t want = n - done < sizeof(some) ? n - done : sizeof(some);
		long got = rp_file_read(o, some, want, at);
		size_t put = got > 0 ? put_bytes(a, o, some, (size_t)got, fate) : 0;

		failed = got < 0;
		at += (int64_t)put;
		done += put;
		if (put)
			rp_part_say(c, o, (struct rp_part){0, put, false});
		if (!put || (long)put < got)
			break;
	}
	rp_file_advance(o, at);
	return done || !failed ? (ssize_t)done : -1;
}

/* Bytes that the host has no more, and that our thread does not send: they go out here and now, or
 * nothing does behind them. */
static void send_all(int fd, const char *bytes, size_t n)
{
	const struct timespec second = {1, 0};

	for (int tries = 0; n && tries < SEND_TRIES; tries++) {
		long put = rp_sys(SYS_sendto, fd, bytes, n, MSG_NOSIGNAL, NULL, 0);

		if (put > 0) {
			bytes += put;
			n -= (size_t)put;
		} else if (put == -EAGAIN) {
			is_there(fd, POLLOUT, &second);
		} else if (put != -EINTR) {
			break;
		}
	}
	if (n)
		rp_sys(SYS_shutdown, fd, SHUT_WR);
}

/* Nothing is taken out of a pipe for which there is no room. */
static ssize_t put_pipe(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o, size_t n,
                        struct rp_fate *fate)
{
	char some[FILE_BYTES];
	size_t room = make_room(a, o, fate);

	n = n < sizeof(some) ? n : sizeof(some);
	long got = room ? rp_file_read(o, some, n < room ? n : room, -1) : 0;

	if (got <= 0)
		return got;
	size_t put = rp_answer_queue(a, some, (size_t)got, &fate->over);

	send_all(o->fd, some + put, (size_t)got - put);
	rp_part_say(c, o, (struct rp_part){0, (size_t)got, false});
	return got;
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Our lines of an answer that stays after all.  False: there is no room for all of them. */
static bool put_lines(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o,
                      struct rp_heads *h, struct rp_fate *fate)
{
	size_t n = (size_t)(h->insert.n - h->insert.sent);
	size_t put = put_bytes(a, o, h->lines + h->insert.sent, n, fate);

	rp_insert_took(&h->insert, put);
	rp_heads_let(c, h);
	return put == n;
}

ssize_t rp_answer_put(struct rp_conn *c, struct rp_answer *a, const struct rp_offer *o,
                      struct rp_part part, struct rp_fate *fate)
{
	struct iovec iov;
	int64_t at = -1, left = o->iov ? 0 : rp_file_left(o, part.n, &at);
	size_t done = 0;

	if (!o->iov)
		return left < 0 ? put_pipe(c, a, o, part.n, fate)
		                : put_file(c, a, o, (size_t)left, at, fate);
	while (done < part.n && !fate->over) {
		struct rp_part rest = {part.from + done, part.n - done, false};
		size_t before, n = rp_part_first(o, &rest, &iov);
		struct rp_heads *h = rp_heads_due(c, o, &rest, &before);

		if (h && !put_lines(c, a, o, h, fate))
			break;
		if (h)
			continue;
		n = before < n ? before : n;
		size_t put = put_bytes(a, o, iov.iov_base, n, fate);

		rest.n = put;
		rp_part_say(c, o, rest);
		done += put;
		if (put < n)
			break;
	}
	return (ssize_t)done;
}
