/* test_comm.c - names of threads, read through files that stay open.
 * SPDX-License-Identifier: MIT */
#include "preload/cold/comm.h"

#include <pthread.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "tests/support/suite.h"

static char name[32];

static void name_is(uint32_t tid, const char *expected)
{
	size_t n = rp_comm_read(tid, name, sizeof(name));

	ck_assert_uint_eq(n, strlen(expected));
	ck_assert_mem_eq(name, expected, n);
}

/* _i: do files stay open? */
START_TEST(a_name_is_the_one_that_the_thread_has_now)
{
	rp_comm_reset(_i);
	prctl(PR_SET_NAME, "first");
	name_is((uint32_t)gettid(), "first");
	name_is(0, "first");
	prctl(PR_SET_NAME, "the second");
	name_is((uint32_t)gettid(), "the second");
	name_is(0, "the second");
	prctl(PR_SET_NAME, "3");
	name_is((uint32_t)gettid(), "3");
}
END_TEST

static int lowest_free(void)
{
	int fd = dup(0);

	close(fd);
	return fd;
}

START_TEST(a_file_stays_open_only_where_it_may)
{
	int before = lowest_free();

	rp_comm_reset(_i);
	ck_assert_uint_gt(rp_comm_read(0, name, sizeof(name)), 0);
	ck_assert_uint_gt(rp_comm_read(0, name, sizeof(name)), 0);
	ck_assert_int_eq(lowest_free(), before + _i);
}
END_TEST

static void *tell_tid(void *tid)
{
	*(uint32_t *)tid = (uint32_t)gettid();
	ck_assert_uint_gt(rp_comm_read(*(uint32_t *)tid, name, sizeof(name)), 0);
	return NULL;
}

START_TEST(a_thread_that_is_gone_has_no_name)
{
	pthread_t thread;
	uint32_t tid;

	rp_comm_reset(true);
	ck_assert_int_eq(pthread_create(&thread, NULL, tell_tid, &tid), 0);
	pthread_join(thread, NULL);
	for (unsigned i = 0; i < 1000 && rp_comm_read(tid, name, sizeof(name)); i++)
		usleep(1000); /* joined is not yet gone */
	ck_assert_uint_eq(rp_comm_read(tid, name, sizeof(name)), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("cold/comm");
	TCase *t = tcase_create("comm");

	suite_add_tcase(suite, t);
	tcase_add_loop_test(t, a_name_is_the_one_that_the_thread_has_now, 0, 2);
	tcase_add_loop_test(t, a_file_stays_open_only_where_it_may, 0, 2);
	tcase_add_test(t, a_thread_that_is_gone_has_no_name);
	return suite_run(suite);
}
