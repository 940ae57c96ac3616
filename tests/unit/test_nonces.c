/* test_nonces.c - a token is used once, also by threads at the same moment.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/nonces.h"

#include <pthread.h>
#include <stdatomic.h>
#include "preload/limits.h"
#include "tests/support/suite.h"

enum { NOW = 1800000000, UNTIL = NOW + 900 };

START_TEST(once)
{
	ck_assert_int_eq(rp_nonce_look(7, UNTIL, NOW), RP_NONCE_NEW);
	ck_assert_int_eq(rp_nonce_take(7, UNTIL, NOW), RP_NONCE_NEW);
	ck_assert_int_eq(rp_nonce_look(7, UNTIL, NOW), RP_NONCE_USED);
	ck_assert_int_eq(rp_nonce_take(7, UNTIL, NOW), RP_NONCE_USED);
	ck_assert_int_eq(rp_nonce_take(7, UNTIL, UNTIL), RP_NONCE_USED); /* as long as it lives */
	ck_assert_int_eq(rp_nonce_take(8, UNTIL, NOW), RP_NONCE_NEW);
}
END_TEST

START_TEST(when_all_places_are_taken_nobody_is_let_in_until_one_ends)
{
	for (unsigned i = 0; i < RP_MAX_NONCES; i++)
		ck_assert_int_eq(rp_nonce_take(i, UNTIL, NOW), RP_NONCE_NEW);
	ck_assert_int_eq(rp_nonce_take(RP_MAX_NONCES, UNTIL, NOW), RP_NONCE_FULL);
	ck_assert_int_eq(rp_nonce_look(RP_MAX_NONCES, UNTIL, NOW), RP_NONCE_FULL);
	ck_assert_int_eq(rp_nonce_take(5, UNTIL, NOW), RP_NONCE_USED);
	ck_assert_int_eq(rp_nonce_take(RP_MAX_NONCES, UNTIL + 900, UNTIL + 1), RP_NONCE_NEW);
}
END_TEST

enum { THREADS = 4, ROUNDS = 2000 };

static _Atomic unsigned n_let_in[ROUNDS];
static pthread_barrier_t together;

static void *replay(void *arg)
{
	(void)arg;
	for (unsigned i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&together);
		if (rp_nonce_take(i, UNTIL, NOW) == RP_NONCE_NEW)
			atomic_fetch_add(&n_let_in[i], 1);
	}
	return NULL;
}

START_TEST(threads_with_one_token_are_never_both_let_in)
{
	pthread_t threads[THREADS];
	unsigned n = 0;

	pthread_barrier_init(&together, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, replay, NULL), 0);
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	for (unsigned i = 0; i < ROUNDS; i++) {
		ck_assert_uint_le(atomic_load(&n_let_in[i]), 1);
		n += atomic_load(&n_let_in[i]);
	}
	ck_assert_uint_gt(n, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nonces");
	TCase *tcase = tcase_create("nonces");

	suite_add_tcase(suite, tcase);
	tcase_add_test(tcase, once);
	tcase_add_test(tcase, when_all_places_are_taken_nobody_is_let_in_until_one_ends);
	tcase_add_test(tcase, threads_with_one_token_are_never_both_let_in);
	return suite_run(suite);
}
