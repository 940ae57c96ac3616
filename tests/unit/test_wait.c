/* test_wait.c - blocking calls of a sampled thread: as if nobody looked, and measured whole.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/wait.h"

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>
#include "preload/cold/procstat.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/mask.h"
#include "preload/hot/sampler.h"
#include "preload/hot/sys.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;
static struct rp_request *request;

static void enter(uint64_t interval_ns)
{
	request = flagged_open(interval_ns);
	rp_current_enter((uint32_t)(request - rp_requests), atomic_load(&request->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}

static void leave(void)
{
	rp_current_leave();
	flagged_take(&notes);
}

static bool is_blocked(void)
{
	return rp_sigmask(SIG_BLOCK, 0) & rp_sigbit(rp_mask_signal());
}

static int sleep_ms(unsigned ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, ms * 1000000ull);
	int ret = nanosleep(&t, NULL);

	rp_wait_leave(&w);
	return ret;
}

static int poll_ms(unsigned ms)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_POLL, NULL, 0);
	int ret = poll(NULL, 0, (int)ms);

	rp_wait_leave(&w);
	return ret;
}

static int select_ms(unsigned ms)
{
	struct timeval t = {0, ms * 1000};
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SELECT, NULL, 0);
	int ret = select(0, NULL, NULL, NULL, &t);

	rp_wait_leave(&w);
	return ret;
}

static int usleep_ms(unsigned ms)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 0);
	int ret = usleep(ms * 1000);

	rp_wait_leave(&w);
	return ret;
}

static int (*const calls[])(unsigned) = {sleep_ms, poll_ms, select_ms, usleep_ms};

START_TEST(no_call_is_interrupted_and_spans_are_whole)
{
	uint64_t outside_ns = 0;

	enter(100000);
	for (unsigned i = 0; i < 5; i++) {
		uint64_t at_ns = rp_mono_ns();

		flagged_burn(1);
		ck_assert_int_eq(calls[_i](10), 0);
		outside_ns += rp_mono_ns() - at_ns;
		ck_assert(!is_blocked());
	}
	leave();
	ck_assert_uint_eq(notes.n_waits, 5);
	ck_assert_uint_ge(notes.wait_ns, 5 * 10000000ull);
	ck_assert_uint_le(notes.wait_ns, outside_ns);
	for (unsigned i = 0; i < 5; i++)
		ck_assert_uint_ge(notes.waits[i].span_ns, 10000000);
}
END_TEST

/* The ticks that came due in a wait are in its span, not in the next sample. */
START_TEST(no_time_is_counted_twice)
{
	uint64_t wall_ns, counted_ns;

	enter(100000);
	for (unsigned i = 0; i < 10; i++) {
		flagged_burn(5);
		sleep_ms(10);
	}
	leave();
	wall_ns = notes.end.end_ns - notes.samples[0].head.at_ns;
	counted_ns = notes.wait_ns + notes.weight * 100000;
	ck_assert_msg(counted_ns <= wall_ns + wall_ns / 10, "%lu of %lu", (unsigned long)counted_ns,
	              (unsigned long)wall_ns);
	ck_assert_uint_ge(counted_ns, wall_ns - wall_ns / 5);
}
END_TEST

START_TEST(short_waits_are_summed_by_kind)
{
	enter(1000000000);
	for (unsigned i = 0; i < 100; i++) {
		struct rp_wait w;

		rp_wait_enter(&w, RP_WAIT_READ, NULL, 0);
		rp_wait_leave(&w);
	}
	leave();
	/* one may have been long: the thread lost its processor in it */
	ck_assert_uint_eq(notes.end.shorts[RP_WAIT_READ].count + notes.n_waits, 100);
	ck_assert_uint_gt(notes.end.shorts[RP_WAIT_READ].count, 50);
	ck_assert_uint_eq(notes.end.shorts[RP_WAIT_SEND].count, 0);
}
END_TEST

