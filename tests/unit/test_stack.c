/* test_stack.c - walks against the truth: at every instruction of real code, in copies, near
 * guard pages, off the known stack.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack.h"

#define UNW_LOCAL_ONLY
#include <alloca.h>
#include <libunwind.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
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

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void work_qsort(void *arg)
{
	int v[60];

	(void)arg;
	for (int i = 0; i < 60; i++)
		v[i] = i * 7919 % 61;
	qsort(v, 60, sizeof(*v), by_number);
	sink = v[0];
}

static void work_integers(void *arg)
{
	char text[64];

	(void)arg;
	for (int i = 0; i < 6; i++)
		snprintf(text, sizeof(text), "%d %s %x", i * 1234, "abc", i);
	sink = text[0];
}

static void work_floats(void *arg)
{
	char text[64];

	(void)arg;
	for (int i = 1; i < 4; i++)
		snprintf(text, sizeof(text), "%f %.20g", i * 1.234e22, i / 3.0);
	sink = text[0];
}

static void work_strtod(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		sink = (int)strtod("3.14159265e3", NULL);
}

static void work_malloc(void *arg)
{
	void *at[40];

	(void)arg;
	for (int i = 0; i < 40; i++)
		at[i] = malloc((size_t)i * 200 + 1);
	for (int i = 0; i < 40; i++)
		free(at[i]);
}

static void work_strings(void *arg)
{
	char text[256];

	(void)arg;
	for (int i = 0; i < 8; i++) {
		memset(text, 'a', sizeof(text));
		text[30 * i + 8] = '\0';
		sink = (int)strlen(text) + !!strchr(text, 'b') + !!strstr(text, "ab");
		sink += memcmp(text, text + 100, 20) + !!memchr(text, 0, sizeof(text));
		memmove(text + 1, text, 200);
	}
}

static void work_regex(void *arg)
{
	regex_t re;

	(void)arg;
	if (regcomp(&re, "a(b|c)*d", REG_EXTENDED) == 0)
		sink = regexec(&re, "xxabcbcd", 0, NULL, 0);
	regfree(&re);
}

static void work_clock(void *arg)
{
	struct timespec at;
	struct tm tm;
	char text[64];

	(void)arg;
	for (int i = 0; i < 10; i++)
		clock_gettime(CLOCK_MONOTONIC, &at);
	clock_gettime(CLOCK_REALTIME, &at);
	gmtime_r(&at.tv_sec, &tm);
	sink = (int)strftime(text, sizeof(text), "%Y %H", &tm);
}

NOINLINE static int big_frame(int n)
{
	volatile char room[300 << 10];

	room[n] = (char)n;
	sink += by_number(&n, &n);
	return room[n];
}

NOINLINE static int alloca_frame(size_t n)
{
	char *room = alloca(n);

	memset(room, 1, n);
	return room[n / 2];
}

/* An over-aligned local in a function with alloca: the compiler saves the CFA in the frame. */
NOINLINE static int realigned_frame(size_t n)
{
	volatile char wide[64] __attribute__((aligned(64)));
	char *room = alloca(n);

	memset(room, 2, n);
	wide[1] = room[1];
	return wide[1] + alloca_frame(n);
}

NOINLINE static int tail(int n)
{
	return n ? big_frame(n) : 0;
}

NOINLINE static int deep(int n)
{
	return n ? deep(n - 1) + sink : tail(3);
}

static void work_frames(void *arg)
{
	(void)arg;
	sink = alloca_frame(100) + realigned_frame(300);
	sink = deep(60);
}

static void work_lazy_binding(void *arg)
{
	unsigned short seed[3] = {1, 2, 3};

	(void)arg; /* called nowhere else: the first call goes through the loader's resolver */
	sink = (int)nrand48(seed);
	sink += (int)jrand48(seed);
}

static void work_longjmp(void *arg)
{
	jmp_buf env;

	(void)arg;
	if (setjmp(env) == 0)
		longjmp(env, 1);
}

static void on_usr1(int signal)
{
	sink += signal + deep(3);
}

static void work_signal(void *arg)
{
	struct sigaction act = {.sa_handler = on_usr1};

	(void)arg;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	sink = deep(2);
}

static ucontext_t main_context, coroutine;
static struct stepper_score coroutine_score;

static void coroutine_main(void)
{
	stepper_run(&coroutine_score, work_integers, NULL);
}

static void *in_thread(void *arg)
{
	struct stepper_score *score = arg;

	stepper_run(score, work_integers, NULL);
	return NULL;
}

/* Work, and the least share of right walks in 1/1000.  None may be wrong. */
static const struct {
	const char *name;
	void (*work)(void *);
	unsigned right;
} works[] = {
        {"qsort with a callback", work_qsort, 1000},
        {"snprintf of integers", work_integers, 1000},
        {"strtod", work_strtod, 1000},
        {"malloc and free", work_malloc, 1000},
        {"string functions", work_strings, 1000},
        {"regular expressions", work_regex, 1000},
        {"clocks", work_clock, 1000},
        {"alloca, realigned, 300 KB and deep frames", work_frames, 1000},
        {"lazy binding", work_lazy_binding, 1000},
        {"a handler on the same stack", work_signal, 1000},
        /* glibc's __mpn_* push without saying so: nobody can walk from between these */
        {"snprintf of floats", work_floats, 950},
        /* __longjmp takes another stack's frame over register by register */
        {"longjmp", work_longjmp, 800},
};

static void expect_score(const char *name, const struct stepper_score *score, unsigned right)
{
	uint64_t n = score->right + score->truncated + score->wrong;

	const struct rp_module *at = rp_modules_find(score->first_wrong_pc, UINT32_MAX - 1);

	ck_assert_msg(score->wrong == 0, "%s: %lu of %lu wrong, first at %s+%lx", name,
	              (unsigned long)score->wrong, (unsigned long)n, at ? at->path : "",
	              (unsigned long)(score->first_wrong_pc - (at ? at->bias : 0)));
	ck_assert_msg(n > 40, "%s: only %lu instructions were seen", name, (unsigned long)n);
	ck_assert_msg(score->right * 1000 >= n * right, "%s: %lu of %lu right", name,
	              (unsigned long)score->right, (unsigned long)n);
}

START_TEST(right_at_every_instruction)
{
	struct stepper_score score;

	ck_assert(rp_modules_refresh());
	stepper_run(&score, works[_i].work, NULL);
	expect_score(works[_i].name, &score, works[_i].right);
}
END_TEST

START_TEST(right_at_every_instruction_of_a_thread)
{
	struct stepper_score score;
	pthread_t thread;

	ck_assert(rp_modules_refresh());
	ck_assert_int_eq(pthread_create(&thread, NULL, in_thread, &score), 0);
	pthread_join(thread, NULL);
	expect_score("thread", &score, 1000);
}
END_TEST

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
	while (n_ticks < 100) {
		work_qsort(NULL);
		work_clock(NULL);
		sink = deep(40);
	}
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
	in_coroutine(coroutine_main);
	expect_score("coroutine", &coroutine_score, 1000);
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
	tcase_add_loop_test(tc, right_at_every_instruction, 0, sizeof(works) / sizeof(*works));
	tcase_add_test(tc, right_at_every_instruction_of_a_thread);
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
