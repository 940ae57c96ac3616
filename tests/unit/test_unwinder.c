/* test_unwinder.c - libunwind in its fence: the same stacks, no descriptor, no lock that is waited
 * for, and back to the tables where it cannot.
 *
 * Room: tests.  This program is linked to libunwind, so it is one that the host uses, too.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/unwinder.h"

#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/cold/unwinder_bind.h"
#include "preload/hot/unwinder_parts.h"
#include "preload/settings.h"
#include "store/records.h"
#include "tests/support/flagged.h"
#include "tests/support/stepper.h"
#include "tests/support/suite.h"

#define NOINLINE __attribute__((noinline))
enum { MAX_FRAMES = 400, DEEP = 60 };

struct side {
	uint64_t pc[MAX_FRAMES];
	uint8_t exact[MAX_FRAMES];
	struct rp_walk walk;
	bool done;
};

static struct side table, other;
static uint64_t stack_lo, stack_hi;
static volatile int sink;

static void ready(void)
{
	flagged_ready();
	rp_settings.libunwind = true;
	stepper_stack(&stack_lo, &stack_hi);
	for (unsigned turn = 0; turn < 3; turn++) {
		ck_assert(rp_modules_refresh());
		rp_unwinder_refresh();
	}
	ck_assert_ptr_nonnull(atomic_load(&rp_unwinder_now));
}

static void walk_both(const struct rp_regs *regs)
{
	const struct rp_tables *tables = rp_tables_take();
	struct rp_window window;

	rp_window_live(&window, regs->sp, stack_lo, stack_hi);
	table.walk = (struct rp_walk){.pc = table.pc, .exact = table.exact, .cap = MAX_FRAMES};
	other.walk = (struct rp_walk){.pc = other.pc, .exact = other.exact, .cap = MAX_FRAMES};
	rp_stack_walk(tables, regs, &window, &table.walk);
	other.done = rp_unwinder_walk(tables, regs, &window, &other.walk, 0);
	rp_tables_give();
}

static void same_stacks(void)
{
	ck_assert(other.done);
	ck_assert_uint_eq(table.walk.stop, RP_STOP_END);
	ck_assert_uint_eq(other.walk.stop, RP_STOP_END);
	ck_assert_uint_eq(other.walk.n, table.walk.n);
	for (uint32_t i = 0; i < table.walk.n; i++) {
		ck_assert_uint_eq(other.pc[i], table.pc[i]);
		ck_assert_uint_eq(other.exact[i], table.exact[i]);
	}
}

NOINLINE static int deep(int n)
{
	struct rp_regs regs;

	if (n)
		return deep(n - 1) + sink;
	rp_regs_here(&regs);
	walk_both(&regs);
	return sink;
}

static void interrupted(int sig, siginfo_t *info, void *context)
{
	struct rp_regs regs;

	(void)sig, (void)info;
	rp_regs_from_context(&regs, context);
	walk_both(&regs);
}

NOINLINE static int deep_signal(int n)
{
	if (n)
		return deep_signal(n - 1) + sink;
	return raise(SIGUSR1);
}

START_TEST(it_walks_what_the_tables_walk)
{
	sink = deep(DEEP);
	same_stacks();
	ck_assert_uint_gt(other.walk.n, DEEP);
}
END_TEST

START_TEST(it_walks_from_an_interrupted_instruction)
{
	struct sigaction act = {.sa_sigaction = interrupted, .sa_flags = SA_SIGINFO};

	sigfillset(&act.sa_mask);
	sigaction(SIGUSR1, &act, NULL);
	errno = 4242;
	sink = deep_signal(DEEP);
	ck_assert_int_eq(errno, 4242);
	same_stacks();
	ck_assert_uint_eq(other.exact[0], 1);
}
END_TEST

/* A handler of the host stood between: what is below it was interrupted, too. */
static void handler_that_walks(int sig)
{
	(void)sig;
	sink = deep(3);
}

START_TEST(it_walks_through_a_handler_of_the_host)
{
	signal(SIGUSR2, handler_that_walks);
	raise(SIGUSR2);
	same_stacks();
	unsigned n_exact = 0;

	for (uint32_t i = 0; i < other.walk.n; i++)
		n_exact += other.exact[i];
	ck_assert_uint_eq(n_exact, 1);
}
END_TEST

/* The next descriptor is the same one before and after. */
START_TEST(it_opens_nothing)
{
	int before = open("/dev/null", O_RDONLY), after;

	close(before);
	sink = deep(DEEP);
	after = open("/dev/null", O_RDONLY);
	ck_assert_int_eq(after, before);
}
END_TEST

START_TEST(a_window_that_ends_early_is_the_tables_to_judge)
{
	struct rp_regs regs;

	rp_regs_here(&regs);
	stack_hi = regs.sp + 64;
	walk_both(&regs);
	ck_assert(!other.done);
	ck_assert_uint_ne(table.walk.stop, RP_STOP_END);
}
END_TEST

