/* nested.c - an event loop that polls its epoll set beside an eventfd, and then asks the set what
 * there is without waiting, as EventMachine does in Ruby.
 *
 *     /fast   is answered at once
 *     /slow   by a thread that sleeps for 100 ms and rings the eventfd
 *     /empty  tells how often the set was ready and had nothing
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include "http.h"

enum { SLEEP_US = 100000, MOST = 16 };

static int set, bell, done[2]; /* DONE: a pipe of descriptors that are to be answered */
static unsigned n_empty;

static void join_set(int fd)
{
	struct epoll_event e = {.events = EPOLLIN, .data.fd = fd};

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
}

static void *sleep_and_ring(void *arg)
{
	int fd = (int)(intptr_t)arg;
	uint64_t one = 1;

	usleep(SLEEP_US);
	if (write(done[1], &fd, sizeof(fd)) != sizeof(fd) || write(bell, &one, sizeof(one)) < 0)
		perror("ring");
	return NULL;
}

static void answer_rung(void)
{
	uint64_t n;
	int fd;

	if (read(bell, &n, sizeof(n)) != sizeof(n))
		return;
	while (n-- && read(done[0], &fd, sizeof(fd)) == sizeof(fd))
		http_answer(fd, "slow\n");
}

static void serve(int fd)
{
	static struct http_request q;
	pthread_t thread;

	if (!http_read(fd, &q)) {
		close(fd);
	} else if (strcmp(q.path, "/slow") == 0) {
		pthread_create(&thread, NULL, sleep_and_ring, (void *)(intptr_t)fd);
		pthread_detach(thread);
	} else if (strcmp(q.path, "/empty") == 0) {
		http_answer(fd, "%u empty\n", n_empty);
	} else {
		http_answer(fd, "fast\n");
	}
}

static void take_events(int listener, bool is_ready)
{
	struct epoll_event events[MOST];
	int n = epoll_wait(set, events, MOST, 0);

	n_empty += is_ready && n <= 0;
	for (int i = 0; i < n; i++) {
		int fd = events[i].data.fd;

		if (fd == listener)
			join_set(accept(listener, NULL, NULL));
		else
			serve(fd);
	}
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);

	set = epoll_create1(0);
	bell = eventfd(0, 0);
	if (pipe(done) != 0)
		return 1;
	join_set(listener);
	for (;;) {
		struct pollfd both[2] = {{.fd = set, .events = POLLIN},
		                         {.fd = bell, .events = POLLIN}};

		if (poll(both, 2, 90000) < 0)
			continue;
		take_events(listener, both[0].revents);
		if (both[1].revents)
			answer_rung();
	}
}
