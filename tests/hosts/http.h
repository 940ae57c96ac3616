/* http.h - the least HTTP/1.1 that an honest test server needs: blocking, keep-alive.
 *
 * Room: tests/hosts.  A host is started as `HOST [PORT]`, listens on 127.0.0.1 (a free port when
 * none is given) and says so in its first line: "listening PORT".
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_HTTP_H
#define TEST_HOSTS_HTTP_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct http_request {
	char head[8192];
	size_t n;
	char path[1024]; /* without the query */
};

/* Answers one request on FD; false: the connection is not to be used again. */
typedef bool http_serve(int fd, const struct http_request *q);

static inline int64_t http_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* The signals that this thread blocks, as it is told by calls. */
static inline unsigned long http_mask(void)
{
	unsigned long bits;
	sigset_t set;

	pthread_sigmask(SIG_SETMASK, NULL, &set);
	memcpy(&bits, &set, sizeof(bits));
	return bits;
}

static inline int http_port(int fd)
{
	struct sockaddr_in a = {0};
	socklen_t n = sizeof(a);

	getsockname(fd, (struct sockaddr *)&a, &n);
	return ntohs(a.sin_port);
}

static inline int http_listen_on(int port, int backlog)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), yes = 1;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	if (bind(fd, (struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, backlog) != 0) {
		perror("listen");
		exit(1);
	}
	return fd;
}

static inline int http_listen(int argc, char **argv)
{
	int fd = http_listen_on(argc > 1 ? atoi(argv[1]) : 0, 64);

	printf("listening %d\n", http_port(fd));
	fflush(stdout);
	return fd;
}

/* Takes the path out of a complete head. */
static inline bool http_parse(struct http_request *q)
{
	char *from = strchr(q->head, ' ');

	if (!from)
		return false;
	from++;
	size_t n = strcspn(from, " ?\r\n");

	if (n >= sizeof(q->path))
		return false;
	memcpy(q->path, from, n);
	q->path[n] = 0;
	return true;
}

static size_t http_chunk = 8192; /* what a host asks for in one read */

/* Reads one head (requests of tests have no body). */
static inline bool http_read(int fd, struct http_request *q)
{
	q->n = 0;
	while (q->n < sizeof(q->head) - 1) {
		size_t room = sizeof(q->head) - 1 - q->n;
		ssize_t got = read(fd, q->head + q->n, http_chunk < room ? http_chunk : room);

		if (got <= 0)
			return false;
		q->n += (size_t)got;
		q->head[q->n] = 0;
		if (strstr(q->head, "\r\n\r\n"))
			return http_parse(q);
	}
	return false;
}

static inline bool http_send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t put = send(fd, bytes, n, MSG_NOSIGNAL);

		if (put <= 0)
			return false;
		bytes += put;
		n -= (size_t)put;
	}
	return true;
}

static inline bool http_answer_text(int fd, const char *body)
{
	size_t n = strlen(body), cap = n + 128;
	char *whole = (char *)malloc(cap);
	int head = snprintf(whole, cap,
	                    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
	                    "Content-Length: %zu\r\n\r\n",
	                    n);

	memcpy(whole + head, body, n);
	bool sent = http_send_all(fd, whole, (size_t)head + n);

	free(whole);
	return sent;
}

__attribute__((format(printf, 2, 3))) static inline bool http_answer(int fd, const char *form, ...)
{
	char body[4096];
	va_list args;

	va_start(args, form);
	vsnprintf(body, sizeof(body), form, args);
	va_end(args);
	return http_answer_text(fd, body);
}

static inline bool http_not_found(int fd)
{
	static const char text[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

	return http_send_all(fd, text, sizeof(text) - 1);
}

static http_serve *http_server;

static inline void *http_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct http_request *q = (struct http_request *)malloc(sizeof(*q));

	while (http_read(fd, q) && http_server(fd, q))
		;
	free(q);
	close(fd);
	return NULL;
}

/* One connection after another, for ever: the same request gets the same descriptor. */
static inline void http_serial(int listener, http_serve *serve)
{
	http_server = serve;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			http_connection((void *)(intptr_t)fd);
	}
}

/* A thread for each connection, for ever. */
static inline void http_threads(int listener, http_serve *serve)
{
	pthread_attr_t attr;
	pthread_t thread;

	http_server = serve;
	pthread_attr_init(&attr);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0 &&
		    pthread_create(&thread, &attr, http_connection, (void *)(intptr_t)fd) != 0)
			close(fd);
	}
}

#endif
