/* test_queue_host.c - who holds a mutex, wherever that lies, and whether it still does.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <sys/mman.h>
#include "preload/hot/queue_parts.h"
#include "tests/support/suite.h"

enum { PAGE = 4096 };

/* A mutex, something on its page, and something that is not. */
static struct place {
	pthread_mutex_t mutex;
	char beside, between[PAGE], far;
} * place;

static void ready(void)
{
	place = mmap(NULL, sizeof(*place), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	             0);
	ck_assert_ptr_ne(place, MAP_FAILED);
	pthread_mutex_init(&place->mutex, NULL);
}

static bool holds(void)
{
	bool by_kernel = rp_queue_holds(&place->mutex, &place->far);

	ck_assert_int_eq(rp_queue_holds(&place->mutex, &place->beside), by_kernel);
	return by_kernel;
}

START_TEST(who_has_locked_it_holds_it)
{
	ck_assert(!holds());
	pthread_mutex_lock(&place->mutex);
	ck_assert(holds());
	pthread_mutex_unlock(&place->mutex);
	ck_assert(!holds());
}
END_TEST

static void *another_holds(void *nothing)
{
	ck_assert(!holds());
	return nothing;
}

START_TEST(nobody_else_does)
{
	pthread_t thread;

	pthread_mutex_lock(&place->mutex);
	ck_assert_int_eq(pthread_create(&thread, NULL, another_holds, NULL), 0);
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(what_is_gone_is_held_by_nobody)
{
	char elsewhere;
	uint64_t word;

	pthread_mutex_lock(&place->mutex);
	ck_assert(rp_queue_holds(&place->mutex, &elsewhere));
	ck_assert(rp_queue_read_word((uintptr_t)place, &elsewhere, &word));
	munmap(place, sizeof(*place));
	ck_assert(!rp_queue_holds(&place->mutex, &elsewhere));
	ck_assert(!rp_queue_read_word((uintptr_t)place, &elsewhere, &word));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/queue_host");
	TCase *t = tcase_create("queue_host");

	tcase_add_checked_fixture(t, ready, NULL);
	tcase_add_test(t, who_has_locked_it_holds_it);
	tcase_add_test(t, nobody_else_does);
	tcase_add_test(t, what_is_gone_is_held_by_nobody);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
