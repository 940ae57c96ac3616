/* test_coroutine.c - the function that coroutines return into is found, and is no other.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/coroutine.h"

#include <dlfcn.h>
#include <ucontext.h>
#include "tests/support/suite.h"

static ucontext_t home, away;
static uint64_t seen;

static void look(void)
{
	seen = (uint64_t)(uintptr_t)__builtin_return_address(0);
}

START_TEST(every_coroutine_returns_there)
{
	static char stack[64 << 10];

	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	away.uc_link = &home;
	makecontext(&away, look, 0);
	swapcontext(&home, &away);
	ck_assert_uint_ne(seen, 0);
	ck_assert_uint_eq(rp_coroutine_end(), seen);
	ck_assert_uint_eq(rp_coroutine_end(), seen);
}
END_TEST

START_TEST(it_is_a_function_of_libc)
{
	Dl_info here, libc;

	ck_assert(dladdr((void *)(uintptr_t)rp_coroutine_end(), &here));
	ck_assert(dladdr((void *)makecontext, &libc));
	ck_assert_ptr_eq(here.dli_fbase, libc.dli_fbase);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("coroutine");
	TCase *tc = tcase_create("coroutine");

	tcase_add_test(tc, every_coroutine_returns_there);
	tcase_add_test(tc, it_is_a_function_of_libc);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
