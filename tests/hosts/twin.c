/* twin.c - a server in two versions that differ in one function: what `reqprof diff` must find.
 *
 * Room: tests/hosts.  `twin PORT [ROUNDS [PERCENT]]`: /page does the same work whenever it is
 * asked, ROUNDS in all its functions together (0: what takes 60 ms of CPU here, told on stdout),
 * and PERCENT more of it in `assemble`. SPDX-License-Identifier: MIT
 */
#include "http.h"

#define NOINLINE __attribute__((noinline))

enum { CPU_US = 60000, PAUSE_MS = 5 };

static volatile unsigned sink;
static long rounds = 0;
static int percent = 0;

static int64_t cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* The functions differ in their arithmetic only so that no compiler can fold them. */
#define WORK(name, factor)                                                                         \
	static NOINLINE unsigned name(long n)                                                      \
	{                                                                                          \
		unsigned x = (unsigned)n;                                                          \
                                                                                                   \
		for (long i = 0; i < n; i++) {                                                     \
			x = x * (factor) + 1013904223u;                                            \
			sink = x;                                                                  \
		}                                                                                  \
		return x;                                                                          \
	}

WORK(parse, 1664525u)
WORK(look_up, 22695477u)
WORK(assemble, 134775813u)
WORK(render, 214013u)
WORK(compress, 69069u)

static NOINLINE unsigned make_page(long n)
{
	unsigned x = parse(n / 10) + look_up(n / 5);

	nanosleep(&(struct timespec){0, PAUSE_MS * 1000000l}, NULL);
	x += assemble(n * 2 / 5 + n * 2 / 5 * percent / 100);
	x += render(n * 3 / 20);
	return x + compress(n * 3 / 20);
}

static long calibrate(void)
{
	enum { TRIED = 5000000 };
	int64_t best_us = INT64_MAX;

	for (int i = 0; i < 5; i++) {
		int64_t began_us = cpu_us();

		sink = look_up(TRIED);
		int64_t took_us = cpu_us() - began_us;

		if (took_us < best_us)
			best_us = took_us;
	}
	return (long)((double)TRIED * CPU_US / (double)best_us);
}

static bool serve(int fd, const struct http_request *q)
{
	if (strcmp(q->path, "/page") != 0)
		return http_not_found(fd);
	return http_answer(fd, "%u\n", make_page(rounds));
}

int main(int argc, char **argv)
{
	rounds = argc > 2 ? atol(argv[2]) : 0;
	percent = argc > 3 ? atoi(argv[3]) : 0;
	if (rounds == 0)
		rounds = calibrate();
	printf("rounds %ld\n", rounds);
	fflush(stdout);
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
