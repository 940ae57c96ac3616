/* late.c - see late.h: the shim's own functions are watched from outside of them, by the linker
 * (--wrap), and libc's by the table of the true ones.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/truth/late.h"

#include <fcntl.h>
#include <linux/futex.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/real.h"

enum { N_MET = 64 };

static struct late_counts *late_counts; /* NULL: nobody counts */

/* What the calling thread met since FROM; and what was said when it touched, of which it is not yet
 * known whether it touches others, too, before it waits. */
static _Thread_local struct {
	enum late_from from;
	char touched[LATE_ID];
	bool others;
	_Atomic uint64_t *where;
	unsigned said[2];
	uint32_t mutexes; /* that it let go */
	unsigned n;
	struct {
		char id[LATE_ID];
		uint32_t mutexes;
	} met[N_MET];
} self;

static enum late_who who(void)
{
	if (rp_current_is_told(&rp_self))
		return LATE_TOLD;
	return rp_self.turn.looped ? LATE_LOOP : LATE_THREAD;
}

void late_met(const char *id)
{
	if (!late_counts || self.n == N_MET || !atomic_load(&rp_n_live))
		return;
	strcpy(self.met[self.n].id, id);
	self.met[self.n++].mutexes = self.mutexes;
}

static void settle(void)
{
	for (int right = 0; right < 2; right++)
		if (!self.others && self.said[right])
			atomic_fetch_add(&self.where[right], self.said[right]);
	memset(self.touched, 0, LATE_ID);
	self.said[0] = self.said[1] = 0;
	self.others = false;
}

static void bounds(enum late_from from)
{
	if (from >= LATE_EVENTS && from <= LATE_PIPE)
		settle();
	else if (from == LATE_OTHER)
		self.others = true;
	for (unsigned i = 0; i < self.n; i++)
		if (*self.met[i].id == 'f')
			atomic_fetch_add(&late_counts->never[who()], 1);
	self.n = 0;
	self.from = from;
}

static void note_wrong(enum late_touch touch, const char *truth, const char *belief)
{
	struct late_wrong *w =
	        &late_counts->wrongs[atomic_fetch_add(&late_counts->n_wrongs, 1) % 16];

	w->from = self.from;
	w->touch = touch;
	strcpy(w->truth, truth);
	strcpy(w->belief, belief);
}

/* Something of the flagged request in SLOT: all that was met would be its own. */
static void touches(uint32_t slot, enum late_touch touch)
{
	_Atomic uint64_t(*n)[2] = late_counts->n[who()][self.from][touch];
	char id[LATE_ID];

	late_id_of(slot, id);
	if (*self.touched && strcmp(self.touched, id))
		self.others = true;
	strcpy(self.touched, id);
	for (unsigned i = 0; i < self.n; i++) {
		bool right = !strcmp(self.met[i].id, id),
		     same = self.met[i].mutexes == self.mutexes;

		atomic_fetch_add(&n[LATE_ALWAYS][right], 1);
		if (same)
			atomic_fetch_add(&n[LATE_NO_MUTEX][right], 1);
		if (same && !self.others) {
			self.where = n[LATE_ALONE];
			self.said[right]++;
		}
		if (!right)
			note_wrong(touch, self.met[i].id, id);
	}
	self.n = 0;
	self.from = LATE_OTHER;
}

/* ---- what the shim finds ---- */

__typeof__(rp_conn_touch) __real_rp_conn_touch, __wrap_rp_conn_touch;
void __wrap_rp_conn_touch(int fd, bool reads, int flags)
{
	uint8_t kind = rp_conn_kind(fd);
	struct rp_conn *c = kind == RP_FD_CONN ? rp_conn_of(fd) : NULL;
	struct rp_run *run = c && !c->h2 ? rp_pending_front(&c->pending) : NULL;
	bool flagged = run && run->serial && run->request < RP_MAX_REQUESTS &&
	               rp_request_lives(run->request, run->serial);

	if (late_counts && flagged)
		touches(run->request, reads                            ? LATE_READS
		                      : rp_pending_single(&c->pending) ? LATE_ANSWERS
		                                                       : LATE_IN_TURN);
	else if (late_counts && c && !c->h2)
		bounds(LATE_OTHER);
	__real_rp_conn_touch(fd, reads, flags);
}

__typeof__(rp_turn_allows) __real_rp_turn_allows, __wrap_rp_turn_allows;
bool __wrap_rp_turn_allows(uint32_t request, enum rp_source by, bool reads)
{
	if (late_counts && request < RP_MAX_REQUESTS && by != RP_BY_TIMER)
		touches(request, by == RP_BY_PIPE ? LATE_CARRIED : reads ? LATE_HEARS : LATE_ASKS);
	return __real_rp_turn_allows(request, by, reads);
}

__typeof__(rp_turn_allows_client) __real_rp_turn_allows_client, __wrap_rp_turn_allows_client;
bool __wrap_rp_turn_allows_client(uint32_t request, bool watched, bool reads)
{
	if (late_counts && request < RP_MAX_REQUESTS)
		touches(request, reads ? LATE_READS : LATE_ANSWERS);
	return __real_rp_turn_allows_client(request, watched, reads);
}

__typeof__(rp_current_take) __real_rp_current_take, __wrap_rp_current_take;
void __wrap_rp_current_take(const struct rp_handoff *h)
{
	if (late_counts)
		bounds(LATE_LEFT);
	__real_rp_current_take(h);
}

__typeof__(rp_current_leave_armed) __real_rp_current_leave_armed, __wrap_rp_current_leave_armed;
void __wrap_rp_current_leave_armed(void)
{
	if (late_counts)
		bounds(LATE_LEFT);
	__real_rp_current_leave_armed();
}