START_TEST(a_thread_that_works_for_nobody_pays_nothing)
{
	struct rp_wait w;
	uint64_t before = rp_sigmask(SIG_BLOCK, 0);

	rp_wait_enter_fd(&w, RP_WAIT_READ, 0);
	ck_assert_uint_eq(w.on, RP_WAIT_OFF);
	ck_assert_uint_eq(rp_sigmask(SIG_BLOCK, 0), before);
	rp_wait_leave(&w);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

START_TEST(errno_is_the_calls)
{
	struct timespec t = {0, 1000000};
	struct rp_wait w;

	enter(100000);
	errno = 4242;
	rp_wait_enter_fd(&w, RP_WAIT_READ, 12345); /* names a bad descriptor */
	rp_sys(SYS_nanosleep, &t, NULL);
	rp_wait_leave(&w);
	ck_assert_int_eq(errno, 4242);
	leave();
	ck_assert_uint_eq(notes.n_waits, 1);
}
END_TEST

/* --- waits that are never left --- */

static sigjmp_buf back;
static volatile sig_atomic_t n_alarms;

static void jump(int sig)
{
	(void)sig;
	siglongjmp(back, 1);
}

/* Who is to be rung, and by which call it waits: it may come there late on a busy machine. */
static struct {
	pthread_t thread;
	uint32_t tid;
	struct rp_track *track;
	unsigned ms;
} rings;
static int rung[2]; /* a pipe that tells of it */

static bool is_asleep_in_a_wait(void)
{
	struct rp_procstat stat;

	return atomic_load(&rings.track->wait_at_ns) && rp_procstat_read(rings.tid, &stat) &&
	       stat.state == 'S';
}

static void *ring(void *arg)
{
	while (!is_asleep_in_a_wait())
		usleep(1000);
	usleep(rings.ms * 1000);
	pthread_kill(rings.thread, SIGALRM);
	ck_assert_int_eq(write(rung[1], "x", 1), 1);
	return arg;
}

/* SIGALRM when this thread has slept in its next wait for so long. */
static void alarm_in_ms(void (*handler)(int), int flags, unsigned ms)
{
	struct sigaction act = {.sa_handler = handler, .sa_flags = flags};
	pthread_t ringer;

	sigaction(SIGALRM, &act, NULL);
	rings.thread = pthread_self();
	rings.tid = rp_self.tid;
	rings.track = rp_self.track;
	rings.ms = ms;
	ck_assert_int_eq(pipe(rung), 0);
	ck_assert_int_eq(pthread_create(&ringer, NULL, ring, NULL), 0);
	pthread_detach(ringer);
}

__attribute__((noinline)) static int deeper(unsigned depth, int (*call)(unsigned))
{
	volatile char frame[512];

	memset((void *)frame, 0x55, sizeof(frame));
	return (depth ? deeper(depth - 1, call) : call(10)) + (frame[9] != 0x55);
}

static int long_sleep(unsigned ms)
{
	(void)ms;
	return sleep_ms(5000);
}

START_TEST(a_wait_left_by_longjmp_is_repaired_by_the_next)
{
	static const unsigned depth[] = {0, 3, 20}; /* above, at, and far below where it was */

	enter(1000000);
	if (sigsetjmp(back, 1) == 0) {
		alarm_in_ms(jump, 0, 10);
		deeper(3, long_sleep);
	}
	ck_assert_int_eq(deeper(depth[_i], sleep_ms), 0);
	ck_assert(!is_blocked());
	uint64_t ticks = rp_self.ticks;

	flagged_burn(30);
	ck_assert_uint_gt(rp_self.ticks, ticks);
	leave();
	ck_assert_uint_eq(notes.n_waits, 1);
	ck_assert_uint_ge(notes.wait_ns, 10000000);
	ck_assert_uint_lt(notes.wait_ns, 5000000000);
}
END_TEST

START_TEST(leaving_repairs_it_as_well)
{
	uint64_t before = rp_sigmask(SIG_BLOCK, 0);

	enter(1000000);
	if (sigsetjmp(back, 0) == 0) {
		alarm_in_ms(jump, SA_NODEFER, 10);
		long_sleep(0);
	}
	ck_assert(is_blocked());
	leave();
	ck_assert_uint_eq(rp_sigmask(SIG_BLOCK, 0), before);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

/* --- the host's handlers wait, too --- */

static void sleep_in_handler(int sig)
{
	int was = errno;

	(void)sig;
	n_alarms++;
	ck_assert_int_eq(sleep_ms(5), 0);
	ck_assert(is_blocked()); /* the call that was interrupted goes on, maybe */
	errno = was;
}

/* Something comes 45 ms after the alarm has rung. */
static int read_pipe(void)
{
	int ends[2];
	char byte;
	struct rp_wait w;

	if (pipe(ends) != 0)
		return -1;
	if (fork() == 0) {
		if (read(rung[0], &byte, 1) != 1)
			_exit(1);
		usleep(45000);
		_exit(write(ends[1], "x", 1) != 1);
	}
	rp_wait_enter_fd(&w, RP_WAIT_READ, ends[0]);
	ssize_t got = read(ends[0], &byte, 1);

	rp_wait_leave(&w);
	return got == 1 ? 0 : -1;
}

START_TEST(a_wait_in_a_handler_is_part_of_the_wait_it_interrupted)
{
	enter(200000);
	alarm_in_ms(sleep_in_handler, SA_RESTART, 15);
	ck_assert_int_eq(read_pipe(), 0);
	ck_assert_int_eq(n_alarms, 1);
	ck_assert(!is_blocked());
	leave();
	ck_assert_uint_eq(notes.n_waits, 1);
	ck_assert_uint_eq(notes.waits[0].kind, RP_WAIT_READ);
	ck_assert_uint_ge(notes.wait_ns, 40000000);
	ck_assert_uint_eq(notes.waits[0].n_object, 4);
	ck_assert_int_eq(memcmp(notes.waits[0].object, "pipe", 4), 0);
}
END_TEST

/* It serves another flagged request from a handler: then the wait is of the one before. */
static void serve_in_handler(int sig)
{
	(void)sig;
	n_alarms++;
	enter(1000000);
}

START_TEST(a_wait_is_not_told_to_a_segment_that_began_in_it)
{
	enter(1000000);
	alarm_in_ms(serve_in_handler, 0, 10);
	ck_assert_int_eq(sleep_ms(5000), -1);
	ck_assert_int_eq(errno, EINTR); /* by the alarm, not by us */
	ck_assert_int_eq(n_alarms, 1);
	leave();
	ck_assert_uint_eq(notes.n_ends, 2);
	ck_assert_uint_eq(notes.n_waits, 0);
}
END_TEST

/* --- ends from elsewhere --- */

static void end_it(int sig)
{
	(void)sig;
	n_alarms++;
	rp_request_end(request, RP_END_CLOSED, rp_mono_ns());
}

START_TEST(a_request_that_ends_during_a_wait_is_left_at_its_end)
{
	uint64_t before = rp_sigmask(SIG_BLOCK, 0);

	enter(1000000);
	alarm_in_ms(end_it, SA_RESTART, 10);
	ck_assert_int_eq(read_pipe(), 0);
	ck_assert_int_eq(n_alarms, 1);
	ck_assert_uint_eq(rp_self.armed, 0);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_uint_eq(flagged_tracks(), 0);
	ck_assert_uint_eq(rp_sigmask(SIG_BLOCK, 0), before);
}
END_TEST

START_TEST(ticks_pause_in_a_call_that_stays_unmasked)
{
	struct rp_wait w;
	uint64_t ticks;

	enter(200000);
	flagged_burn(5);
	rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_SPAWN, .fd = -1});
	ck_assert_uint_eq(w.on, RP_WAIT_PAUSED);
	ck_assert(!is_blocked());
	ticks = rp_self.ticks;
	flagged_burn(20);
	ck_assert_uint_eq(rp_self.ticks, ticks);
	rp_wait_end(&w);
	flagged_burn(20);
	ck_assert_uint_gt(rp_self.ticks, ticks);
	leave();
	ck_assert_uint_eq(notes.n_waits, 1);
	ck_assert_uint_eq(notes.waits[0].kind, RP_WAIT_SPAWN);
	ck_assert_uint_ge(notes.wait_ns, 20000000);
}
END_TEST

