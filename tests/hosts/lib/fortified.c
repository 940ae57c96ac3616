/* fortified.c - a server whose calls go through the checking twins of _FORTIFY_SOURCE=2.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "../http.h"

#include <fcntl.h>
#include <poll.h>

/* Known only at run time, so that the compiler must ask for the check. */
static volatile size_t some = 4096;

static bool read_head(int fd, int way, char head[static 4097])
{
	char buf[4096];
	size_t n = 0;

	while (n < 4096) {
		ssize_t got = way == 0   ? read(fd, buf, some)
		              : way == 1 ? recv(fd, buf, some, 0)
		                         : recvfrom(fd, buf, some, 0, NULL, NULL);

		if (got <= 0 || n + (size_t)got > 4096)
			return false;
		memcpy(head + n, buf, (size_t)got);
		n += (size_t)got;
		head[n] = 0;
		if (strstr(head, "\r\n\r\n"))
			return true;
	}
	return false;
}

static long checked_waits(int fd)
{
	struct timespec t = {.tv_nsec = 10000000};
	struct pollfd p[2] = {{.fd = fd, .events = POLLIN}, {.fd = -1}};
	char buf[64];
	int zero = open("/dev/zero", O_RDONLY);
	long sum = poll(p, some / 2048, 10) + ppoll(p, some / 4096, &t, NULL);

	sum += pread(zero, buf, some / 64, 0);
	close(zero);
	return sum;
}

static void *serve_main(void *arg)
{
	int fd = (int)(intptr_t)arg;
	char head[4097];

	for (int way = 0; read_head(fd, way % 3, head); way++)
		http_answer(fd, "way %d, sum %ld\n", way % 3, checked_waits(fd));
	close(fd);
	return NULL;
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);
	pthread_t thread;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 && pthread_create(&thread, NULL, serve_main, (void *)(intptr_t)fd) == 0)
			pthread_detach(thread);
	}
}
