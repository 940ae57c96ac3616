/* test_session.c - from the notes of threads to a file that the reader reads back.
 *
 * Room: tests.  The test is the drain; test_drain.c lets our thread do it.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/session.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/sampler.h"
#include "preload/hot/tables.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/readback.h"
#include "tests/support/suite.h"

static char name[RP_NAME_MAX];
static struct rp_session *session;
static struct readback told;

/* What the notes said, by note; then they are the session's. */
static struct {
	unsigned samples, waits, ends;
	uint64_t weight, cpu_ns;
} given;

static void give_notes(void)
{
	session = rp_session_of(0);
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		struct rp_track *t = &rp_tracks[i];

		for (const struct rp_note *n; (n = rp_track_peek(t)); rp_track_take(t, n)) {
			given.samples += n->kind == RP_NOTE_SAMPLE;
			given.waits += n->kind == RP_NOTE_WAIT;
			given.ends += n->kind == RP_NOTE_END;
			if (n->kind == RP_NOTE_SAMPLE) {
				given.weight += ((const struct rp_note_sample *)(n + 1))->weight;
				given.cpu_ns += ((const struct rp_note_sample *)(n + 1))->cpu_ns;
			}
			rp_session_note(session, t, n);
		}
		if (atomic_load(&t->state) == RP_TRACK_CLOSED)
			rp_session_left(session, t);
	}
}

START_TEST(what_threads_said_is_what_the_file_says)
{
	struct rp_request *request = readback_enter(1000000);

	flagged_burn(30);
	readback_sleep(10);
	flagged_burn(30);
	readback_sleep(10);
	atomic_store(&request->course.status, 200);
	atomic_store(&request->course.bytes_out, 77);
	readback_over();
	give_notes();
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(readback_files(), 1); /* no .part beside it */
	ck_assert_uint_eq(told.samples, given.samples);
	ck_assert_uint_gt(told.samples, 2);
	ck_assert_uint_eq(told.weight, given.weight);
	ck_assert_uint_eq(told.waits, 2);
	ck_assert_uint_eq(given.waits, 2);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.threads, 1);
	ck_assert_uint_eq(told.requests, 1);
	ck_assert_uint_eq(told.responses, 1);
	ck_assert_uint_eq(told.phases, 1);
	ck_assert_uint_eq(told.response.status, 200);
	ck_assert_uint_eq(told.response.bytes_out, 77);
	ck_assert_uint_eq(told.response.how, RP_END_COMPLETE);
	ck_assert_str_eq(told.target, "/shop?password=***");
	ck_assert_str_eq(told.object, "10 ms"); /* once, for both */
	ck_assert_uint_eq(told.objects, 1);
	ck_assert_uint_eq(told.no_stack, 0);
	ck_assert_uint_ge(told.modules, 2); /* this program and libc */
	ck_assert_uint_gt(told.stacks, 4);
	ck_assert_uint_eq(told.segment.end_ns, atomic_load(&request->course.last_byte_ns));
	for (unsigned i = 0; i < RP_N_DROPS; i++)
		ck_assert_uint_eq(told.drops[i], 0);
}
END_TEST

START_TEST(a_copied_stack_is_walked_like_a_live_one)
{
	const struct rp_tables *tables = atomic_load(&rp_tables_now);
	unsigned copied = 0;

	if (!flagged_may_copy())
		return;
	atomic_store(&rp_tables_now, NULL); /* as before the first build */
	readback_enter(1000000);
	flagged_burn(20);
	readback_sleep(5);
	readback_over();
	atomic_store(&rp_tables_now, tables);
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		uint64_t tail = atomic_load(&rp_tracks[i].tail);

		for (const struct rp_note *n; (n = rp_track_peek(&rp_tracks[i]));
		     rp_track_take(&rp_tracks[i], n))
			if (n->kind == RP_NOTE_SAMPLE)
				copied += !((const struct rp_note_stack
				                     *)((const struct rp_note_sample *)(n + 1) + 1))
				                   ->n;
		atomic_store(&rp_tracks[i].tail, tail); /* as if nobody had looked */
	}
	give_notes();
	ck_assert_uint_eq(copied, given.samples);
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.samples, given.samples);
	ck_assert_uint_eq(told.no_stack, 0);
	ck_assert_uint_eq(told.no_table_roots, 0);
	ck_assert_uint_gt(told.stacks, 6);
}
END_TEST

