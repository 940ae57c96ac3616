/* storm.c - a server that is hard to walk: deep stacks, libc's assembler, libraries that come and
 * go.
 *
 * Room: tests/hosts.  `storm PORT LIBRARY`: a thread loads and unloads LIBRARY all the time.  /deep
 * burns below 120 frames, /libc in printf, malloc and qsort, /library in what it loads itself.
 * SPDX-License-Identifier: MIT
 */
#include "../http.h"

#include <dlfcn.h>

#define NOINLINE __attribute__((noinline))

enum { BURN_US = 100000, DEEP = 120 };

static const char *library;
static volatile unsigned sink;

NOINLINE static void deep_bottom(void)
{
	int64_t until_us = http_now_us() + BURN_US;

	while (http_now_us() < until_us)
		for (unsigned i = 0; i < 5000; i++)
			sink += i * i;
}

#define STEP(name, next, bytes)                                                                    \
	NOINLINE static void name(int left)                                                        \
	{                                                                                          \
		volatile char frame[bytes];                                                        \
		frame[0] = (char)left;                                                             \
		if (left > 0)                                                                      \
			next(left - 1);                                                            \
		else                                                                               \
			deep_bottom();                                                             \
		sink += (unsigned)frame[0];                                                        \
	}
static void deep_a(int left);
STEP(deep_c, deep_a, 300)
STEP(deep_b, deep_c, 8)
STEP(deep_a, deep_b, 72)

static int by_value(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* All of it is the same each time: the answer is compared. */
NOINLINE static unsigned libc_turn(unsigned turn)
{
	int v[100];
	char text[100];
	char *some = malloc(100 + turn % 5000);

	for (int i = 0; i < 100; i++)
		v[i] = i * 7919 % 101;
	qsort(v, 100, sizeof(*v), by_value);
	snprintf(text, sizeof(text), "%.17g %f", v[3] / 7.0, 1e9 / (turn + 1));
	some = realloc(some, 6000);
	strcpy(some, text);
	unsigned sum = (unsigned)some[3] + (unsigned)v[99];

	free(some);
	return sum;
}

/* 0: it could not be loaded. */
static int load_and_call(void)
{
	void *handle = dlopen(library, RTLD_NOW);
	int (*answer)(int) = handle ? (int (*)(int))dlsym(handle, "passing_answer") : NULL;
	int ret = answer ? answer(20000) : 0;

	if (handle)
		dlclose(handle);
	return ret;
}

static void *storm(void *arg)
{
	for (;;)
		load_and_call();
	return arg;
}

static bool serve(int fd, const struct http_request *q)
{
	unsigned sum = 0;

	if (strcmp(q->path, "/deep") == 0) {
		deep_a(DEEP);
		return http_answer_text(fd, "deep\n");
	}
	if (strcmp(q->path, "/libc") == 0) {
		for (unsigned turn = 0; turn < 15000; turn++)
			sum += libc_turn(turn);
		return http_answer(fd, "sum %u\n", sum);
	}
	for (unsigned turn = 0; turn < 100; turn++)
		sum += (unsigned)load_and_call();
	return http_answer(fd, "sum %u\n", sum);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	library = argc > 2 ? argv[2] : NULL;
	if (library && pthread_create(&thread, NULL, storm, NULL) != 0)
		return 1;
	http_threads(http_listen(argc, argv), serve);
}
