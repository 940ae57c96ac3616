/* edge.c - see edge.h.
 *
 * Room: cold.  Setting what a descriptor is watched for, to what it is, makes the kernel look anew.
 * What it is stands in /proc; a host that changes it at that very moment would find it undone, so
 * it is looked at once more.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/edge.h"

#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>
#include "preload/cold/hexline.h"
#include "preload/cold/table.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { TRIES = 4 };

/* "tfd:        9 events: 80002019 data:     55d0c3a8b1e0  pos:0 ino:..." */
static bool is_ours(const char *line, const char *end, int fd, struct epoll_event *event)
{
	static const char tfd[] = "tfd:";
	const char *at = line + sizeof(tfd) - 1;
	uint64_t events, data;
	int number = 0;

	if (end - line < (long)sizeof(tfd) || memcmp(line, tfd, sizeof(tfd) - 1) != 0)
		return false;
	rp_hexline_blanks(&at, end);
	while (at < end && *at >= '0' && *at <= '9')
		number = number * 10 + (*at++ - '0');
	if (number != fd || !(at = memmem(at, (size_t)(end - at), "events:", 7)))
		return false;
	at += 7;
	rp_hexline_blanks(&at, end);
	if (!rp_hexline_number(&at, end, &events) ||
	    !(at = memmem(at, (size_t)(end - at), "data:", 5)))
		return false;
	at += 5;
	rp_hexline_blanks(&at, end);
	if (!rp_hexline_number(&at, end, &data))
		return false;
	event->events = (uint32_t)events;
	event->data.u64 = data;
	return true;
}

/* A set may watch thousands: its file is read piece by piece. */
static bool find(int file, int fd, struct epoll_event *event)
{
	char text[4096];
	size_t n = 0;
	long got;

	rp_sys(SYS_lseek, file, 0, SEEK_SET);
	while ((got = rp_sys(SYS_read, file, text + n, sizeof(text) - n)) > 0) {
		char *line = text, *end;

		n += (size_t)got;
		while ((end = memchr(line, '\n', n - (size_t)(line - text)))) {
			if (is_ours(line, end, fd, event))
				return true;
			line = end + 1;
		}
		n -= (size_t)(line - text);
		memmove(text, line, n);
		if (n == sizeof(text))
			return false;
	}
	return false;
}

static int open_info(int epfd)
{
	char path[64];
	struct rp_line l = {path, 0, sizeof(path) - 1};

	rp_line_text(&l, "/proc/self/fdinfo/");
	rp_line_number(&l, (uint64_t)epfd, 10);
	path[l.n] = '\0';
	return (int)rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* Only edges must be made: a level stays, and who watches for one event asks the kernel anew by
 * himself (and would have a second thread at work, were it done for him while one is). */
static bool waits_for_edge(uint32_t events)
{
	return events & EPOLLOUT && events & EPOLLET && !(events & EPOLLONESHOT);
}

void rp_edge_make(int epfd, int fd)
{
	int copy = rp_table_get(epfd), set = copy >= 0 ? copy : epfd, file = open_info(epfd);
	struct epoll_event was, now;

	for (int i = 0; file >= 0 && i < TRIES; i++) {
		if (!find(file, fd, &was) || !waits_for_edge(was.events))
			break;
		rp_sys(SYS_epoll_ctl, set, EPOLL_CTL_MOD, fd, &was);
		if (find(file, fd, &now) && now.events == was.events &&
		    now.data.u64 == was.data.u64)
			break;
	}
	if (copy >= 0)
		rp_sys(SYS_close, copy);
	if (file >= 0)
		rp_sys(SYS_close, file);
}