START_TEST(copies_of_unloaded_code_are_not_walked)
{
	const struct rp_tables *tables = atomic_load(&rp_tables_now);

	if (!flagged_may_copy())
		return;
	atomic_store(&rp_tables_now, NULL);
	readback_enter(1000000000);
	readback_over();
	atomic_store(&rp_tables_now, tables);
	rp_tables_unloading();
	rp_tables_unloaded();
	ck_assert(rp_modules_refresh());
	give_notes();
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.samples, 2);
	ck_assert_uint_eq(told.no_table_roots, 1);
}
END_TEST

START_TEST(a_thread_that_never_left_is_cut)
{
	struct rp_request *request = readback_enter(1000000);

	flagged_burn(30);
	rp_sampler_stop(&rp_self); /* no tick comes to tell it that the request is over */
	rp_request_end(request, RP_END_LIMIT, rp_mono_ns());
	give_notes();
	ck_assert_uint_eq(given.ends, 0);
	rp_session_cut(session, rp_self.track);
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.segment.end_ns, atomic_load(&request->course.last_byte_ns));
	ck_assert_uint_eq(told.segment.cpu_ns, given.cpu_ns);
	ck_assert_uint_eq(told.response.how, RP_END_LIMIT);
}
END_TEST

/* Its handler said the end; it has not come to its next call. */
START_TEST(a_thread_that_said_its_end_is_not_cut_again)
{
	struct rp_request *request = readback_enter(1000000);

	rp_request_end(request, RP_END_CLOSED, rp_mono_ns());
	flagged_burn(30);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_OVER);
	give_notes();
	ck_assert_uint_eq(given.ends, 1);
	rp_session_cut(session, rp_self.track);
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.segments, 1);
}
END_TEST

START_TEST(losses_reach_the_report_once)
{
	rp_settings.max_samples = 3;
	for (int i = 0; i < 4; i++)
		rp_drop(RP_DROP_refused);
	readback_enter(500000);
	flagged_burn(50);
	readback_over();
	give_notes();
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.samples, 3 + 2);
	ck_assert_uint_gt(told.drops[RP_DROP_max_samples], 0);
	ck_assert_uint_eq(told.drops[RP_DROP_refused], 4);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 0);
}
END_TEST

START_TEST(a_session_that_is_full_stays_readable)
{
	rp_settings.max_bytes = 17 << 10; /* all but 1 KiB is kept for what explains it */
	readback_enter(100000);
	flagged_burn(100);
	readback_over();
	give_notes();
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.drops[RP_DROP_max_bytes], 1);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.requests, 1);
	ck_assert_uint_lt(told.samples, given.samples);
}
END_TEST

/* What the first one said is not in the second. */
START_TEST(the_memory_of_a_session_is_used_again_as_if_it_were_new)
{
	const struct rp_session *first;
	char first_path[512];

	readback_enter(1000000);
	flagged_burn(5);
	readback_sleep(10);
	readback_over();
	give_notes();
	first = session;
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.objects, 1);
	rp_request_free(&rp_requests[0]);
	snprintf(first_path, sizeof(first_path), "%s/%s", rp_settings.dir, name);
	ck_assert_int_eq(unlink(first_path), 0);
	readback_enter(1000000);
	readback_over();
	give_notes();
	ck_assert_ptr_eq(session, first);
	rp_session_finish(session, name);
	ck_assert(readback_take(&told));
	ck_assert_uint_eq(told.threads, 1);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.objects, 0);
	ck_assert_uint_eq(told.waits, 0);
	ck_assert_uint_ge(told.modules, 2);
	rp_session_rest();
}
END_TEST

START_TEST(a_folder_that_cannot_be_used_swallows)
{
	static const char *const bad[] = {"/proc/nothing", "/dev/null", "/nowhere/at/all"};

	strcpy(rp_settings.dir, bad[_i]);
	readback_enter(1000000);
	flagged_burn(5);
	readback_over();
	give_notes();
	rp_session_flush(session);
	rp_session_finish(session, name);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_directory]), 1);
	ck_assert_uint_eq(readback_files(), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("session");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, readback_ready, readback_remove);
	tcase_add_test(tcase, what_threads_said_is_what_the_file_says);
	tcase_add_test(tcase, a_copied_stack_is_walked_like_a_live_one);
	tcase_add_test(tcase, copies_of_unloaded_code_are_not_walked);
	tcase_add_test(tcase, a_thread_that_never_left_is_cut);
	tcase_add_test(tcase, a_thread_that_said_its_end_is_not_cut_again);
	tcase_add_test(tcase, losses_reach_the_report_once);
	tcase_add_test(tcase, a_session_that_is_full_stays_readable);
	tcase_add_test(tcase, the_memory_of_a_session_is_used_again_as_if_it_were_new);
	tcase_add_loop_test(tcase, a_folder_that_cannot_be_used_swallows, 0, 3);
	return suite_run(suite);
}
