/* test_capture.c - stacks into tracks: walked or copied, on the thread's stack and off it.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/capture.h"

#include <pthread.h>
#include <string.h>
#include <ucontext.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static struct flagged_notes notes;

/* A synchronous capture on this thread, from here. */
__attribute__((noinline)) static bool capture(void)
{
	struct rp_note_sample head = {.at_ns = 1};
	struct rp_self *s = &rp_self;
	struct rp_regs regs;

	if (!s->track)
		s->track = rp_track_claim(0, 1, 1, 1);
	rp_capture_bounds(s);
	rp_regs_here(&regs);
	return rp_capture_push(s, RP_NOTE_SAMPLE, &head, sizeof(head), &regs, RP_CAPTURE_SYNC);
}

static bool is_in(uint64_t pc, bool (*function)(void))
{
	uint64_t at = (uint64_t)(uintptr_t)function;

	return pc >= at && pc < at + 1024;
}

START_TEST(the_known_stack_holds_this_frame_and_grows_down)
{
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	char lower[64 << 10];

	rp_capture_bounds(&rp_self);
	ck_assert_uint_le(rp_self.stack_lo, here);
	ck_assert_uint_gt(rp_self.stack_hi, here);
	memset(lower, 1, sizeof(lower));
	ck_assert(capture());
	flagged_take(&notes);
	ck_assert(is_in(notes.samples[0].pc[0], capture));
	ck_assert_uint_eq(notes.samples[0].stack.stop, RP_STOP_END);
	ck_assert_uint_le(rp_self.stack_hi - here, 8 << 20);
}
END_TEST

static void *capture_on_thread(void *arg)
{
	*(bool *)arg = capture() && rp_self.stack_lo && rp_self.stack_hi;
	return NULL;
}

START_TEST(threads_have_stacks_of_their_own)
{
	pthread_t thread;
	bool ok = false;

	ck_assert_int_eq(pthread_create(&thread, NULL, capture_on_thread, &ok), 0);
	pthread_join(thread, NULL);
	ck_assert(ok);
	flagged_take(&notes);
	ck_assert_uint_ge(notes.samples[0].stack.n, 3);
	ck_assert_uint_eq(notes.samples[0].stack.stop, RP_STOP_END);
}
END_TEST

static ucontext_t home, away;

static void capture_in_coroutine(void)
{
	ck_assert(capture());
	swapcontext(&away, &home);
}

START_TEST(a_coroutine_is_walked_on_its_own_stack)
{
	static char stack[64 << 10] __attribute__((aligned(4096)));
	uint64_t lo, hi;

	rp_capture_bounds(&rp_self);
	lo = rp_self.stack_lo;
	hi = rp_self.stack_hi;
	getcontext(&away);
	away.uc_stack.ss_sp = stack;
	away.uc_stack.ss_size = sizeof(stack);
	away.uc_link = &home;
	makecontext(&away, capture_in_coroutine, 0);
	swapcontext(&home, &away);
	flagged_take(&notes);
	ck_assert_uint_ge(notes.samples[0].stack.n, 2);
	ck_assert(is_in(notes.samples[0].pc[0], capture));
	ck_assert_uint_eq(rp_self.stack_lo, lo); /* the thread's own is not forgotten */
	ck_assert_uint_eq(rp_self.stack_hi, hi);
}
END_TEST

START_TEST(no_more_frames_than_asked_for)
{
	rp_settings.max_frames = 2;
	ck_assert(capture());
	flagged_take(&notes);
	ck_assert_uint_eq(notes.samples[0].stack.n, 2);
	ck_assert_uint_eq(notes.samples[0].stack.stop, RP_STOP_DEPTH);
}
END_TEST

START_TEST(without_tables_the_stack_is_copied_up_to_a_bound)
{
	char deep[2 * RP_COPY_BYTES];

	if (!flagged_may_copy())
		return;
	memset(deep, _i, sizeof(deep));
	atomic_store(&rp_tables_now, NULL);
	ck_assert(capture());
	flagged_take(&notes);
	ck_assert_uint_eq(notes.samples[0].stack.n, 0);
	ck_assert_uint_eq(notes.samples[0].stack.n_copy, RP_COPY_BYTES);
	uint64_t red = notes.samples[0].stack.sp - RP_RED_ZONE; /* or the page that is known */

	ck_assert_uint_eq(notes.samples[0].stack.sp_lo,
	                  red < rp_self.stack_lo ? rp_self.stack_lo : red);
	ck_assert(rp_tables_idle());
	ck_assert_uint_eq(deep[sizeof(deep) - 1], _i);
}
END_TEST

START_TEST(a_full_track_says_so)
{
	unsigned n = 0;

	while (capture())
		n++;
	ck_assert_uint_gt(n, 100);
	ck_assert(!capture());
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_samples, n);
	ck_assert(capture());
}
END_TEST

