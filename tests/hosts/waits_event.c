/* waits_event.c - waiting for events: poll, select, epoll, io_uring; see waits.h.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <linux/io_uring.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/syscall.h>

static const struct timespec twenty_ms = {.tv_nsec = WAIT_MS * 1000000l};
static volatile sig_atomic_t n_signals;

static void on_signal(int sig)
{
	(void)sig;
	n_signals++;
}

static sigset_t everything(void)
{
	sigset_t set;

	sigfillset(&set);
	return set;
}

static void kick(long thread)
{
	pthread_kill((pthread_t)thread, SIGUSR1);
}

static void run_poll_timeout(struct result *r)
{
	struct pollfd p = {.events = POLLIN};
	int fds[2];

	if (pipe(fds) != 0)
		return;
	p.fd = fds[0];
	object_text(r, "pipe");
	TIMED(r, poll(&p, 1, WAIT_MS));
	r->bytes = p.revents;
	close_two(fds);
}

static void run_poll_woken(struct result *r)
{
	struct pollfd p = {.events = POLLIN};
	struct later l;
	int fds[2];

	tcp_pair(fds);
	p.fd = fds[0];
	object_peer(r, fds[0]);
	later(&l, wake_byte, fds[1]);
	TIMED(r, poll(&p, 1, -1));
	r->bytes = p.revents;
	later_done(&l);
	close_two(fds);
}

static void run_poll_two(struct result *r)
{
	struct pollfd p[2] = {{.events = POLLIN}, {.events = POLLIN}};
	int fds[2];

	if (pipe(fds) != 0)
		return;
	p[0].fd = fds[0];
	p[1].fd = eventfd(0, 0);
	object_text(r, "2 fds: pipe, eventfd");
	TIMED(r, poll(p, 2, WAIT_MS));
	close(p[1].fd);
	close_two(fds);
}

/* poll of nothing is how old programs sleep. */
static void run_poll_sleep(struct result *r)
{
	object_text(r, "20 ms");
	TIMED(r, poll(NULL, 0, WAIT_MS));
}

/* A signal of the host comes half-way: MASK says whether it interrupts. */
static void ppoll_with(struct result *r, const sigset_t *mask, bool kicked)
{
	struct pollfd p = {.fd = eventfd(0, 0), .events = POLLIN};
	struct later l = {.act = kick, .arg = (long)pthread_self(), .ms = WAIT_MS / 2};
	sigset_t one, old;

	sigemptyset(&one);
	sigaddset(&one, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &one, &old);
	n_signals = 0;
	if (kicked)
		pthread_create(&l.thread, NULL, later_main, &l);
	object_text(r, "eventfd");
	TIMED(r, ppoll(&p, 1, &twenty_ms, mask));
	r->bytes = n_signals;
	if (kicked)
		later_done(&l);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	close(p.fd);
}

static void run_ppoll(struct result *r)
{
	ppoll_with(r, NULL, false);
}

static void run_ppoll_masked(struct result *r)
{
	sigset_t all = everything();

	ppoll_with(r, &all, true);
}

static void run_ppoll_open(struct result *r)
{
	sigset_t none;

	sigemptyset(&none);
	ppoll_with(r, &none, false);
}

static void run_ppoll_interrupted(struct result *r)
{
	sigset_t none;

	sigemptyset(&none);
	ppoll_with(r, &none, true);
}

enum way { PLAIN, WOKEN, PWAIT, PWAIT2, OPEN, OPEN2 };

/* PLAIN: until its timeout; WOKEN: by a byte; PWAIT: all signals masked, one comes; OPEN: none
 * masked, none comes. */
static bool is_hit(enum way way)
{
	return way != PLAIN && way != OPEN && way != OPEN2;
}

static sigset_t mask_of(enum way way)
{
	sigset_t set;

	sigemptyset(&set);
	return way == OPEN || way == OPEN2 ? set : everything();
}

static void run_select(struct result *r, enum way way)
{
	struct later l = {.act = kick, .arg = (long)pthread_self(), .ms = WAIT_MS / 2};
	struct timeval t = {.tv_usec = WAIT_MS * 1000};
	sigset_t mask = mask_of(way);
	int fds[2];
	fd_set set;

	if (pipe(fds) != 0)
		return;
	FD_ZERO(&set);
	FD_SET(fds[0], &set);
	object_text(r, "pipe");
	if (way == WOKEN)
		l = (struct later){.act = wake_byte, .arg = fds[1], .ms = WAIT_MS};
	if (is_hit(way))
		pthread_create(&l.thread, NULL, later_main, &l);
	if (way == PWAIT || way == OPEN)
		TIMED(r, pselect(fds[0] + 1, &set, NULL, NULL, &twenty_ms, &mask));
	else
		TIMED(r, select(fds[0] + 1, &set, NULL, NULL, way == PLAIN ? &t : NULL));
	/* What select leaves in its arguments. */
	r->bytes = way == PLAIN ? t.tv_usec : FD_ISSET(fds[0], &set) != 0;
	if (is_hit(way))
		later_done(&l);
	close_two(fds);
}

static void run_select_timeout(struct result *r)
{
	run_select(r, PLAIN);
}

static void run_select_woken(struct result *r)
{
	run_select(r, WOKEN);
}

static void run_pselect_masked(struct result *r)
{
	run_select(r, PWAIT);
}

static void run_pselect_open(struct result *r)
{
	run_select(r, OPEN);
}

static int epoll_of(int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};
	int ep = epoll_create1(0);

	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &e);
	return ep;
}

