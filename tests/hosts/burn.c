/* burn.c - a server that knows what its request cost: 100 ms of CPU in f, called by g, then
 * 100 ms of waiting for a peer.
 *
 * Room: tests/hosts.  /burn answers "burnt_us=N waited_us=N delayed_us=N peer=ADDRESS:PORT";
 * delayed: runnable but not running, as the kernel's scheduler counts.
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

enum { BURN_US = 100000, WAIT_US = 100000 };

static volatile unsigned sink;

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* The second number of schedstat: time spent on a run queue. */
static int64_t delay_us(void)
{
	unsigned long long ran = 0, waited = 0;
	FILE *f = fopen("/proc/thread-self/schedstat", "r");

	if (!f || fscanf(f, "%llu %llu", &ran, &waited) != 2)
		perror("schedstat");
	if (f)
		fclose(f);
	return (int64_t)(waited / 1000);
}

/* No call in it: the kernel likes to preempt where it is entered, and that would not be f. */
__attribute__((noinline)) unsigned f(long rounds)
{
	unsigned x = (unsigned)rounds;

	for (long i = 0; i < rounds; i++) {
		x = x * 1664525u + 1013904223u;
		sink = x;
	}
	return x;
}

__attribute__((noinline)) unsigned g(long rounds)
{
	return f(rounds) + 1; /* no tail call */
}

/* How many rounds are BURN_US of CPU here. */
static long rounds;

static void calibrate(void)
{
	enum { TRIED = 20000000 };
	int64_t best_us = INT64_MAX;

	for (int i = 0; i < 3; i++) {
		int64_t began_us = cpu_us();

		sink = g(TRIED);
		int64_t took_us = cpu_us() - began_us;

		if (took_us < best_us)
			best_us = took_us;
	}
	rounds = (long)((double)TRIED * BURN_US / (double)best_us);
}

/* Sends one byte on each connection, late. */
static void *peer_main(void *arg)
{
	int listener = (int)(intptr_t)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		usleep(WAIT_US);
		if (send(fd, "x", 1, MSG_NOSIGNAL) != 1)
			perror("peer");
		close(fd);
	}
	return NULL;
}

static int peer_listener;

static int64_t wait_for_peer(void)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	char byte;

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)http_port(peer_listener));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		perror("connect");
	int64_t began_us = http_now_us();

	if (recv(fd, &byte, 1, 0) != 1)
		perror("recv");
	int64_t waited_us = http_now_us() - began_us;

	close(fd);
	return waited_us;
}

static bool serve(int fd, const struct http_request *q)
{
	if (strcmp(q->path, "/burn") != 0)
		return http_not_found(fd);
	int64_t delayed_us = delay_us(), began_us = cpu_us();

	sink = g(rounds);
	int64_t burnt_us = cpu_us() - began_us;

	delayed_us = delay_us() - delayed_us;
	int64_t waited_us = wait_for_peer();

	return http_answer(fd, "burnt_us=%ld waited_us=%ld delayed_us=%ld peer=127.0.0.1:%d\n",
	                   (long)burnt_us, (long)waited_us, (long)delayed_us,
	                   http_port(peer_listener));
}

int main(int argc, char **argv)
{
	pthread_t thread;

	calibrate();
	peer_listener = http_listen_on(0, 8);
	pthread_create(&thread, NULL, peer_main, (void *)(intptr_t)peer_listener);
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
