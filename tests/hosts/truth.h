/* truth.h - handlers that say which request they serve, for tests/truth.
 *
 * Room: tests/hosts.  A request is "GET /?id=ID&steps=STEPS": ID begins with f when it is flagged.
 * Each letter of STEPS is something that the handler does before it answers, and says when it
 * is done:  t a timer, u asking another server, p a job on a pool of threads, s slices of work
 * between which others have their turn, b a burst of work, w the same by the clock of the thread's
 * CPU, in the function of the last digit of ID (burns.h): the answer is "ID NS" then.  In Python
 * and in the C loop, a is work that goes on when the request is over.
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_TRUTH_H
#define TEST_HOSTS_TRUTH_H

#include "burns.h"
#include "http.h"

enum { TRUTH_ID = 24, TRUTH_STEPS = 16, TRUTH_BURN_US = 2000 };

struct truth {
	char id[TRUTH_ID], steps[TRUTH_STEPS];
	int64_t burnt_ns;
};

/* The shim of the truth tests listens to this path; it does not exist. */
static inline void truth_says(const struct truth *t, const char *place)
{
	char path[64];

	snprintf(path, sizeof(path), "/gt/%s/%s", t->id, place);
	(void)!access(path, F_OK);
}

static inline void truth_word(const char *head, const char *key, char *to, size_t cap)
{
	const char *from = strstr(head, key);
	size_t n = from ? strcspn(from += strlen(key), "& \r\n") : 0;

	n = n < cap ? n : cap - 1;
	if (n)
		memcpy(to, from, n);
	to[n] = 0;
}

static inline void truth_parse(struct truth *t, const char *head)
{
	truth_word(head, "?id=", t->id, sizeof(t->id));
	truth_word(head, "&steps=", t->steps, sizeof(t->steps));
	t->burnt_ns = 0;
}

static inline uint64_t truth_spin(int64_t us, uint64_t with)
{
	int64_t until = http_now_us() + us;

	do
		for (int i = 0; i < 500; i++)
			with = with * 6364136223846793005u + 1442695040888963407u;
	while (http_now_us() < until);
	return with;
}

/* Flagged and other requests work in different functions: who works where shows in a profile. */
static __attribute__((noinline)) uint64_t work_of_flagged(int64_t us)
{
	return truth_spin(us, 1) + 1;
}

static __attribute__((noinline)) uint64_t work_of_others(int64_t us)
{
	return truth_spin(us, 2) + 2;
}

static volatile uint64_t truth_sink;

static inline void truth_work(const struct truth *t, int64_t us)
{
	truth_sink = *t->id == 'f' ? work_of_flagged(us) : work_of_others(us);
}

/* In the function of its own route, or in another one. */
static inline int64_t truth_burn(const struct truth *t, int other)
{
	static int64_t (*const burns[])(int64_t us) = {burn_0, burn_1, burn_2, burn_3};

	return burns[(t->id[strlen(t->id) - 1] + other) % 4](TRUTH_BURN_US);
}

static inline int truth_answer_text(const struct truth *t, char *to, size_t cap)
{
	char body[64];
	int n = snprintf(body, sizeof(body), t->burnt_ns ? "%s %ld" : "%s", t->id, t->burnt_ns);

	return snprintf(to, cap, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", n, body);
}

static inline int truth_connect(int port, int flags)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno != EINPROGRESS) {
		perror("connect");
		exit(1);
	}
	return fd;
}

/* The host was started with WORD among the others. */
static inline bool truth_is_told(char *const *argv, const char *word)
{
	while (*argv && strcmp(*argv, word))
		argv++;
	return *argv;
}

/* Somebody who works for no request at all, now and then. */
static inline void *truth_background(void *nothing)
{
	static const struct truth nobody = {"0", "", 0};

	(void)nothing;
	for (;;) {
		usleep(700);
		truth_says(&nobody, "background");
	}
	return NULL;
}

static inline void truth_start_background(void)
{
	pthread_t thread;

	pthread_create(&thread, NULL, truth_background, NULL);
}

#endif
