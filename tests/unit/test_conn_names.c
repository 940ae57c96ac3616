/* test_conn_names.c - the descriptors of a connection: copies, reuse, threads and forks.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/conn.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/gate.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/world.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/guard.h"
#include "tests/support/pair.h"
#include "tests/support/suite.h"

/* --- names of a connection --- */

START_TEST(a_connection_lives_as_long_as_one_of_its_names)
{
	struct pair_story story = {0};

	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	rp_conn_duped(pair_fd, 500);
	rp_conn_duped(500, 501);
	rp_conn_retire(pair_fd);
	rp_conn_retire(501);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 0);
	rp_conn_said(500, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 38);
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_COMPLETE);
	rp_conn_retire_range(400, 600);
	ck_assert_ptr_null(rp_conn_of(500));
}
END_TEST

START_TEST(a_close_that_nobody_saw_does_no_harm)
{
	struct pair_story story = {0};

	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	rp_conn_accepted(-1, pair_fd); /* the number is back */
	pair_collect(&story);
	ck_assert_uint_eq(story.n, 1);
	ck_assert_uint_eq(story.how[0], RP_END_CLOSED);
	pair_heard("GET /b?profile=1 HTTP/1.1\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	rp_conn_born(pair_fd, RP_FD_OTHER);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OTHER);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(every_slot_comes_back)
{
	for (unsigned i = 0; i < 2 * RP_MAX_CONNS; i++) {
		rp_conn_accepted(-1, 700);
		rp_conn_duped(700, 701);
		rp_conn_retire(700);
		rp_conn_retire(701);
	}
	rp_conn_accepted(-1, 700);
	ck_assert_ptr_nonnull(rp_conn_of(700));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_conn]), 0);
	for (int odd = RP_MAX_FDS - 1; odd < RP_MAX_FDS + 2; odd++) {
		rp_conn_accepted(-1, odd);
		rp_conn_heard(odd, "GET / HTTP/1.1\r\n\r\n", 18);
		rp_conn_retire(odd);
	}
	rp_conn_accepted(-1, -1);
	rp_conn_retire(-1);
	rp_conn_retire_range(0, ~0u);
}
END_TEST

enum { N_CLOSES = 5000 };
static _Atomic unsigned turn, closed;

static void wait_for(_Atomic unsigned *what, unsigned value)
{
	for (unsigned i = 1; atomic_load(what) != value; i++)
		if (i % 4096 == 0)
			sched_yield();
}

static void *close_501(void *arg)
{
	for (unsigned i = 1; i <= N_CLOSES; i++) {
		wait_for(&turn, i);
		rp_conn_retire(501);
		atomic_store(&closed, i);
	}
	return arg;
}

/* The last name must end it, whichever thread that is. */
START_TEST(two_threads_close_two_names_at_once)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, close_501, NULL), 0);
	for (unsigned i = 1; i <= N_CLOSES; i++) {
		struct rp_conn *c;

		rp_conn_accepted(-1, 500);
		rp_conn_duped(500, 501);
		c = rp_conn_of(500);
		rp_conn_heard(500, "GET / HT", 8); /* holds a buffer */
		ck_assert_uint_ne(c->head_buffer, 0);
		atomic_store(&turn, i);
		rp_conn_retire(500);
		wait_for(&closed, i);
		ck_assert_uint_eq(atomic_load(&c->refs), 0);
		ck_assert_uint_eq(c->head_buffer, 0);
	}
	pthread_join(thread, NULL);
}
END_TEST

START_TEST(two_readers_at_once_are_given_up)
{
	struct rp_conn *c = rp_conn_of(pair_fd);

	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	atomic_store(&c->in_busy, 1); /* another thread is in there */
	pair_heard("x");
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_OPAQUE);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_lost_border]), 1);
}
END_TEST

/* --- forks --- */

START_TEST(a_forked_child_serves_the_connection_that_its_parent_accepted)
{
	int status;
	pid_t pid;

	rp_conn_heard(pair_fd, "GET /parent?profile=1 HTTP/1.1\r\n\r\n", 34);
	pair_open();
	pid = fork();
	if (pid == 0) {
		struct pair_story story = {0};

		rp_world_forked(); /* as pthread_atfork's handler does */
		ck_assert_uint_eq(rp_self.armed, 0);
		ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
		pair_heard("GET /child?profile=1 HTTP/1.1\r\n\r\n");
		ck_assert_uint_eq(rp_self.armed, RP_ARMED);
		pair_said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
		ck_assert_uint_eq(rp_self.armed, 0);
		pair_collect(&story);
		ck_assert_uint_eq(story.n, 1);
		ck_assert_str_eq(story.target[0], "/child");
		_exit(42);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 42);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED); /* the parent's own is as it was */
}
END_TEST

START_TEST(what_a_vfork_child_does_to_descriptors_is_not_ours)
{
	int status;
	pid_t pid;

	rp_conn_born(450, RP_FD_LISTEN);
	pair_heard("GET /a?profile=1 HTTP/1.1\r\n\r\n");
	pid = vfork();
	if (pid == 0) {
		rp_conn_retire(pair_fd);
		rp_conn_born(pair_fd, RP_FD_OTHER); /* open() found the number free */
		rp_conn_born(450, RP_FD_OTHER);
		rp_conn_duped(0, pair_fd);
		rp_conn_retire_range(3, ~0u);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_uint_eq(rp_conn_kind(pair_fd), RP_FD_CONN);
	ck_assert_uint_eq(rp_conn_kind(450), RP_FD_LISTEN);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	pair_said("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("conn_names");
	TCase *tcase = tcase_create("conn_names");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, pair_ready, NULL);
	tcase_add_test(tcase, a_connection_lives_as_long_as_one_of_its_names);
	tcase_add_test(tcase, a_close_that_nobody_saw_does_no_harm);
	tcase_add_test(tcase, every_slot_comes_back);
	tcase_add_test(tcase, two_threads_close_two_names_at_once);
	tcase_add_test(tcase, two_readers_at_once_are_given_up);
	tcase_add_test(tcase, a_forked_child_serves_the_connection_that_its_parent_accepted);
	tcase_add_test(tcase, what_a_vfork_child_does_to_descriptors_is_not_ours);
	return suite_run(suite);
}
