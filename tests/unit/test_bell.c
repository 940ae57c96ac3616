/* test_bell.c - which events of a set are a timer's, or a wake's.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/bell.h"

#include "preload/hot/conn.h"
#include "tests/support/suite.h"

enum { SET = 5, OTHER_SET = 6, FD = 9 };

START_TEST(timers_and_wakes_ring)
{
	rp_conn_born(FD, _i ? RP_FD_TIMER : RP_FD_CARRIER);
	rp_bell_put(SET, FD, 77);
	ck_assert(rp_bell_rings(SET, 77));
	ck_assert(!rp_bell_rings(SET, 78));
	ck_assert(!rp_bell_rings(OTHER_SET, 77));
}
END_TEST

START_TEST(a_client_does_not)
{
	rp_conn_born(FD, RP_FD_CARRIER);
	rp_bell_put(SET, FD, FD);
	rp_conn_born(FD, RP_FD_CONN); /* closed, and its number is another's */
	rp_bell_put(SET, FD, FD);
	ck_assert(!rp_bell_rings(SET, FD));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/bell");
	TCase *t = tcase_create("bell");

	tcase_add_loop_test(t, timers_and_wakes_ring, 0, 2);
	tcase_add_test(t, a_client_does_not);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