static void run_epoll(struct result *r, enum way way)
{
	struct later l = {.act = kick, .arg = (long)pthread_self(), .ms = WAIT_MS / 2};
	sigset_t mask = mask_of(way);
	struct epoll_event e[4];
	int fds[2];

	if (pipe(fds) != 0)
		return;
	int ep = epoll_of(fds[0]);

	object_text(r, "eventpoll");
	if (way == WOKEN)
		l = (struct later){.act = wake_byte, .arg = fds[1], .ms = WAIT_MS};
	if (is_hit(way))
		pthread_create(&l.thread, NULL, later_main, &l);
	if (way == PWAIT || way == OPEN)
		TIMED(r, epoll_pwait(ep, e, 4, WAIT_MS, &mask));
	else if (way == PWAIT2 || way == OPEN2)
		TIMED(r, epoll_pwait2(ep, e, 4, &twenty_ms, &mask));
	else
		TIMED(r, epoll_wait(ep, e, 4, way == PLAIN ? WAIT_MS : -1));
	if (is_hit(way))
		later_done(&l);
	close(ep);
	close_two(fds);
}

static void run_epoll_wait(struct result *r)
{
	run_epoll(r, PLAIN);
}

static void run_epoll_woken(struct result *r)
{
	run_epoll(r, WOKEN);
}

static void run_epoll_pwait(struct result *r)
{
	run_epoll(r, PWAIT);
}

static void run_epoll_pwait2(struct result *r)
{
	run_epoll(r, PWAIT2);
}

static void run_epoll_pwait_open(struct result *r)
{
	run_epoll(r, OPEN);
}

static void run_epoll_pwait2_open(struct result *r)
{
	run_epoll(r, OPEN2);
}

/* No ring is mapped: entering only waits for a completion that never comes. */
static void run_uring_timeout(struct result *r)
{
	struct io_uring_params p = {0};
	struct __kernel_timespec t = {.tv_nsec = WAIT_MS * 1000000ll};
	struct io_uring_getevents_arg arg = {.ts = (uintptr_t)&t};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0) {
		r->skip = "no-io_uring-here";
		return;
	}
	object_text(r, "io_uring");
	TIMED(r, syscall(SYS_io_uring_enter, ring, 0, 1,
	                 IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &arg, sizeof(arg)));
	close(ring);
}

/* Queues one IORING_OP_TIMEOUT of 20 ms. */
static void queue_timeout(char *sq, const struct io_uring_params *p, struct io_uring_sqe *sqe,
                          const struct __kernel_timespec *t)
{
	*sqe = (struct io_uring_sqe){.opcode = IORING_OP_TIMEOUT, .addr = (uintptr_t)t, .len = 1};
	*(unsigned *)(sq + p->sq_off.array) = 0;
	__atomic_store_n((unsigned *)(sq + p->sq_off.tail), 1, __ATOMIC_RELEASE);
}

/* Submits and waits without a limit, as liburing's io_uring_submit_and_wait. */
static void run_uring_woken(struct result *r)
{
	struct io_uring_params p = {0};
	struct __kernel_timespec t = {.tv_nsec = WAIT_MS * 1000000ll};
	int ring = (int)syscall(SYS_io_uring_setup, 4, &p);

	if (ring < 0) {
		r->skip = "no-io_uring-here";
		return;
	}
	char *sq =
	        mmap(NULL, 1 << 14, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQ_RING);
	char *cq =
	        mmap(NULL, 1 << 14, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_CQ_RING);
	struct io_uring_sqe *sqes =
	        mmap(NULL, 1 << 12, PROT_READ | PROT_WRITE, MAP_SHARED, ring, IORING_OFF_SQES);

	if (sq == MAP_FAILED || cq == MAP_FAILED || sqes == MAP_FAILED) {
		r->skip = "rings-not-mapped";
		return;
	}
	queue_timeout(sq, &p, sqes, &t);
	object_text(r, "io_uring");
	TIMED(r, syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0));
	r->bytes = *(unsigned *)(cq + p.cq_off.tail); /* events that are really there */
	munmap(sq, 1 << 14);
	munmap(cq, 1 << 14);
	munmap(sqes, 1 << 12);
	close(ring);
}

static const struct row rows[] = {
        {"poll_timeout", "poll", run_poll_timeout},
        {"poll_woken", "poll", run_poll_woken},
        {"poll_two", "poll", run_poll_two},
        {"poll_sleep", "sleep", run_poll_sleep},
        {"ppoll", "poll", run_ppoll},
        {"ppoll_masked", "poll", run_ppoll_masked},
        {"ppoll_open", "poll", run_ppoll_open},
        {"ppoll_interrupted", "poll", run_ppoll_interrupted},
        {"select_timeout", "select", run_select_timeout},
        {"select_woken", "select", run_select_woken},
        {"pselect_masked", "select", run_pselect_masked},
        {"pselect_open", "select", run_pselect_open},
        {"epoll_wait", "epoll_wait", run_epoll_wait},
        {"epoll_woken", "epoll_wait", run_epoll_woken},
        {"epoll_pwait", "epoll_wait", run_epoll_pwait},
        {"epoll_pwait2", "epoll_wait", run_epoll_pwait2},
        {"epoll_pwait_open", "epoll_wait", run_epoll_pwait_open},
        {"epoll_pwait2_open", "epoll_wait", run_epoll_pwait2_open},
        {"uring_timeout", "io_uring_enter", run_uring_timeout},
        {"uring_woken", "io_uring_enter", run_uring_woken},
        {0},
};

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &act, NULL);
	return waits_main(argc, argv, rows);
}
