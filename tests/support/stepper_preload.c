/* stepper_preload.c - preloaded into a whole program: steps its threads and judges walks there.
 *
 * Reads STEPS_OUT, a file that it maps for the scores (one after the other, each a struct
 * stepper_score), STEPS_THREADS (how many threads, from their creation on), STEPS_AT (or: the
 * main thread, from that call of epoll_wait on), STEPS_MAX, STEPS_EVERY, STEPS_UNW.  Before each
 * stepping the memory map is copied to STEPS_OUT.maps.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules.h"
#include "tests/support/stepper.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
enum { MAX_SCORES = 8 };

static struct stepper_score *scores;
static _Atomic unsigned n_scores;
static bool main_begun;

/* As the environment was at first: nginx clears it. */
static struct {
	char out[PATH_MAX];
	unsigned threads, at, max, every, unw;
} wanted;

static unsigned number(const char *name, unsigned otherwise)
{
	const char *text = getenv(name);

	return text ? (unsigned)strtoul(text, NULL, 10) : otherwise;
}

static void read_wanted(void)
{
	snprintf(wanted.out, sizeof(wanted.out), "%s", getenv("STEPS_OUT") ?: "");
	wanted.threads = number("STEPS_THREADS", 0);
	wanted.at = number("STEPS_AT", 0);
	wanted.max = number("STEPS_MAX", 100000);
	wanted.every = number("STEPS_EVERY", 1);
	wanted.unw = number("STEPS_UNW", 0);
}

static void *next(const char *name)
{
	void *at = dlsym(RTLD_NEXT, name);

	if (!at)
		abort();
	return at;
}

static bool map_scores(void)
{
	size_t n = MAX_SCORES * sizeof(*scores);
	int fd = open(wanted.out, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	void *at;

	if (fd < 0 || ftruncate(fd, (off_t)n) != 0)
		return false;
	at = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	scores = at == MAP_FAILED ? NULL : at;
	return scores;
}

static void copy_maps(void)
{
	char path[PATH_MAX + 8], bytes[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "%s.maps", wanted.out);
	int from = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	while ((n = read(from, bytes, sizeof(bytes))) > 0)
		if (write(to, bytes, (size_t)n) != n)
			break;
	close(from);
	close(to);
}

static struct stepper_plan plan_next(void)
{
	return (struct stepper_plan){.score = &scores[atomic_fetch_add(&n_scores, 1)],
	                             .every = wanted.every,
	                             .unw_every = wanted.unw,
	                             .max_steps = wanted.max,
	                             .loads = true};
}

static bool is_wanted(unsigned n)
{
	return n_scores < n && n_scores < MAX_SCORES && (scores || map_scores()) &&
	       rp_modules_refresh();
}

EXPORTED int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                            void *arg)
{
	stepper_create_fn *create = (stepper_create_fn *)next("pthread_create");

	if (!is_wanted(wanted.threads))
		return create(thread, attr, run, arg);
	struct stepper_plan plan = plan_next();

	copy_maps();
	return stepper_thread(&plan, create, thread, attr, run, arg);
}

EXPORTED int epoll_wait(int fd, struct epoll_event *events, int cap, int timeout)
{
	static int (*real)(int, struct epoll_event *, int, int);
	static unsigned n_calls;

	if (!real)
		*(void **)&real = next("epoll_wait");
	if (main_begun && ++n_calls == wanted.at && rp_modules_refresh()) {
		copy_maps();
		stepper_resume(wanted.max);
	}
	return real(fd, events, cap, timeout);
}

typedef int main_fn(int, char **, char **);
typedef int start_fn(main_fn *, int, char **, void (*)(void), void (*)(void), void (*)(void),
                     void *);

/* The program's first function calls this: from here to main every frame is known. */
EXPORTED int __libc_start_main(main_fn *main, int argc, char **argv, void (*init)(void),
                               void (*fini)(void), void (*leave)(void), void *end);
EXPORTED __attribute__((noinline)) int __libc_start_main(main_fn *main, int argc, char **argv,
                                                         void (*init)(void), void (*fini)(void),
                                                         void (*leave)(void), void *end)
{
	start_fn *real = (start_fn *)next("__libc_start_main");
	volatile int status;

	read_wanted();
	if (wanted.at && is_wanted(1)) {
		struct stepper_plan plan = plan_next();

		plan.pause_at = (uint64_t)(uintptr_t)main;
		plan.max_steps = 0;
		main_begun = true;
		stepper_begin(&plan, (uint64_t)(uintptr_t)__builtin_dwarf_cfa() - 8,
		              (uint64_t)(uintptr_t)__builtin_return_address(0));
	}
	status = real(main, argc, argv, init, fini, leave, end); /* no jump: a frame */
	return status;
}