static struct rp_unwinder_answer *answer(const char *name)
{
	for (unsigned i = 0; i < rp_unwinder_n_answers; i++)
		if (strcmp(rp_unwinder_answers[i].name, name) == 0)
			return &rp_unwinder_answers[i];
	ck_abort_msg("nobody answers %s", name);
	return NULL;
}

static pthread_mutex_t locks[2] = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_MUTEX_INITIALIZER};
static bool went_on;

static void lock_both(struct rp_unwinding *u)
{
	int (*lock)(pthread_mutex_t *) =
	        (int (*)(pthread_mutex_t *))answer("pthread_mutex_lock")->ours;

	(void)u;
	lock(&locks[0]);
	lock(&locks[1]);
	went_on = true;
}

/* Somebody has the second: the walk ends there, and the first is free again. */
START_TEST(a_lock_that_somebody_holds_is_not_waited_for)
{
	pthread_mutex_lock(&locks[1]);
	ck_assert(!rp_unwinder_fenced(lock_both, 0));
	ck_assert(!went_on);
	ck_assert_int_eq(pthread_mutex_trylock(&locks[0]), 0);
	pthread_mutex_unlock(&locks[0]);
	pthread_mutex_unlock(&locks[1]);
	sink = deep(DEEP);
	same_stacks();
}
END_TEST

static void call_abort(struct rp_unwinding *u)
{
	(void)u;
	((void (*)(void))answer("abort")->ours)();
	went_on = true;
}

START_TEST(its_abort_ends_the_walk_and_not_the_host)
{
	ck_assert(!rp_unwinder_fenced(call_abort, 0));
	ck_assert(!went_on);
}
END_TEST

START_TEST(the_host_uses_it_as_ever)
{
	void *frames[MAX_FRAMES];
	char name[64];
	unw_context_t context;
	unw_cursor_t cursor;
	unw_word_t off;

	ck_assert_int_gt(unw_backtrace(frames, MAX_FRAMES), 2); /* with a thread's own cache */
	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	ck_assert_int_eq(unw_get_proc_name(&cursor, name, sizeof(name), &off), 0); /* opens files */
	ck_assert_str_eq(name, "the_host_uses_it_as_ever_fn");
}
END_TEST

START_TEST(a_library_with_other_imports_is_not_bound)
{
	char import[RP_UNWINDER_IMPORT];
	void *handle = dlopen("libcheck.so.0", RTLD_NOW);

	handle = handle ? handle : dlopen("libdw.so.1", RTLD_NOW);
	ck_assert_ptr_nonnull(handle);
	ck_assert(!rp_unwinder_bind(handle, import));
	ck_assert_uint_gt(strlen(import), 0);
}
END_TEST

/* What the walk of another thread had locked while it forked would be locked in the child for ever:
 * walks are the table's meanwhile. */
START_TEST(nobody_is_in_libunwind_around_a_fork)
{
	rp_unwinder_before_fork();
	sink = deep(DEEP);
	ck_assert(!other.done);
	ck_assert_uint_eq(atomic_load(&rp_unwinder_walkers), 0);
	pid_t child = fork();

	if (child == 0) {
		rp_unwinder_after_fork();
		rp_unwinder_forked();
		rp_modules_refresh();
		rp_unwinder_refresh();
		sink = deep(DEEP);
		_exit(other.done ? 0 : 1);
	}
	int status;

	waitpid(child, &status, 0);
	ck_assert_int_eq(status, 0);
	rp_unwinder_after_fork();
	sink = deep(DEEP);
	ck_assert(other.done);
}
END_TEST

/* A set of tables that libunwind was not shown is the tables' own. */
START_TEST(modules_that_came_later_are_shown_before_it_walks_again)
{
	ck_assert_ptr_nonnull(dlopen("libresolv.so.2", RTLD_NOW));
	rp_tables_loading();
	ck_assert(rp_modules_refresh());
	sink = deep(DEEP);
	ck_assert(!other.done);
	rp_unwinder_refresh();
	sink = deep(DEEP);
	same_stacks();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("unwinder");
	TCase *tcase = tcase_create("unwinder");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, it_walks_what_the_tables_walk);
	tcase_add_test(tcase, it_walks_from_an_interrupted_instruction);
	tcase_add_test(tcase, it_walks_through_a_handler_of_the_host);
	tcase_add_test(tcase, it_opens_nothing);
	tcase_add_test(tcase, a_window_that_ends_early_is_the_tables_to_judge);
	tcase_add_test(tcase, a_lock_that_somebody_holds_is_not_waited_for);
	tcase_add_test(tcase, its_abort_ends_the_walk_and_not_the_host);
	tcase_add_test(tcase, the_host_uses_it_as_ever);
	tcase_add_test(tcase, a_library_with_other_imports_is_not_bound);
	tcase_add_test(tcase, nobody_is_in_libunwind_around_a_fork);
	tcase_add_test(tcase, modules_that_came_later_are_shown_before_it_walks_again);
	return suite_run(suite);
}
