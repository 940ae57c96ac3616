/* waits.h - a server whose route /wait/NAME performs one blocking call of about 20 ms and says
 * what it returned: "NAME ret=R errno=E bytes=B ms=M us=U | KIND | OBJECT".
 *
 * Room: tests/hosts.  KIND and OBJECT are what a profile should call the wait; "-" means that it
 * cannot see it.  GET / lists the names.  SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_WAITS_H
#define TEST_HOSTS_WAITS_H

#include "http.h"

enum { WAIT_MS = 20 };

struct result {
	long ret, bytes;
	int err;
	int64_t us;
	const char *skip; /* why it cannot be done here */
	char object[200];
};

struct row {
	const char *name, *kind;
	void (*run)(struct result *r);
};

/* Calls, and notes everything the caller could notice.  BYTES: of the answer, if that counts. */
#define TIMED(r, call)                                                                             \
	do {                                                                                       \
		int64_t began_us = http_now_us();                                                  \
		errno = 0;                                                                         \
		(r)->ret = (long)(call);                                                           \
		(r)->err = errno;                                                                  \
		(r)->us = http_now_us() - began_us;                                                \
	} while (0)

/* Another thread does something in a while. */
struct later {
	pthread_t thread;
	void (*act)(long);
	long arg;
	int ms;
};

static inline void pause_ms(int ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000l};

	nanosleep(&t, NULL);
}

static inline void *later_main(void *arg)
{
	struct later *l = arg;

	pause_ms(l->ms);
	l->act(l->arg);
	return NULL;
}

static inline void later(struct later *l, void (*act)(long), long arg)
{
	l->act = act;
	l->arg = arg;
	l->ms = WAIT_MS;
	pthread_create(&l->thread, NULL, later_main, l);
}

static inline void later_done(struct later *l)
{
	pthread_join(l->thread, NULL);
}

static inline void wake_byte(long fd)
{
	if (write((int)fd, "x", 1) != 1)
		perror("wake");
}

/* The time by CLOCK, MS from now. */
static inline struct timespec until(clockid_t clock, int ms)
{
	struct timespec t;

	clock_gettime(clock, &t);
	t.tv_nsec += ms * 1000000l;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static inline void close_two(const int fds[2])
{
	close(fds[0]);
	close(fds[1]);
}

/* What a profile calls two locks apart: the low bits of the address. */
static inline void object_lock(struct result *r, const void *lock)
{
	snprintf(r->object, sizeof(r->object), "0x%lx", (unsigned long)lock & 0xffffff);
}

static inline void object_text(struct result *r, const char *text)
{
	snprintf(r->object, sizeof(r->object), "%s", text);
}

static inline void *accept_main(void *arg)
{
	int *fd = arg;

	*fd = accept(*fd, NULL, NULL);
	return NULL;
}

/* A connected pair over loopback TCP; ends[0] was connected, ends[1] accepted: by another thread,
 * since who accepts serves whoever comes and no longer the request it had. */
static inline void tcp_pair(int ends[2])
{
	int listener = http_listen_on(0, 1);
	struct sockaddr_in a = {.sin_family = AF_INET};
	pthread_t thread;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)http_port(listener));
	ends[1] = listener;
	pthread_create(&thread, NULL, accept_main, &ends[1]);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(ends[0], (struct sockaddr *)&a, sizeof(a)) != 0)
		perror("connect");
	pthread_join(thread, NULL);
	close(listener);
}

static inline void object_peer(struct result *r, int fd)
{
	struct sockaddr_in a = {0};
	socklen_t n = sizeof(a);

	getpeername(fd, (struct sockaddr *)&a, &n);
	snprintf(r->object, sizeof(r->object), "tcp 127.0.0.1:%d", ntohs(a.sin_port));
}

static const struct row *waits_rows;

static inline bool waits_list(int fd)
{
	char names[4096];
	size_t n = 0;

	for (const struct row *w = waits_rows; w->name; w++)
		n += (size_t)snprintf(names + n, sizeof(names) - n, "%s\n", w->name);
	return http_answer_text(fd, names);
}

static inline bool waits_serve(int fd, const struct http_request *q)
{
	struct result r = {0};
	const struct row *w = waits_rows;

	if (strcmp(q->path, "/") == 0)
		return waits_list(fd);
	if (strncmp(q->path, "/wait/", 6) != 0)
		return http_not_found(fd);
	while (w->name && strcmp(w->name, q->path + 6) != 0)
		w++;
	if (!w->name)
		return http_not_found(fd);
	w->run(&r);
	if (r.skip)
		return http_answer(fd, "%s skip=%s\n", w->name, r.skip);
	return http_answer(fd, "%s ret=%ld errno=%d bytes=%ld ms=%ld us=%ld | %s | %s\n", w->name,
	                   r.ret, r.err, r.bytes, (long)(r.us / 1000), (long)r.us, w->kind,
	                   r.object);
}

static inline int waits_main(int argc, char **argv, const struct row *rows)
{
	waits_rows = rows;
	signal(SIGPIPE, SIG_IGN);
	http_threads(http_listen(argc, argv), waits_serve);
	return 0;
}

#endif