/* --- a thread is cancelled in a wait --- */

static void thread_ends(void *self)
{
	(void)self;
	rp_self.has_key = false;
	rp_current_thread_ends();
}

static void *wait_for_ever(void *arg)
{
	struct rp_wait w;

	rp_current_enter(0, atomic_load(&request->serial));
	rp_wait_enter(&w, RP_WAIT_OTHER, NULL, 0);
	pause();
	rp_wait_leave(&w);
	return arg;
}

START_TEST(a_thread_that_is_cancelled_in_a_wait_gives_its_track_back)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_key_create(&rp_mask_exit_key, thread_ends), 0);
	rp_mask_has_exit_key = true;
	request = flagged_open(1000000);
	ck_assert_int_eq(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
	while (!flagged_tracks())
		usleep(1000);
	usleep(20000);
	pthread_cancel(thread);
	pthread_join(thread, NULL);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_uint_eq(flagged_tracks(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("wait");
	TCase *tcase = tcase_create("wait");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, flagged_ready, NULL);
	tcase_add_loop_test(tcase, no_call_is_interrupted_and_spans_are_whole, 0, 4);
	tcase_add_test(tcase, no_time_is_counted_twice);
	tcase_add_test(tcase, short_waits_are_summed_by_kind);
	tcase_add_test(tcase, a_thread_that_works_for_nobody_pays_nothing);
	tcase_add_test(tcase, errno_is_the_calls);
	tcase_add_loop_test(tcase, a_wait_left_by_longjmp_is_repaired_by_the_next, 0, 3);
	tcase_add_test(tcase, leaving_repairs_it_as_well);
	tcase_add_test(tcase, a_wait_in_a_handler_is_part_of_the_wait_it_interrupted);
	tcase_add_test(tcase, a_wait_is_not_told_to_a_segment_that_began_in_it);
	tcase_add_test(tcase, a_request_that_ends_during_a_wait_is_left_at_its_end);
	tcase_add_test(tcase, ticks_pause_in_a_call_that_stays_unmasked);
	tcase_add_test(tcase, a_thread_that_is_cancelled_in_a_wait_gives_its_track_back);
	return suite_run(suite);
}
