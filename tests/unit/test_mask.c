/* test_mask.c - which signal is ours, and what the host is told of it.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/mask.h"

#include <string.h>
#include "preload/hot/sys.h"
#include "tests/support/suite.h"

static void nothing(int sig)
{
	(void)sig;
}

static bool has(const sigset_t *set)
{
	return *(const uint64_t *)(const void *)set & rp_sigbit(rp_mask_signal());
}

static sigset_t set_of(bool ours)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	if (ours)
		sigaddset(&set, rp_mask_signal());
	return set;
}

START_TEST(a_signal_that_the_host_uses_is_not_picked)
{
	struct sigaction act = {.sa_handler = nothing}, old;

	sigaction(SIGRTMAX - 1, &act, NULL);
	act.sa_handler = SIG_IGN;
	sigaction(SIGRTMAX - 2, &act, NULL);
	atomic_store(&rp_mask_signalfds, rp_sigbit(SIGRTMAX - 3));
	ck_assert_int_eq(rp_mask_signal(), 0);
	ck_assert(rp_mask_pick());
	ck_assert_int_eq(rp_mask_signal(), SIGRTMAX - 4);
	ck_assert(rp_mask_pick());
	ck_assert_int_eq(rp_mask_signal(), SIGRTMAX - 4);
	sigaction(SIGRTMAX - 1, NULL, &old);
	ck_assert_ptr_eq(old.sa_handler, nothing);
}
END_TEST

START_TEST(without_a_free_signal_there_is_none)
{
	struct sigaction act = {.sa_handler = nothing};

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaction(sig, &act, NULL);
	ck_assert(!rp_mask_pick());
	ck_assert(!rp_mask_pick());
	ck_assert_int_eq(rp_mask_signal(), 0);
}
END_TEST

START_TEST(sets_pass_untouched_until_it_is_picked_and_without_it_after)
{
	sigset_t copy, set;

	sigfillset(&set);
	ck_assert_ptr_eq(rp_mask_without(&set, &copy), &set);
	ck_assert(rp_mask_pick());
	ck_assert_ptr_null(rp_mask_without(NULL, &copy));
	ck_assert_ptr_null(rp_mask_with(NULL, &copy));
	ck_assert_ptr_eq(rp_mask_without(&set, &copy), &copy);
	ck_assert(has(&set) && !has(&copy));
	ck_assert_int_eq(sigismember(&copy, SIGUSR1), 1);
	sigemptyset(&set);
	ck_assert_ptr_eq(rp_mask_with(&set, &copy), &copy);
	ck_assert(!has(&set) && has(&copy));
	ck_assert_int_eq(sigismember(&copy, SIGUSR1), 0);
	ck_assert_ptr_eq(rp_mask_with((void *)8, &copy), (void *)8); /* the kernel's to refuse */
}
END_TEST

/* how, our bit named, blocked before, in a wait: blocked after, our bit in what is passed on */
static const struct {
	int how;
	bool named, was, wait, is, passed;
} changes[] = {
        {SIG_BLOCK, true, false, false, true, false},
        {SIG_BLOCK, false, true, false, true, false},
        {SIG_BLOCK, false, false, true, false, false},
        {SIG_UNBLOCK, true, true, false, false, false},
        {SIG_UNBLOCK, true, true, true, false, false},
        {SIG_UNBLOCK, false, true, false, true, false},
        {SIG_SETMASK, true, false, false, true, false},
        {SIG_SETMASK, false, true, false, false, false},
        {SIG_SETMASK, false, true, true, false, true},
        {SIG_SETMASK, true, true, true, true, true},
};

START_TEST(a_mask_change_is_what_the_host_believes)
{
	static struct rp_wait *somewhere = (void *)&changes;
	sigset_t copy, old = {0}, set;
	bool blocks = changes[_i].was;

	ck_assert(rp_mask_pick());
	set = set_of(changes[_i].named);
	rp_self.wait = changes[_i].wait ? somewhere : NULL;
	ck_assert_ptr_eq(rp_mask_change(changes[_i].how, &set, &copy, &blocks), &copy);
	ck_assert_int_eq(blocks, changes[_i].is);
	ck_assert_int_eq(has(&copy), changes[_i].passed);
	ck_assert_int_eq(sigismember(&copy, SIGUSR1), 1);
	rp_mask_report(&old, blocks);
	ck_assert_int_eq(has(&old), changes[_i].is);
	rp_mask_report(NULL, true);
	ck_assert_ptr_null(rp_mask_change(SIG_SETMASK, NULL, &copy, &blocks));
	ck_assert_int_eq(blocks, changes[_i].is);
}
END_TEST

START_TEST(the_hosts_action_is_remembered)
{
	struct sigaction act = {.sa_handler = nothing, .sa_flags = SA_RESTART}, old;

	ck_assert(rp_mask_pick());
	ck_assert_int_eq(rp_mask_action(&act, &old), 0);
	ck_assert_ptr_eq(old.sa_handler, SIG_DFL);
	ck_assert_int_eq(rp_mask_action(NULL, &old), 0);
	ck_assert_ptr_eq(old.sa_handler, nothing);
	ck_assert_int_eq(old.sa_flags, SA_RESTART);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("mask");
	TCase *tcase = tcase_create("mask");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, a_signal_that_the_host_uses_is_not_picked);
	tcase_add_test(tcase, without_a_free_signal_there_is_none);
	tcase_add_test(tcase, sets_pass_untouched_until_it_is_picked_and_without_it_after);
	tcase_add_loop_test(tcase, a_mask_change_is_what_the_host_believes, 0,
	                    sizeof(changes) / sizeof(*changes));
	tcase_add_test(tcase, the_hosts_action_is_remembered);
	return suite_run(suite);
}
