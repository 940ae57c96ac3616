/* truth_loop.h - an event loop as servers have them: epoll, timers, a list of what is ready, a pool
 * of connections to another server, a pool of threads.
 *
 * Room: tests/hosts.  One thread but for the pool's.  SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_TRUTH_LOOP_H
#define TEST_HOSTS_TRUTH_LOOP_H

#include <fcntl.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include "truth.h"

struct watch {
	int fd;
	void (*ready)(struct watch *);
};

/* Something that will be done: now (in its turn), at AT_US, by another server, or by a thread. */
struct task {
	void (*run)(struct task *);
	int64_t at_us;
	struct task *next;
	void (*job)(struct task *); /* on a thread of the pool, before run */
};

struct tasks {
	struct task *first, **end;
};

static struct {
	int epoll, wake;
	struct tasks ready;
	struct task *timers; /* the soonest first */
	int upstream_port, n_upstreams, most_upstreams;
	bool eager;          /* what threads have put in the list is done in any turn */
	bool unseen;         /* it waits for events by a system call past libc */
	struct tasks asking; /* wait for a connection */
	struct upstream *idle;
	void (*granted)(struct task *); /* a connection is its own now */
} loop;

static struct {
	pthread_mutex_t lock, done_lock;
	pthread_cond_t more;
	struct tasks jobs, done;
} pool = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, {0}};

enum { FEW_UPSTREAMS = 4, MANY_UPSTREAMS = 64, POOL_THREADS = 4 };

static inline void tasks_add(struct tasks *l, struct task *t)
{
	t->next = NULL;
	if (!l->first)
		l->end = &l->first;
	*l->end = t;
	l->end = &t->next;
}

static inline struct task *tasks_take(struct tasks *l)
{
	struct task *t = l->first;

	if (t)
		l->first = t->next;
	return t;
}

static inline void loop_watch(struct watch *w, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = w};

	epoll_ctl(loop.epoll, EPOLL_CTL_ADD, w->fd, &e);
}

static inline void loop_forget(struct watch *w)
{
	epoll_ctl(loop.epoll, EPOLL_CTL_DEL, w->fd, NULL);
}

static inline void loop_soon(struct task *t, void (*run)(struct task *))
{
	t->run = run;
	tasks_add(&loop.ready, t);
}

static inline void loop_later(struct task *t, int64_t us, void (*run)(struct task *))
{
	struct task **at = &loop.timers;

	t->run = run;
	t->at_us = http_now_us() + us;
	while (*at && (*at)->at_us <= t->at_us)
		at = &(*at)->next;
	t->next = *at;
	*at = t;
}

/* ---- another server ---- */

struct upstream {
	struct watch watch;
	struct task *asker;
	struct upstream *next;
};

