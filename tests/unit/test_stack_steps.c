/* test_stack_steps.c - walks judged at every instruction of real code.
 *
 * None may be wrong: what cannot be walked (glibc's code without unwind rules) must stop.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules.h"

#include <alloca.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include "tests/support/stepper.h"
#include "tests/support/suite.h"

#define NOINLINE __attribute__((noinline))
enum { STACK_BYTES = 128 << 10 };

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

START_TEST(right_at_every_instruction_of_a_coroutine)
{
	static char room[STACK_BYTES];

	ck_assert(rp_modules_refresh());
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = room;
	coroutine.uc_stack.ss_size = sizeof(room);
	coroutine.uc_link = &main_context;
	makecontext(&coroutine, coroutine_main, 0);
	swapcontext(&main_context, &coroutine);
	expect_score("coroutine", &coroutine_score, 1000);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stack at every instruction");
	TCase *tc = tcase_create("steps");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, right_at_every_instruction, 0, sizeof(works) / sizeof(*works));
	tcase_add_test(tc, right_at_every_instruction_of_a_thread);
	tcase_add_test(tc, right_at_every_instruction_of_a_coroutine);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
