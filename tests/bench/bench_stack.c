/* bench_stack.c - one walk at three depths beside unw_backtrace and glibc's backtrace, and what
 * the tables of this process cost.
 *
 * Room: tests.  Medians of interleaved batches, in ns a walk.
 * SPDX-License-Identifier: MIT
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "preload/cold/modules.h"
#include "preload/hot/stack.h"
#include "store/records.h"

enum { N_BATCHES = 21, N_WALKS = 500, N_WAYS = 3, MAX_FRAMES = 256 };

static uint64_t stack_lo, stack_hi;
static void *room[MAX_FRAMES];
static volatile int sink;
/* libunwind's shared library has a backtrace() of its own that stands in front of glibc's. */
static int (*glibc_backtrace)(void **, int);

static uint64_t now_ns(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (uint64_t)at.tv_sec * 1000000000 + (uint64_t)at.tv_nsec;
}

static int walk_table(void)
{
	struct rp_walk walk = {.pc = (uint64_t *)(void *)room, .cap = MAX_FRAMES};
	struct rp_window window;
	struct rp_regs regs;

	rp_regs_here(&regs);
	rp_window_live(&window, regs.sp, stack_lo, stack_hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
	rp_tables_give();
	return walk.stop == RP_STOP_END ? (int)walk.n : -1;
}

static int walk_libunwind(void)
{
	return unw_backtrace(room, MAX_FRAMES);
}

static int walk_glibc(void)
{
	return glibc_backtrace(room, MAX_FRAMES);
}

static int (*const ways[N_WAYS])(void) = {walk_table, walk_libunwind, walk_glibc};

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(void)
{
	double ns[N_WAYS][N_BATCHES];
	int n[N_WAYS] = {0};

	for (int batch = 0; batch < N_BATCHES; batch++)
		for (int way = 0; way < N_WAYS; way++) {
			uint64_t begin = now_ns();

			for (int i = 0; i < N_WALKS; i++)
				n[way] = ways[way]();
			ns[way][batch] = (double)(now_ns() - begin) / N_WALKS;
		}
	printf("%6d", n[0]);
	for (int way = 0; way < N_WAYS; way++) {
		qsort(ns[way], N_BATCHES, sizeof(double), by_value);
		printf(" %12.0f (%d)", ns[way][N_BATCHES / 2], n[way]);
	}
	printf("\n");
}

#define STEP(name, next, bytes)                                                                    \
	static __attribute__((noinline)) void name(int left)                                       \
	{                                                                                          \
		volatile char frame[bytes];                                                        \
		frame[0] = (char)left;                                                             \
		if (left > 0)                                                                      \
			next(left - 1);                                                            \
		else                                                                               \
			measure();                                                                 \
		sink += frame[0];                                                                  \
	}
static void step_a(int left);
STEP(step_d, step_a, 200)
STEP(step_c, step_d, 8)
STEP(step_b, step_c, 72)
STEP(step_a, step_b, 24)

static void print_tables(double build_ms)
{
	const struct rp_tables *tables = rp_tables_take();
	size_t n_all = 0;

	for (uint32_t i = 0; i < tables->n_modules; i++) {
		const struct rp_module_rows *m = &tables->modules[i];
		size_t n_bytes = m->n_rows * sizeof(struct rp_row) +
		                 4 * (((m->hi - m->lo) >> RP_ROWS_PAGE_BITS) + 2);

		n_all += n_bytes;
		printf("%8u rows %8zu bytes  %s\n", m->n_rows, n_bytes,
		       rp_modules_at(m->module)->path);
	}
	rp_tables_give();
	printf("%u modules, %zu bytes, built in %.2f ms\n", tables->n_modules, n_all, build_ms);
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	void *at;
	size_t n;
	uint64_t begin;

	for (int i = 1; i < argc; i++) /* tables of any library: bench_stack libLLVM-14.so.1 */
		if (!dlopen(argv[i], RTLD_NOW))
			fprintf(stderr, "bench_stack: %s\n", dlerror());
	glibc_backtrace = (int (*)(void **, int))dlsym(dlopen("libc.so.6", RTLD_NOW), "backtrace");
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &at, &n);
	stack_lo = (uint64_t)(uintptr_t)at;
	stack_hi = stack_lo + n;
	begin = now_ns();
	if (!glibc_backtrace || !rp_modules_refresh())
		return 1;
	print_tables((double)(now_ns() - begin) / 1e6);
	printf("ns a walk (frames)\n%6s %16s %16s %16s\n", "frames", "table", "unw_backtrace",
	       "backtrace");
	step_a(10 - 7);
	step_a(30 - 7);
	step_a(100 - 7);
	return 0;
}
