/* test_stack.c - walks against libunwind's, in copies, near guard pages, off the known stack;
 * what cannot be followed is named.  test_stack_steps.c judges at every instruction.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <ucontext.h>
#include "preload/cold/modules.h"
#include "store/records.h"
#include "tests/support/guard.h"
#include "tests/support/stepper.h"
#include "tests/support/suite.h"

#define NOINLINE __attribute__((noinline))
enum { MAX_FRAMES = 400, COPY_BYTES = 64 << 10, STACK_BYTES = 128 << 10 };

static volatile int sink;
static ucontext_t main_context, coroutine;

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

NOINLINE static int deep(int n)
{
	return n ? deep(n - 1) + sink : by_number(&n, &n);
}

static void work(void)
{
	struct timespec at;
	int v[60];

	for (int i = 0; i < 60; i++)
		v[i] = i * 7919 % 61;
	qsort(v, 60, sizeof(*v), by_number);
	for (int i = 0; i < 10; i++)
		clock_gettime(CLOCK_MONOTONIC, &at);
	sink = deep(40) + v[0];
}

/* This thread's stack, walked from here. */
struct here {
	uint64_t pc[MAX_FRAMES];
	uint8_t exact[MAX_FRAMES];
	struct rp_walk walk;
	struct rp_regs regs;
	struct rp_window window;
	size_t n_copy;
	uint64_t copy[COPY_BYTES / 8]; /* of the stack, while it was what was walked */
};

__attribute__((no_sanitize("address"))) static void copy_stack(struct here *here)
{
	const volatile uint64_t *from = (const volatile uint64_t *)(uintptr_t)here->window.lo;
	size_t n = (here->window.hi - here->window.lo) / 8;

	n = n < COPY_BYTES / 8 ? n : COPY_BYTES / 8;
	for (size_t i = 0; i < n; i++)
		here->copy[i] = from[i];
	here->n_copy = n * 8;
}

NOINLINE static void walk_here(struct here *here)
{
	uint64_t lo, hi;

	here->walk = (struct rp_walk){.pc = here->pc, .exact = here->exact, .cap = MAX_FRAMES};
	stepper_stack(&lo, &hi);
	rp_regs_here(&here->regs);
	rp_window_live(&here->window, here->regs.sp, lo, hi);
	rp_stack_walk(rp_tables_take(), &here->regs, &here->window, &here->walk);
	rp_tables_give();
	copy_stack(here);
}

/* walk_here's callers must be what libunwind says they are. */
NOINLINE static void expect_as_libunwind(void)
{
	static struct here here;
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t pc;
	uint32_t n = 2; /* walk_here and this function stand at different instructions */

	walk_here(&here);
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	while (unw_step(&cursor) > 0) {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		ck_assert_uint_lt(n, here.walk.n);
		ck_assert_uint_eq(here.pc[n], pc);
		ck_assert_uint_eq(here.exact[n], unw_is_signal_frame(&cursor) > 0);
		n++;
	}
	ck_assert_uint_eq(here.walk.n, n);
	ck_assert_uint_eq(here.walk.stop, RP_STOP_END);
}

static void compare_in_handler(int signal)
{
	(void)signal;
	expect_as_libunwind();
}

static int compare_in_callback(const void *a, const void *b)
{
	expect_as_libunwind();
	return by_number(a, b);
}

START_TEST(as_libunwind_says_in_callbacks_and_handlers)
{
	static char alt[STACK_BYTES];
	stack_t stack = {.ss_sp = alt, .ss_size = sizeof(alt)};
	struct sigaction act = {.sa_handler = compare_in_handler};
	int v[3] = {3, 1, 2};

	ck_assert(rp_modules_refresh());
	expect_as_libunwind();
	qsort(v, 3, sizeof(*v), compare_in_callback);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	ck_assert_int_eq(sigaltstack(&stack, NULL), 0);
	act.sa_flags = SA_ONSTACK;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1); /* the walk begins on the alternate stack and comes home */
}
END_TEST

static volatile unsigned n_ticks, n_differ;

