/* storm_host.c - loads and unloads libraries in three threads; one of them serves, and calls them.
 *
 * `storm_host PORT FOLDER`; FOLDER holds storm_0.so to storm_11.so of storm_library.c.  /storm/MS
 * does it for so long and answers "opens=N reuses=N runs=N": a reuse is a library at an address
 * where another one was.  Whoever calls library K is called play_K: every stack says what must be
 * on it.  A fourth thread converts characters: libc loads and unloads what it needs for that past
 * every hook.
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <iconv.h>
#include <link.h>
#include <stdatomic.h>
#include "../http.h"

enum { N_LIBRARIES = 12, N_PLACES = 1 << 16 };

typedef unsigned enter_fn(unsigned rounds);

static const char *folder;
static _Atomic unsigned long opens, reuses, runs;
static _Atomic uint64_t places[N_PLACES]; /* by page: 1 + the library seen there last */
static _Atomic bool storming;
static volatile unsigned sink;

void storm_spin(unsigned rounds);

/* Called by the libraries. */
__attribute__((noinline)) void storm_spin(unsigned rounds)
{
	for (unsigned i = 0; i < rounds; i++)
		sink += i;
}

#define PLAY(k)                                                                                    \
	__attribute__((noinline)) static unsigned play_##k(enter_fn *enter, unsigned rounds)       \
	{                                                                                          \
		return enter(rounds) + k + sink;                                                   \
	}
PLAY(0)
PLAY(1)
PLAY(2)
PLAY(3)
PLAY(4)
PLAY(5)
PLAY(6)
PLAY(7)
PLAY(8)
PLAY(9)
PLAY(10)
PLAY(11)

static unsigned (*const players[N_LIBRARIES])(enter_fn *, unsigned) = {
        play_0, play_1, play_2, play_3, play_4,  play_5,
        play_6, play_7, play_8, play_9, play_10, play_11,
};

static void *open_library(unsigned k)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/storm_%u.so", folder, k);
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

	if (!library) {
		fprintf(stderr, "%s\n", dlerror());
		abort();
	}
	uint64_t page = ((struct link_map *)library)->l_addr >> 12;
	uint64_t before = atomic_exchange(&places[page % N_PLACES], k + 1);

	atomic_fetch_add(&opens, 1);
	atomic_fetch_add(&reuses, before != 0 && before != k + 1);
	return library;
}

static unsigned next(unsigned *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

/* One part in four as fast as it can; else with pauses, in which tables are made and used. */
static bool dense(int64_t now_us)
{
	return now_us / 50000 % 4 == 0;
}

static void *storm_main(void *arg)
{
	unsigned seed = (unsigned)(uintptr_t)arg;

	while (atomic_load(&storming)) {
		void *one = open_library(next(&seed) % N_LIBRARIES);
		void *two = next(&seed) % 2 ? open_library(next(&seed) % N_LIBRARIES) : NULL;

		dlclose(one);
		if (two)
			dlclose(two);
		if (!dense(http_now_us()))
			usleep(5000 + next(&seed) % 80000);
	}
	return NULL;
}

static void *convert_main(void *arg)
{
	static const char *const names[] = {"EUC-JP", "BIG5",    "EUC-KR", "GBK",
	                                    "SJIS",   "IBM1047", "UTF-7",  "KOI8-R"};
	unsigned seed = 7;

	while (atomic_load(&storming)) {
		iconv_t converter = iconv_open(names[next(&seed) % 8], "UTF-16");

		if (converter != (iconv_t)-1)
			iconv_close(converter);
		usleep(next(&seed) % 20000);
	}
	return arg;
}

__attribute__((noinline)) static void play_for(long ms)
{
	int64_t until_us = http_now_us() + ms * 1000;
	unsigned seed = (unsigned)until_us;

	while (http_now_us() < until_us) {
		unsigned k = next(&seed) % N_LIBRARIES;
		void *library = open_library(k);
		enter_fn *enter;

		*(void **)&enter = dlsym(library, "storm_enter");
		int64_t long_us = dense(http_now_us()) ? 0 : http_now_us() + next(&seed) % 60000;

		do
			sink += players[k](enter, next(&seed) % 300);
		while (http_now_us() < long_us);
		dlclose(library);
		atomic_fetch_add(&runs, 1);
	}
}

static bool serve(int fd, const struct http_request *q)
{
	pthread_t threads[2], converter;

	if (strncmp(q->path, "/storm/", 7) != 0)
		return http_not_found(fd);
	atomic_store(&storming, true);
	for (uintptr_t i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, storm_main, (void *)(i + (uintptr_t)time(NULL)));
	pthread_create(&converter, NULL, convert_main, NULL);
	play_for(atol(q->path + 7));
	atomic_store(&storming, false);
	pthread_join(converter, NULL);
	for (unsigned i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return http_answer(fd, "opens=%lu reuses=%lu runs=%lu\n", atomic_load(&opens),
	                   atomic_load(&reuses), atomic_load(&runs));
}

int main(int argc, char **argv)
{
	folder = argc > 2 ? argv[2] : ".";
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
