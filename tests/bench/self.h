/* self.h - a server and its client in one thread: no scheduler between the two.
 *
 * Room: tests.  The kernel completes a connect before the accept, so one thread can do both.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_BENCH_SELF_H
#define RP_TESTS_BENCH_SELF_H

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "tests/bench/pairs.h"

struct self {
	int client, server;
};

static inline struct self self_open_at(const void *at, socklen_t n, int family)
{
	int listener = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct self s = {.client = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
	struct sockaddr_storage bound;
	socklen_t n_bound = sizeof(bound);

	if (bind(listener, at, n) || listen(listener, 8) ||
	    getsockname(listener, (struct sockaddr *)&bound, &n_bound) ||
	    connect(s.client, (struct sockaddr *)&bound, n_bound))
		give_up("self: connect");
	s.server = accept(listener, NULL, NULL);
	close(listener);
	return s;
}

static inline struct self self_open_tcp(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return self_open_at(&at, sizeof(at), AF_INET);
}

/* A name that the kernel picks, in no directory. */
static inline struct self self_open_unix(void)
{
	const struct sockaddr_un at = {.sun_family = AF_UNIX};

	return self_open_at(&at, sizeof(at.sun_family), AF_UNIX);
}

static inline void self_close(struct self *s)
{
	close(s->client);
	close(s->server);
}

static inline void send_whole(int fd, const char *bytes)
{
	size_t n = strlen(bytes);

	if (write(fd, bytes, n) != (ssize_t)n)
		give_up("self: write");
}

static inline size_t take_some(int fd)
{
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof(bytes));

	if (n <= 0)
		give_up("self: read");
	return (size_t)n;
}

/* 463 bytes, as a browser sends it. */
#define BROWSER_HEAD                                                                               \
	"GET /index.html HTTP/1.1\r\nHost: localhost:8080\r\nConnection: keep-alive\r\n"           \
	"Upgrade-Insecure-Requests: 1\r\n"                                                         \
	"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "      \
	"Chrome/120.0.0.0 Safari/537.36\r\n"                                                       \
	"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,"     \
	"image/apng,*/*;q=0.8\r\n"                                                                 \
	"Sec-Fetch-Site: none\r\nSec-Fetch-Mode: navigate\r\n"                                     \
	"Accept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en\r\n"                      \
	"Cookie: a=b; theme=light1\r\n\r\n"
#define SMALL_RESPONSE                                                                             \
	"HTTP/1.1 200 OK\r\nServer: self\r\nContent-Type: text/plain\r\nContent-Length: "          \
	"3\r\n\r\nok\n"
/* As wrk asks and nginx answers. */
#define WRK_HEAD "GET /file.html HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
#define FILE_RESPONSE                                                                              \
	"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 19:00:00 GMT\r\n"       \
	"Content-Type: text/html\r\nContent-Length: 6144\r\n"                                      \
	"Last-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\nConnection: keep-alive\r\n"               \
	"ETag: \"6380a8c5-1800\"\r\nAccept-Ranges: bytes\r\n\r\n"

#endif