static void on_alarm(int signal, siginfo_t *info, void *context)
{
	static uint64_t pcs[MAX_FRAMES];
	struct rp_walk walk = {.pc = pcs, .cap = MAX_FRAMES};
	struct rp_window window;
	struct rp_regs regs;
	unw_cursor_t cursor;
	unw_word_t pc;
	uint64_t lo, hi;
	uint32_t n = 0;

	(void)signal;
	(void)info;
	stepper_stack(&lo, &hi);
	rp_regs_from_context(&regs, context);
	rp_window_live(&window, regs.sp, lo, hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
	rp_tables_give();
	unw_init_local2(&cursor, context, UNW_INIT_SIGNAL_FRAME);
	do {
		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		n_differ += n >= walk.n || pcs[n] != pc;
		n++;
	} while (unw_step(&cursor) > 0 && n < MAX_FRAMES);
	n_differ += n != walk.n || walk.stop != RP_STOP_END;
	n_ticks++;
}

/* No malloc and no stdio in here: libunwind and stepper_stack run in the handler. */
START_TEST(as_libunwind_says_at_random_instructions)
{
	struct sigaction act = {.sa_sigaction = on_alarm, .sa_flags = SA_SIGINFO};
	struct itimerval every = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};

	ck_assert(rp_modules_refresh());
	sigaction(SIGALRM, &act, NULL);
	setitimer(ITIMER_REAL, &every, NULL);
	while (n_ticks < 100)
		work();
	setitimer(ITIMER_REAL, &off, NULL);
	ck_assert_uint_eq(n_differ, 0);
}
END_TEST

NOINLINE static void walk_and(void (*then)(const struct here *))
{
	static struct here here;

	walk_here(&here);
	then(&here);
}

NOINLINE static void at_depth(int n, void (*then)(const struct here *))
{
	volatile int keep = n;

	if (n)
		at_depth(n - 1, then);
	else
		walk_and(then);
	sink = keep;
}

/* N_BYTES of HERE's stack at an unmapped page; the walk over the copy. */
static void walk_copy(const struct here *here, size_t n_bytes, struct rp_walk *walk)
{
	uint64_t lo = here->window.lo;
	const char *copy = guard_put(0, here->copy, n_bytes);
	struct rp_window window = {.lo = lo, .hi = lo + n_bytes};

	window.delta = (int64_t)((uint64_t)(uintptr_t)copy - lo);
	rp_stack_walk(rp_tables_take(), &here->regs, &window, walk);
	rp_tables_give();
}

static void expect_same_from_copies(const struct here *here)
{
	uint64_t pcs[MAX_FRAMES];
	struct rp_walk walk = {.pc = pcs, .cap = MAX_FRAMES};

	walk_copy(here, here->n_copy, &walk);
	ck_assert_uint_eq(walk.n, here->walk.n);
	ck_assert_uint_eq(walk.stop, RP_STOP_END);
	ck_assert_int_eq(memcmp(pcs, here->pc, walk.n * sizeof(*pcs)), 0);
	for (size_t cut = 0; cut < 2048; cut++) {
		walk_copy(here, cut, &walk);
		ck_assert_uint_eq(walk.stop, RP_STOP_COPY_SHORT);
		ck_assert_uint_lt(walk.n, here->walk.n);
		ck_assert_int_eq(memcmp(pcs, here->pc, walk.n * sizeof(*pcs)), 0);
	}
}

START_TEST(a_copy_gives_the_same_frames_up_to_where_it_ends)
{
	ck_assert(rp_modules_refresh());
	at_depth(200, expect_same_from_copies);
}
END_TEST

/* Runs BEGIN on a stack of its own, which ends at an unmapped page; that page. */
static uint64_t in_coroutine(void (*begin)(void))
{
	char *at = mmap(NULL, STACK_BYTES + 4096, PROT_READ | PROT_WRITE,
	                MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert(at != MAP_FAILED);
	ck_assert_int_eq(mprotect(at + STACK_BYTES, 4096, PROT_NONE), 0);
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = at;
	coroutine.uc_stack.ss_size = STACK_BYTES;
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, begin, 0);
	swapcontext(&main_context, &coroutine);
	return (uint64_t)(uintptr_t)at + STACK_BYTES;
}