__typeof__(rp_turn_wait) __real_rp_turn_wait, __wrap_rp_turn_wait;
bool __wrap_rp_turn_wait(uint64_t timeout_ns, bool may_hold, int *most)
{
	bool held = __real_rp_turn_wait(timeout_ns, may_hold, most);

	if (late_counts)
		bounds(LATE_EVENTS);
	return held;
}

/* ---- what it need not look at while a thread works for nobody ---- */

#define WATCHED(ret, name, from, params, args)                                                     \
	static ret(*real_##name) params;                                                           \
	static ret my_##name params                                                                \
	{                                                                                          \
		if (from)                                                                          \
			bounds(from);                                                              \
		return real_##name args;                                                           \
	}

static enum late_from by_fd(int fd)
{
	uint8_t kind = rp_conn_kind(fd);

	if (kind == RP_FD_CARRIER || kind == RP_FD_TIMER)
		return LATE_PIPE;
	return kind == RP_FD_CONN || kind == RP_FD_NEW ? LATE_OTHER : 0;
}

/* A handler may wait so for a server that it asks. */
static enum late_from by_poll(const struct pollfd *fds, nfds_t n)
{
	return n == 1 && fds->fd >= 0 && !by_fd(fds->fd) ? 0 : LATE_EVENTS;
}

/* Its own answer is not yet begun. */
static enum late_from by_bytes(int fd)
{
	uint8_t kind = rp_conn_kind(fd);
	struct stat st;

	if (kind != RP_FD_OTHER)
		return by_fd(fd) == LATE_PIPE ? LATE_PIPE : 0;
	return rp_sys(SYS_newfstatat, fd, "", &st, AT_EMPTY_PATH) == 0 &&
	                       (S_ISFIFO(st.st_mode) || !(st.st_mode & S_IFMT))
	               ? LATE_PIPE
	               : 0;
}

static void lets_go(void)
{
	self.mutexes++;
}

WATCHED(int, epoll_wait, LATE_EVENTS, (int s, struct epoll_event *e, int n, int ms), (s, e, n, ms))
WATCHED(int, epoll_pwait, LATE_EVENTS,
        (int s, struct epoll_event *e, int n, int ms, const sigset_t *m), (s, e, n, ms, m))
WATCHED(int, epoll_pwait2, LATE_EVENTS,
        (int s, struct epoll_event *e, int n, const struct timespec *t, const sigset_t *m),
        (s, e, n, t, m))
WATCHED(int, poll, by_poll(f, n), (struct pollfd * f, nfds_t n, int ms), (f, n, ms))
WATCHED(int, ppoll, by_poll(f, n),
        (struct pollfd * f, nfds_t n, const struct timespec *t, const sigset_t *m), (f, n, t, m))
WATCHED(int, select, LATE_EVENTS, (int n, fd_set *i, fd_set *o, fd_set *x, struct timeval *t),
        (n, i, o, x, t))
WATCHED(int, pthread_cond_wait, LATE_COND, (pthread_cond_t * c, pthread_mutex_t *m), (c, m))
WATCHED(int, pthread_cond_timedwait, LATE_COND,
        (pthread_cond_t * c, pthread_mutex_t *m, const struct timespec *t), (c, m, t))
WATCHED(int, pthread_cond_clockwait, LATE_COND,
        (pthread_cond_t * c, pthread_mutex_t *m, clockid_t k, const struct timespec *t),
        (c, m, k, t))
WATCHED(int, sem_wait, LATE_SEM, (sem_t * s), (s))
WATCHED(int, sem_timedwait, LATE_SEM, (sem_t * s, const struct timespec *t), (s, t))
WATCHED(int, sem_clockwait, LATE_SEM, (sem_t * s, clockid_t k, const struct timespec *t), (s, k, t))
WATCHED(ssize_t, read, by_bytes(fd), (int fd, void *to, size_t n), (fd, to, n))
WATCHED(ssize_t, recv, by_bytes(fd), (int fd, void *to, size_t n, int f), (fd, to, n, f))
WATCHED(int, accept, LATE_OTHER, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
WATCHED(int, accept4, LATE_OTHER, (int fd, struct sockaddr *a, socklen_t *n, int f), (fd, a, n, f))
WATCHED(int, pthread_mutex_unlock, (lets_go(), 0), (pthread_mutex_t * m), (m))

static long (*real_syscall)(long nr, ...);
static long my_syscall(long nr, ...)
{
	long a[6];
	va_list args;

	va_start(args, nr);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (nr == SYS_futex &&
	    ((a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT || (a[1] & FUTEX_CMD_MASK) == FUTEX_WAIT_BITSET))
		bounds(LATE_FUTEX);
	return real_syscall(nr, a[0], a[1], a[2], a[3], a[4], a[5]);
}

#define STAND(name)                                                                                \
	do {                                                                                       \
		real_##name = rp_real.name;                                                        \
		rp_real.name = my_##name;                                                          \
	} while (0)

void late_stand(struct late_counts *counts)
{
	late_counts = counts;
	STAND(epoll_wait);
	STAND(epoll_pwait);
	STAND(epoll_pwait2);
	STAND(poll);
	STAND(ppoll);
	STAND(select);
	STAND(pthread_cond_wait);
	STAND(pthread_cond_timedwait);
	STAND(pthread_cond_clockwait);
	STAND(sem_wait);
	STAND(sem_timedwait);
	STAND(sem_clockwait);
	STAND(read);
	STAND(recv);
	STAND(accept);
	STAND(accept4);
	STAND(pthread_mutex_unlock);
	STAND(syscall);
}
