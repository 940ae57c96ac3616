/* test_session.c - from the notes of threads to a file that the reader reads back.
 *
 * Room: tests.  The first half is its own drain; the second lets our thread do it.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/session.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "preload/cold/drain.h"
#include "preload/cold/modules.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/drops.h"
#include "preload/hot/sampler.h"
#include "preload/hot/tables.h"
#include "preload/hot/wait.h"
#include "preload/real.h"
#include "preload/settings.h"
#include "store/reader.h"
#include "tests/support/flagged.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

static char path[64], file[400];
static int dir = -1;
static struct rp_request *request;
static struct rp_session *session;

static void ready(void)
{
	flagged_ready();
	dir = folder_make(path, sizeof(path), "test_session");
	strcpy(rp_settings.dir, path);
}

static void remove_folder(void)
{
	folder_remove(dir, path);
}

/* The one file of the folder into "file"; false: none, or not one. */
static bool find_file(const char *end)
{
	DIR *stream = opendir(path);
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(stream));) {
		size_t length = strlen(e->d_name);

		if (length > strlen(end) && strcmp(e->d_name + length - strlen(end), end) == 0) {
			snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
			n++;
		}
	}
	closedir(stream);
	return n == 1;
}

static void enter(uint64_t interval_ns)
{
	request = flagged_open(interval_ns);
	rp_current_enter(0, atomic_load(&request->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
}

static void sleep_ms(unsigned ms)
{
	struct timespec t = {0, ms * 1000000};
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, ms * 1000000ull);
	nanosleep(&t, NULL);
	rp_wait_leave(&w);
}

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

static struct {
	unsigned samples, waits, segments, threads, modules, stacks, responses, phases, requests;
	unsigned no_stack, objects, no_table_roots;
	uint64_t weight, cpu_ns, segment_cpu_ns, short_count, ticks;
	uint64_t drops[RP_N_DROPS];
	char object[64], target[64];
	struct rp_rec_segment segment;
	struct rp_rec_response response;
} told;

static void add(const struct rp_item *item)
{
	static const char *const names[] = {
#define DROP(name, text) #name,
#include "preload/drops.def"
	};

	switch (item->kind) {
	case RP_ITEM_REQUEST:
		told.requests++;
		memcpy(told.target, item->request.target.at, item->request.target.n);
		break;
	case RP_ITEM_RESPONSE:
		told.responses++;
		told.response = item->response;
		break;
	case RP_ITEM_PHASES:
		told.phases++;
		break;
	case RP_ITEM_THREAD:
		told.threads++;
		break;
	case RP_ITEM_SEGMENT:
		told.segments++;
		told.segment = item->segment;
		told.segment_cpu_ns += item->segment.cpu_ns;
		break;
	case RP_ITEM_MODULE:
		told.modules++;
		break;
	case RP_ITEM_STACK:
		told.stacks++;
		told.no_table_roots +=
		        !item->stack.module && item->stack.pc_rel == RP_STOP_NO_TABLES;
		break;
	case RP_ITEM_SAMPLE:
		told.samples++;
		told.no_stack += !item->sample.stack;
		told.weight += item->sample.weight;
		told.cpu_ns += item->sample.cpu_ns;
		break;
	case RP_ITEM_OBJECT:
		told.objects++;
		memcpy(told.object, item->object.name.at, item->object.name.n);
		break;
	case RP_ITEM_WAIT:
		told.waits++;
		ck_assert_uint_eq(item->wait.kind, RP_WAIT_SLEEP);
		break;
	case RP_ITEM_SHORT_WAITS:
		told.short_count += item->short_waits.count;
		break;
	case RP_ITEM_COUNTER:
		if (item->counter.name.n == 5 && memcmp(item->counter.name.at, "ticks", 5) == 0)
			told.ticks = item->counter.value;
		break;
	case RP_ITEM_DROP:
		for (unsigned i = 0; i < RP_N_DROPS; i++)
			if (item->counter.name.n == strlen(names[i]) &&
			    memcmp(item->counter.name.at, names[i], strlen(names[i])) == 0)
				told.drops[i] += item->counter.value;
		break;
	default:
		break;
	}
}

/* Reads the file back; true when it is complete. */
static bool read_back(const char *end)
{
	struct rp_why why;
	struct rp_item item;
	struct rp_reader *r;
	bool complete;

	memset(&told, 0, sizeof(told));
	ck_assert(find_file(end));
	r = rp_reader_open(file, &why);
	ck_assert_msg(r != NULL, "%s", why.text);
	while (rp_reader_next(r, &item))
		add(&item);
	complete = rp_reader_complete(r, &why);
	if (!complete)
		ck_assert_msg(strncmp(why.text, "incomplete", 10) == 0 ||
		                      strstr(why.text, "incomplete"),
		              "%s", why.text);
	rp_reader_close(r);
	return complete;
}

START_TEST(what_threads_said_is_what_the_file_says)
{
	enter(1000000);
	flagged_burn(30);
	sleep_ms(10);
	flagged_burn(30);
	sleep_ms(10);
	atomic_store(&request->status, 200);
	atomic_store(&request->bytes_out, 77);
	rp_current_over(0, RP_END_COMPLETE);
	give_notes();
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(folder_count(dir), 1); /* no .part beside it */
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
	ck_assert_uint_eq(told.segment.end_ns, atomic_load(&request->last_byte_ns));
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
	enter(1000000);
	flagged_burn(20);
	sleep_ms(5);
	rp_current_over(0, RP_END_COMPLETE);
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
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
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
	enter(1000000000);
	rp_current_over(0, RP_END_COMPLETE);
	atomic_store(&rp_tables_now, tables);
	rp_tables_unloading();
	ck_assert(rp_modules_refresh());
	give_notes();
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.samples, 2);
	ck_assert_uint_eq(told.no_table_roots, 1);
}
END_TEST