static inline void upstream_ask(struct upstream *u, struct task *t)
{
	static const char head[] = "GET /slow HTTP/1.1\r\nHost: up\r\n\r\n";

	u->asker = t;
	if (loop.granted)
		loop.granted(t);
	if (send(u->watch.fd, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0)
		perror("upstream");
}

/* The answer is small: it comes whole.  Whoever waits for the connection gets it at once. */
static inline void upstream_ready(struct watch *w)
{
	struct upstream *u = (struct upstream *)w;
	char answer[512];
	struct task *t = u->asker, *waits;

	if (recv(w->fd, answer, sizeof(answer), 0) <= 0) {
		fprintf(stderr, "the upstream is gone\n");
		exit(1);
	}
	waits = tasks_take(&loop.asking);
	if (waits) {
		upstream_ask(u, waits);
	} else {
		u->asker = NULL;
		u->next = loop.idle;
		loop.idle = u;
	}
	if (t)
		t->run(t);
}

/* Connects in place: the loop's next write finds it ready. */
static inline struct upstream *upstream_new(void)
{
	struct upstream *u = (struct upstream *)calloc(1, sizeof(*u));

	u->watch = (struct watch){truth_connect(loop.upstream_port, 0), upstream_ready};
	fcntl(u->watch.fd, F_SETFL, O_NONBLOCK);
	loop_watch(&u->watch, EPOLLIN);
	loop.n_upstreams++;
	return u;
}

static inline void loop_ask(struct task *t, void (*run)(struct task *))
{
	struct upstream *u = loop.idle;

	t->run = run;
	if (u)
		loop.idle = u->next;
	else if (loop.n_upstreams < loop.most_upstreams)
		u = upstream_new();
	if (u)
		upstream_ask(u, t);
	else
		tasks_add(&loop.asking, t);
}

/* ---- a pool of threads ---- */

static inline void *pool_thread(void *nothing)
{
	uint64_t one = 1;

	for (;;) {
		pthread_mutex_lock(&pool.lock);
		while (!pool.jobs.first)
			pthread_cond_wait(&pool.more, &pool.lock);
		struct task *t = tasks_take(&pool.jobs);

		pthread_mutex_unlock(&pool.lock);
		t->job(t);
		pthread_mutex_lock(&pool.done_lock);
		tasks_add(&pool.done, t);
		pthread_mutex_unlock(&pool.done_lock);
		(void)!write(loop.wake, &one, sizeof(one));
	}
	return nothing;
}

static inline void pool_run_done(void)
{
	struct task *t;

	do {
		pthread_mutex_lock(&pool.done_lock);
		t = tasks_take(&pool.done);
		pthread_mutex_unlock(&pool.done_lock);
		if (t)
			t->run(t);
	} while (t);
}

static inline void pool_done(struct watch *w)
{
	uint64_t n;

	(void)!read(w->fd, &n, sizeof(n));
	pool_run_done();
}

static inline void pool_add(struct task *t)
{
	pthread_mutex_lock(&pool.lock);
	tasks_add(&pool.jobs, t);
	pthread_cond_signal(&pool.more);
	pthread_mutex_unlock(&pool.lock);
}

static inline void loop_thread(struct task *t, void (*job)(struct task *),
                               void (*run)(struct task *))
{
	t->job = job;
	t->run = run;
	pool_add(t);
}

static inline void pool_start(void)
{
	pthread_t thread;

	for (int i = 0; i < POOL_THREADS; i++)
		pthread_create(&thread, NULL, pool_thread, NULL);
}

/* ---- the loop ---- */

static inline void loop_start(int upstream_port)
{
	static struct watch wake;

	loop.epoll = epoll_create1(EPOLL_CLOEXEC);
	loop.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	loop.upstream_port = upstream_port;
	loop.most_upstreams = MANY_UPSTREAMS;
	wake = (struct watch){loop.wake, pool_done};
	loop_watch(&wake, EPOLLIN);
}

static inline int loop_timeout_ms(void)
{
	int64_t us = loop.timers ? loop.timers->at_us - http_now_us() : 0;

	if (loop.ready.first || (loop.timers && us <= 0))
		return 0;
	return loop.timers ? (int)((us + 999) / 1000) : -1;
}

/* A system call past libc. */
static inline int loop_wait_unseen(struct epoll_event *events, int most, int timeout_ms)
{
	long ret = SYS_epoll_pwait;
	register long timeout __asm__("r10") = timeout_ms;
	register long mask __asm__("r8") = 0, bytes __asm__("r9") = 8;

	__asm__ volatile("syscall"
	                 : "+a"(ret)
	                 : "D"(loop.epoll), "S"(events), "d"(most), "r"(timeout), "r"(mask),
	                   "r"(bytes)
	                 : "rcx", "r11", "memory");
	return (int)ret;
}

static inline int loop_wait(struct epoll_event *events, int most)
{
	if (loop.unseen)
		return loop_wait_unseen(events, most, loop_timeout_ms());
	return epoll_wait(loop.epoll, events, most, loop_timeout_ms());
}

static inline void loop_run(void)
{
	struct epoll_event events[64];

	for (;;) {
		int n = loop_wait(events, 64);

		for (int i = 0; i < n; i++) {
			struct watch *w = (struct watch *)events[i].data.ptr;

			w->ready(w);
		}
		if (loop.eager)
			pool_run_done();
		while (loop.timers && loop.timers->at_us <= http_now_us()) {
			struct task *t = loop.timers;

			loop.timers = t->next;
			t->run(t);
		}
		struct tasks ready = loop.ready; /* what they add has the next turn */
		struct task *t;

		loop.ready.first = NULL;
		while ((t = tasks_take(&ready)))
			t->run(t);
	}
}

#endif
