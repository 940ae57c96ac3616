/* timers.c - an event loop by poll, ppoll or select, which has a timer: `timers PORT HOW`.  It is
 * due 50 ms after a wait has begun, and burns 100 ms for nobody.  A request burns 100 ms, so that
 * the timer follows in the same turn, and is answered in a later one.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <sys/select.h>
#include "http.h"

enum { BURN_US = 100000, TIMER_MS = 50 };

static volatile unsigned sink;

static void burn(void)
{
	struct timespec t;
	int64_t end_us = 0, now_us = 0;

	while (!end_us || now_us < end_us) {
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
		now_us = t.tv_sec * 1000000ll + t.tv_nsec / 1000;
		end_us = end_us ? end_us : now_us + BURN_US;
		sink++;
	}
}

/* True: FDS[1] has something; else it is the listener, or nobody. */
static bool await(const char *how, struct pollfd fds[2])
{
	struct timespec patience = {0, TIMER_MS * 1000000};
	struct timeval same = {0, TIMER_MS * 1000};
	fd_set set;

	if (strcmp(how, "poll") == 0)
		return poll(fds, 2, TIMER_MS) > 0 && fds[1].revents;
	if (strcmp(how, "ppoll") == 0)
		return ppoll(fds, 2, &patience, NULL) > 0 && fds[1].revents;
	FD_ZERO(&set);
	FD_SET(fds[0].fd, &set);
	if (fds[1].fd >= 0)
		FD_SET(fds[1].fd, &set);
	if (select((fds[0].fd > fds[1].fd ? fds[0].fd : fds[1].fd) + 1, &set, NULL, NULL, &same) <=
	    0)
		return false;
	fds[0].revents = FD_ISSET(fds[0].fd, &set) ? POLLIN : 0;
	return fds[1].fd >= 0 && FD_ISSET(fds[1].fd, &set);
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = {{.fd = http_listen(argc, argv), .events = POLLIN},
	                        {.fd = -1, .events = POLLIN}};
	bool asked = false;
	static struct http_request q;

	for (;;) {
		fds[0].revents = 0;
		if (await(argc > 2 ? argv[2] : "poll", fds)) {
			asked = http_read(fds[1].fd, &q);
			if (asked) {
				burn();
				burn(); /* the timer */
				continue;
			}
			close(fds[1].fd);
			fds[1].fd = -1;
		} else if (fds[0].revents) {
			fds[1].fd = accept(fds[0].fd, NULL, NULL);
		} else if (asked) {
			http_answer(fds[1].fd, "asked\n");
			asked = false;
		}
	}
}
