/* flicker.c - a server that runs and waits in turns, thousands of times a request, and counts the
 * calls that did not do what they must.
 *
 * Room: tests/hosts.  `flicker PORT [blocked]`: workers keep all signals out.  /flicker/MS: runs
 * and waits for MS; /burn/MS: burns so much CPU; /sleep/MS; /status/NNN; /exit/MS: sleeps and ends
 * the process; anything else: 200 with the mask of its thread.
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <poll.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/select.h>

static bool blocked;
static volatile unsigned long sink;

static int64_t thread_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

__attribute__((noinline)) static void burn_us(int64_t us)
{
	int64_t end = thread_cpu_us() + us;

	while (thread_cpu_us() < end)
		for (int i = 0; i < 1000; i++)
			sink += (unsigned long)i;
}

static bool poll_1(void)
{
	return poll(NULL, 0, 1) == 0;
}

static bool select_1(void)
{
	struct timeval t = {0, 500};

	return select(0, NULL, NULL, NULL, &t) == 0;
}

static bool sleep_1(void)
{
	struct timespec t = {0, 100000};

	return nanosleep(&t, NULL) == 0;
}

static bool epoll_1(int set)
{
	struct epoll_event event;

	return epoll_wait(set, &event, 1, 1) == 0;
}

/* With SO_RCVTIMEO: no handler of ours may make it EINTR. */
static bool recv_1(int fd)
{
	char c;

	return recv(fd, &c, 1, 0) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

static bool sem_1(sem_t *sem)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 300000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return sem_timedwait(sem, &t) < 0 && errno == ETIMEDOUT;
}

/* One after the other, with some CPU in between whose length no timer knows. */
static bool flicker(int fd, int64_t ms)
{
	struct timeval timeout = {0, 1000};
	int pair[2], set = epoll_create1(EPOLL_CLOEXEC);
	unsigned n = 0, wrong[6] = {0}, seed = 1;
	sem_t sem;

	sem_init(&sem, 0, 0);
	if (set < 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0)
		return false;
	setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	for (int64_t end = http_now_us() + ms * 1000; http_now_us() < end; n++) {
		seed = seed * 1103515245 + 12345;
		burn_us(seed >> 16 & 1023);
		bool ok[6] = {poll_1(),    sleep_1(),    recv_1(pair[0]),
		              sem_1(&sem), epoll_1(set), select_1()};

		for (int i = 0; i < 6; i++)
			wrong[i] += !ok[i];
	}
	close(set);
	close(pair[0]);
	close(pair[1]);
	return http_answer(fd, "rounds=%u poll=%u sleep=%u recv=%u sem=%u epoll=%u select=%u\n", n,
	                   wrong[0], wrong[1], wrong[2], wrong[3], wrong[4], wrong[5]);
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = {ms / 1000, ms % 1000 * 1000000};

	nanosleep(&t, NULL);
}

static bool answer_status(int fd, const char *status)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "HTTP/1.1 %.3s Said\r\nContent-Length: 0\r\n\r\n",
	                 status);

	return http_send_all(fd, text, (size_t)n);
}

static bool serve(int fd, const struct http_request *q)
{
	const char *number = strrchr(q->path, '/') + 1;
	int64_t ms = atoll(number);
	sigset_t all;

	sigfillset(&all);
	if (blocked)
		pthread_sigmask(SIG_BLOCK, &all, NULL);
	if (strncmp(q->path, "/flicker/", 9) == 0)
		return flicker(fd, ms);
	if (strncmp(q->path, "/status/", 8) == 0)
		return answer_status(fd, number);
	if (strncmp(q->path, "/burn/", 6) == 0)
		burn_us(ms * 1000);
	else if (strncmp(q->path, "/sleep/", 7) == 0)
		sleep_ms(ms);
	else if (strncmp(q->path, "/exit/", 6) == 0) {
		sleep_ms(ms);
		exit(0);
	}
	return http_answer(fd, "mask=%lx\n", http_mask());
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);

	blocked = argc > 2 && strcmp(argv[2], "blocked") == 0;
	http_threads(listener, serve);
}