START_TEST(a_coroutine_is_walked_to_its_beginning)
{
	ck_assert(rp_modules_refresh());
	in_coroutine(expect_as_libunwind);
}
END_TEST

START_TEST(a_window_off_the_stack_is_probed)
{
	struct rp_window window;
	ck_assert(rp_modules_refresh());
	uint64_t top = in_coroutine(expect_as_libunwind), sp = top - 4096 - 200;

	rp_window_live(&window, sp, 4096, 8192);
	ck_assert_uint_eq(window.lo, sp - RP_RED_ZONE);
	ck_assert_uint_eq(window.hi, top - 4096);
	ck_assert_uint_eq(window.reach, top - 8192 + RP_WINDOW_REACH);
	rp_window_live(&window, top + 8, 4096, 8192); /* nothing there can be read */
	ck_assert_uint_eq(window.hi, top);
	ck_assert_uint_eq(window.reach, 0);
	rp_window_live(&window, sp, sp & ~4095ULL, top); /* on the stack: nothing is probed */
	ck_assert_uint_eq(window.hi, top);
	ck_assert_uint_eq(window.reach, 0);
}
END_TEST

START_TEST(what_cannot_be_followed_is_named)
{
	static struct here here;
	uint64_t pcs[3];
	struct rp_walk walk = {.pc = pcs, .cap = 3};

	ck_assert(rp_modules_refresh());
	walk_here(&here);
	rp_stack_walk(rp_tables_take(), &here.regs, &here.window, &walk);
	ck_assert_uint_eq(walk.n, 3);
	ck_assert_uint_eq(walk.stop, RP_STOP_DEPTH);
	rp_stack_walk(NULL, &here.regs, &here.window, &walk);
	ck_assert_uint_eq(walk.n, 1);
	ck_assert_uint_eq(walk.stop, RP_STOP_NO_TABLES);
	here.regs.pc = 0x1234;
	rp_stack_walk(rp_tables_now, &here.regs, &here.window, &walk);
	ck_assert_uint_eq(walk.n, 1);
	ck_assert_uint_eq(walk.stop, RP_STOP_UNKNOWN_PC);
	rp_tables_give();
}
END_TEST

/* Walks its own frames with [sp + LO, sp + HI) to read. */
NOINLINE static void walk_within(struct rp_walk *walk, uint64_t lo, uint64_t hi)
{
	struct rp_window window = {0};
	struct rp_regs regs;

	rp_regs_here(&regs);
	window.lo = regs.sp + lo;
	window.hi = regs.sp + hi;
	rp_stack_walk(rp_tables_take(), &regs, &window, walk);
	rp_tables_give();
}

static void expect_bounds(const struct here *here)
{
	uint64_t pcs[MAX_FRAMES];
	struct rp_walk walk = {.pc = pcs, .cap = MAX_FRAMES};
	size_t deepest = 0;

	for (uint64_t hi = 8; hi < 3000; hi += 8) {
		walk_within(&walk, 0, hi);
		ck_assert_uint_eq(walk.stop, RP_STOP_BOUNDS);
		ck_assert_uint_ge(walk.n, deepest);
		deepest = walk.n;
	}
	ck_assert_uint_gt(deepest, 1);
	ck_assert_uint_lt(deepest, here->walk.n);
	walk_within(&walk, 64 << 10, 128 << 10);
	ck_assert_uint_eq(walk.n, 1);
	ck_assert_uint_eq(walk.stop, RP_STOP_BOUNDS);
}

START_TEST(the_window_is_honoured)
{
	ck_assert(rp_modules_refresh());
	at_depth(50, expect_bounds);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stack");
	TCase *tc = tcase_create("walk");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, as_libunwind_says_in_callbacks_and_handlers);
	tcase_add_test(tc, as_libunwind_says_at_random_instructions);
	tcase_add_test(tc, a_copy_gives_the_same_frames_up_to_where_it_ends);
	tcase_add_test(tc, a_coroutine_is_walked_to_its_beginning);
	tcase_add_test(tc, a_window_off_the_stack_is_probed);
	tcase_add_test(tc, what_cannot_be_followed_is_named);
	tcase_add_test(tc, the_window_is_honoured);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
