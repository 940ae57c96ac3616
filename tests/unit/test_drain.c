/* test_drain.c - our thread: it comes, writes what ends, bounds what does not, and goes.
 *
 * Room: tests.  What the files hold is the matter of test_session.c.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/drain.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/cold/sandboxed.h"
#include "preload/hot/current.h"
#include "preload/hot/sampler.h"
#include "preload/limits.h"
#include "preload/real.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/readback.h"
#include "tests/support/suite.h"

static bool wait_written(unsigned n)
{
	for (unsigned i = 0; i < 500; i++) {
		if (!atomic_load(&rp_n_requests) && readback_files() == n)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(our_thread_writes_what_ends)
{
	for (unsigned i = 0; i < 3; i++) {
		readback_enter(1000000);
		ck_assert(rp_drain_start());
		flagged_burn(20);
		readback_sleep(5);
		readback_over();
		ck_assert(wait_written(i + 1));
		ck_assert_uint_eq(flagged_tracks(), 0);
	}
}
END_TEST

/* What the host closes is closed, though another thread of its process had it too. */
START_TEST(our_thread_holds_no_descriptor_of_the_host)
{
	struct pollfd hup = {.events = POLLIN};
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	readback_enter(1000000);
	ck_assert(rp_drain_start());
	usleep(100000);
	close(ends[0]);
	hup.fd = ends[1];
	ck_assert_int_eq(poll(&hup, 1, 5000), 1); /* its thread may start late */
	ck_assert(hup.revents & POLLHUP);
	readback_over();
	ck_assert(wait_written(1));
}
END_TEST

static int create_late(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                       void *arg)
{
	int error = pthread_create(thread, attr, run, arg);

	usleep((RP_IDLE_MS + 500) * 1000); /* the new thread came, found nothing, and went */
	return error;
}

START_TEST(a_thread_that_ended_before_it_was_said_to_run_is_started_again)
{
	int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) =
	        rp_real.pthread_create;

	rp_real.pthread_create = create_late;
	ck_assert(rp_drain_start());
	rp_real.pthread_create = real;
	readback_enter(1000000);
	ck_assert(rp_drain_start());
	readback_over();
	ck_assert(wait_written(1));
}
END_TEST

static int create_never(pthread_t *thread, const pthread_attr_t *attr, void *(*run)(void *),
                        void *arg)
{
	(void)thread, (void)attr, (void)run, (void)arg;
	errno = EAGAIN; /* as glibc's mmap leaves it */
	return EAGAIN;
}

START_TEST(a_thread_that_cannot_start_leaves_errno_and_mask)
{
	sigset_t before, after;

	sigprocmask(SIG_BLOCK, NULL, &before);
	rp_real.pthread_create = create_never;
	errno = 4242;
	ck_assert(!rp_drain_start());
	ck_assert_int_eq(errno, 4242);
	sigprocmask(SIG_BLOCK, NULL, &after);
	ck_assert_int_eq(memcmp(&before, &after, 8), 0);
	rp_real.pthread_create = pthread_create;
	ck_assert(rp_drain_start());
}
END_TEST

START_TEST(a_recording_ends_at_its_bound)
{
	struct readback told;

	rp_settings.max_ns = 50000000;
	readback_enter(1000000);
	ck_assert(rp_drain_start());
	for (unsigned i = 0; i < 100 && rp_self.armed == RP_ARMED; i++)
		flagged_burn(10);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_OVER);
	rp_current_leave();
	ck_assert(wait_written(1));
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.response.how, RP_END_LIMIT);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.drops[RP_DROP_over_seconds], 1);
}
END_TEST

static bool is_ours(const char *tid)
{
	char path[300], name[32] = "";

	snprintf(path, sizeof(path), "/proc/self/task/%s/comm", tid);
	FILE *file = fopen(path, "r");

	if (!file)
		return false;
	fgets(name, sizeof(name), file);
	fclose(file);
	return !strcmp(name, "reqprof\n");
}

/* The kernel's number of our thread; 0: it is not there. */
static pid_t our_thread(void)
{
	DIR *tasks = opendir("/proc/self/task");
	pid_t found = 0;

	ck_assert_ptr_nonnull(tasks);
	for (struct dirent *entry; (entry = readdir(tasks));)
		if (is_ours(entry->d_name))
			found = (pid_t)atoi(entry->d_name);
	closedir(tasks);
	return found;
}

START_TEST(our_thread_does_not_take_a_processor_from_one_that_runs)
{
	pid_t tid = 0;

	readback_enter(1000000);
	ck_assert(rp_drain_start());
	for (unsigned i = 0; i < 500 && !tid; i++) {
		usleep(10000);
		tid = our_thread();
	}
	ck_assert_int_ne(tid, 0);
	if (rp_sandboxed() == RP_SANDBOX_NONE) { /* after its first turn */
		for (unsigned i = 0; i < 500 && sched_getscheduler(tid) != SCHED_BATCH; i++)
			usleep(10000);
		ck_assert_int_eq(sched_getscheduler(tid), SCHED_BATCH);
	}
	ck_assert_int_eq(sched_getscheduler(0), SCHED_OTHER);
	readback_over();
	ck_assert(wait_written(1));
}
END_TEST

/* ... though it never has more to do after a turn: each is over when our thread looks. */
START_TEST(requests_that_are_over_at_once_keep_our_thread)
{
	pid_t tid = 0;

	for (unsigned ms = 0; ms < 2 * RP_IDLE_MS; ms += 100) {
		readback_enter(1000000);
		ck_assert(rp_drain_start());
		readback_over();
		usleep(100000);
		tid = tid ? tid : our_thread();
	}
	ck_assert(wait_written(2 * RP_IDLE_MS / 100));
	ck_assert_int_eq(our_thread(), tid);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("drain");
	TCase *tcase = tcase_create("drain");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, readback_ready, readback_remove);
	tcase_add_test(tcase, our_thread_writes_what_ends);
	tcase_add_test(tcase, our_thread_holds_no_descriptor_of_the_host);
	tcase_add_test(tcase, a_thread_that_ended_before_it_was_said_to_run_is_started_again);
	tcase_add_test(tcase, a_thread_that_cannot_start_leaves_errno_and_mask);
	tcase_add_test(tcase, a_recording_ends_at_its_bound);
	tcase_add_test(tcase, our_thread_does_not_take_a_processor_from_one_that_runs);
	tcase_add_test(tcase, requests_that_are_over_at_once_keep_our_thread);
	return suite_run(suite);
}