static atomic_bool over;

static void *replace_tables(void *arg)
{
	for (unsigned i = 0; i < 50; i++) {
		rp_tables_unloading();
		rp_tables_unloaded();
		if (rp_modules_refresh())
			++*(unsigned *)arg;
		usleep(1000); /* time to walk with it */
	}
	atomic_store(&over, true);
	return NULL;
}

/* A set that is being walked stays until the walk is over. */
START_TEST(tables_may_be_replaced_at_any_moment)
{
	unsigned built = 0, walked = 0;
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, replace_tables, &built), 0);
	while (!atomic_load(&over)) {
		uint64_t pc[FLAGGED_PCS];
		struct rp_walk walk = {.pc = pc, .cap = FLAGGED_PCS};
		struct rp_window window;
		struct rp_regs regs;

		rp_capture_bounds(&rp_self);
		rp_regs_here(&regs);
		rp_window_live(&window, regs.sp, rp_self.stack_lo, rp_self.stack_hi);
		rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
		rp_tables_give();
		walked += walk.stop == RP_STOP_END;
		ck_assert_uint_eq(walk.stop, RP_STOP_END);
	}
	pthread_join(thread, NULL);
	ck_assert_uint_gt(built, 0);
	ck_assert_uint_gt(walked, 0);
	ck_assert(rp_tables_idle());
}
END_TEST

/* This program is not told to the tables: they were made before it was loaded, so to say. */
static int skip_main(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct skipping {
		int (*each)(struct dl_phdr_info *, size_t, void *);
		void *arg;
	} *s = arg;

	return *info->dlpi_name ? s->each(info, size, s->arg) : 0;
}

static int iterate_without(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	struct {
		int (*each)(struct dl_phdr_info *, size_t, void *);
		void *arg;
	} skipping = {each, arg};

	return dl_iterate_phdr(skip_main, &skipping);
}

static void forget_main(void)
{
	rp_modules_iterate = iterate_without;
	rp_tables_loading();
	ck_assert(rp_modules_refresh());
	rp_modules_iterate = dl_iterate_phdr;
}

START_TEST(a_stack_in_code_that_the_tables_do_not_know_yet_is_copied)
{
	if (!flagged_may_copy())
		return;
	forget_main();
	ck_assert(capture()); /* nothing was loaded since: it will not be known */
	rp_tables_loading();
	ck_assert(capture());
	rp_tables_unloading();
	ck_assert(capture()); /* no set will fit a copy that is made now */
	rp_tables_unloaded();
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_samples, 3);
	for (unsigned i = 0; i < 3; i++) {
		ck_assert_uint_eq(notes.samples[i].stack.n, i == 1 ? 0 : 1);
		ck_assert_uint_eq(notes.samples[i].stack.n_copy > 0, i == 1);
	}
	ck_assert_uint_eq(notes.samples[0].stack.stop, RP_STOP_UNKNOWN_PC);
	ck_assert_uint_eq(notes.samples[2].stack.stop, RP_STOP_UNKNOWN_PC);
	ck_assert(is_in(notes.samples[2].pc[0], capture));
}
END_TEST

START_TEST(where_room_is_short_such_a_stack_is_cut)
{
	char deep[2 * RP_COPY_BYTES];
	unsigned n_copied = 0;

	if (!flagged_may_copy())
		return;
	memset(deep, _i, sizeof(deep));
	forget_main();
	rp_tables_loading();
	for (unsigned i = 0; i < 100; i++)
		ck_assert(capture());
	flagged_take(&notes);
	for (unsigned i = 0; i < 100; i++)
		n_copied += notes.samples[i].stack.n == 0;
	ck_assert_uint_ge(n_copied, 1);
	ck_assert_uint_le(n_copied, RP_TRACK_BYTES / 2 / RP_COPY_BYTES + 1);
	ck_assert_uint_eq(deep[sizeof(deep) - 1], _i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("capture");
	TCase *tcase = tcase_create("capture");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, flagged_ready, NULL);
	tcase_add_test(tcase, the_known_stack_holds_this_frame_and_grows_down);
	tcase_add_test(tcase, threads_have_stacks_of_their_own);
	tcase_add_test(tcase, a_coroutine_is_walked_on_its_own_stack);
	tcase_add_test(tcase, no_more_frames_than_asked_for);
	tcase_add_test(tcase, without_tables_the_stack_is_copied_up_to_a_bound);
	tcase_add_test(tcase, a_full_track_says_so);
	tcase_add_test(tcase, a_stack_in_code_that_the_tables_do_not_know_yet_is_copied);
	tcase_add_test(tcase, where_room_is_short_such_a_stack_is_cut);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, tables_may_be_replaced_at_any_moment);
	return suite_run(suite);
}