START_TEST(a_thread_that_never_left_is_cut)
{
	enter(1000000);
	flagged_burn(30);
	rp_sampler_stop(&rp_self); /* no tick comes to tell it that the request is over */
	rp_request_end(request, RP_END_LIMIT, rp_mono_ns());
	give_notes();
	ck_assert_uint_eq(given.ends, 0);
	rp_session_cut(session, rp_self.track);
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.segment.end_ns, atomic_load(&request->last_byte_ns));
	ck_assert_uint_eq(told.segment.cpu_ns, given.cpu_ns);
	ck_assert_uint_eq(told.response.how, RP_END_LIMIT);
}
END_TEST

/* Its handler said the end; it has not come to its next call. */
START_TEST(a_thread_that_said_its_end_is_not_cut_again)
{
	enter(1000000);
	rp_request_end(request, RP_END_CLOSED, rp_mono_ns());
	flagged_burn(30);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_OVER);
	give_notes();
	ck_assert_uint_eq(given.ends, 1);
	rp_session_cut(session, rp_self.track);
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.segments, 1);
}
END_TEST

START_TEST(losses_reach_the_report_once)
{
	rp_settings.max_samples = 3;
	rp_drop_n(RP_DROP_refused, 4);
	enter(500000);
	flagged_burn(50);
	rp_current_over(0, RP_END_COMPLETE);
	give_notes();
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.samples, 3 + 2);
	ck_assert_uint_gt(told.drops[RP_DROP_max_samples], 0);
	ck_assert_uint_eq(told.drops[RP_DROP_refused], 4);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 0);
}
END_TEST

START_TEST(a_session_that_is_full_stays_readable)
{
	rp_settings.max_bytes = 17 << 10; /* all but 1 KiB is kept for what explains it */
	enter(100000);
	flagged_burn(100);
	rp_current_over(0, RP_END_COMPLETE);
	give_notes();
	rp_session_finish(session);
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.drops[RP_DROP_max_bytes], 1);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.requests, 1);
	ck_assert_uint_lt(told.samples, given.samples);
}
END_TEST

START_TEST(a_folder_that_cannot_be_used_swallows)
{
	static const char *const bad[] = {"/proc/nothing", "/dev/null", "/nowhere/at/all"};

	strcpy(rp_settings.dir, bad[_i]);
	enter(1000000);
	flagged_burn(5);
	rp_current_over(0, RP_END_COMPLETE);
	give_notes();
	rp_session_flush(session);
	rp_session_finish(session);
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_directory]), 1);
	ck_assert_uint_eq(folder_count(dir), 0);
}
END_TEST

/* --- our own thread --- */

static bool wait_written(unsigned n)
{
	for (unsigned i = 0; i < 500; i++) {
		if (!atomic_load(&rp_n_requests) && folder_count(dir) == n)
			return true;
		usleep(10000);
	}
	return false;
}

START_TEST(our_thread_writes_what_ends)
{
	for (unsigned i = 0; i < 3; i++) {
		enter(1000000);
		ck_assert(rp_drain_start());
		flagged_burn(20);
		sleep_ms(5);
		rp_current_over(0, RP_END_COMPLETE);
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
	enter(1000000);
	ck_assert(rp_drain_start());
	usleep(100000);
	close(ends[0]);
	hup.fd = ends[1];
	ck_assert_int_eq(poll(&hup, 1, 0), 1);
	ck_assert(hup.revents & POLLHUP);
	rp_current_over(0, RP_END_COMPLETE);
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
	enter(1000000);
	ck_assert(rp_drain_start());
	rp_current_over(0, RP_END_COMPLETE);
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
	rp_settings.max_ns = 50000000;
	enter(1000000);
	ck_assert(rp_drain_start());
	for (unsigned i = 0; i < 100 && rp_self.armed == RP_ARMED; i++)
		flagged_burn(10);
	ck_assert_uint_eq(rp_self.armed, RP_ARMED_OVER);
	rp_current_leave();
	ck_assert(wait_written(1));
	ck_assert(read_back(".reqprof"));
	ck_assert_uint_eq(told.response.how, RP_END_LIMIT);
	ck_assert_uint_eq(told.segments, 1);
	ck_assert_uint_eq(told.drops[RP_DROP_over_seconds], 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("session");
	TCase *tcase = tcase_create("session");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 30);
	tcase_add_checked_fixture(tcase, ready, remove_folder);
	tcase_add_test(tcase, what_threads_said_is_what_the_file_says);
	tcase_add_test(tcase, a_copied_stack_is_walked_like_a_live_one);
	tcase_add_test(tcase, copies_of_unloaded_code_are_not_walked);
	tcase_add_test(tcase, a_thread_that_never_left_is_cut);
	tcase_add_test(tcase, a_thread_that_said_its_end_is_not_cut_again);
	tcase_add_test(tcase, losses_reach_the_report_once);
	tcase_add_test(tcase, a_session_that_is_full_stays_readable);
	tcase_add_loop_test(tcase, a_folder_that_cannot_be_used_swallows, 0, 3);
	tcase_add_test(tcase, our_thread_writes_what_ends);
	tcase_add_test(tcase, our_thread_holds_no_descriptor_of_the_host);
	tcase_add_test(tcase, a_thread_that_ended_before_it_was_said_to_run_is_started_again);
	tcase_add_test(tcase, a_thread_that_cannot_start_leaves_errno_and_mask);
	tcase_add_test(tcase, a_recording_ends_at_its_bound);
	return suite_run(suite);
}
