/* reader.c - a server that reads ahead: a thread for each connection reads request after request,
 * and one thread answers them all.  `reader PORT HOW`: before it reads, that thread waits in HOW:
 * read, peek, poll, select.  Jobs pass by a futex, as in Rust: nothing hooked tells whose they are.
 *
 *     /slow   sleeps for 100 ms
 *     /ahead  is answered when another request has come behind it
 *     /gone   is not answered: its connection is read on when it is broken
 *     /errno  what that read said; -1: it waits for that, -2: nobody asked
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <linux/futex.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include "http.h"

enum { MOST_JOBS = 64, SLEEP_US = 100000 };

static struct {
	int fd;
	char path[1024];
} jobs[MOST_JOBS];
static _Atomic uint32_t n_put;  /* by one thread at a time: who asks waits, or has one connection */
static _Atomic int broken = -2; /* errno of a read behind /gone */
static const char *how = "read";

static void put(int fd, const char *path)
{
	uint32_t n = atomic_load(&n_put);

	jobs[n % MOST_JOBS].fd = fd;
	snprintf(jobs[n % MOST_JOBS].path, sizeof(jobs->path), "%s", path);
	atomic_store(&n_put, n + 1);
	syscall(SYS_futex, &n_put, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}

static void await_more_than(uint32_t n)
{
	while (atomic_load(&n_put) == n)
		syscall(SYS_futex, &n_put, FUTEX_WAIT_PRIVATE, n, NULL, NULL, 0);
}

static void *answer_all(void *arg)
{
	for (uint32_t n = 0;; n++) {
		await_more_than(n);
		if (strcmp(jobs[n % MOST_JOBS].path, "/slow") == 0)
			usleep(SLEEP_US);
		else if (strcmp(jobs[n % MOST_JOBS].path, "/ahead") == 0)
			await_more_than(n + 1);
		if (strcmp(jobs[n % MOST_JOBS].path, "/errno") == 0)
			http_answer(jobs[n % MOST_JOBS].fd, "%d\n", atomic_load(&broken));
		else
			http_answer(jobs[n % MOST_JOBS].fd, "%s\n", jobs[n % MOST_JOBS].path);
	}
	return arg; /* never */
}

static void wait_for_bytes(int fd)
{
	struct pollfd one = {.fd = fd, .events = POLLIN};
	fd_set set;
	char byte;

	FD_ZERO(&set);
	FD_SET(fd, &set);
	if (strcmp(how, "poll") == 0)
		poll(&one, 1, -1);
	else if (strcmp(how, "select") == 0)
		select(fd + 1, &set, NULL, NULL, NULL);
	else if (strcmp(how, "peek") == 0)
		recv(fd, &byte, 1, MSG_PEEK);
}

static void read_broken(int fd)
{
	struct pollfd one = {.fd = fd};
	char byte;

	atomic_store(&broken, -1);
	poll(&one, 1, -1);
	errno = 0;
	if (read(fd, &byte, 1) <= 0)
		atomic_store(&broken, errno);
}

static void *read_all(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct http_request *q = malloc(sizeof(*q));

	for (;;) {
		wait_for_bytes(fd);
		if (!http_read(fd, q))
			break;
		if (strcmp(q->path, "/gone") == 0)
			read_broken(fd);
		else
			put(fd, q->path);
	}
	free(q);
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);
	pthread_t thread;

	http_chunk = 1; /* what comes behind a head is for the next read */
	if (argc > 2)
		how = argv[2];
	pthread_create(&thread, NULL, answer_all, NULL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			pthread_create(&thread, NULL, read_all, (void *)(intptr_t)fd);
	}
}
