/* test_stack_steps.c - walks judged at every instruction of real code, beside libunwind's.
 *
 * None may be wrong and none cut short, but where no walker can be right: those functions stand in
 * support/stepper_names.c.  With STEPS_TABLE=FILE everything is judged and each row appended there
 * (make steps); else libunwind is asked now and then.
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/stepper_names.h"
#include "tests/support/stepper_works.h"
#include "tests/support/suite.h"

static struct stepper_score score;
static struct stepper_windows windows;

static void tell(const struct stepper_work *work)
{
	const char *path = getenv("STEPS_TABLE");
	FILE *out = path ? fopen(path, "a") : NULL;

	if (!out)
		return;
	fprintf(out, "| %s | %lu | %lu / %lu / %lu | ", work->name, (unsigned long)score.steps,
	        (unsigned long)score.ours.right, (unsigned long)score.ours.truncated,
	        (unsigned long)score.ours.wrong);
	if (!work->loads)
		fprintf(out, "%lu / %lu / %lu", (unsigned long)score.unw.right,
		        (unsigned long)score.unw.truncated, (unsigned long)score.unw.wrong);
	else
		fprintf(out, "not run: deadlock");
	fprintf(out, " | %s%s", windows.text, *windows.text && work->loads ? ", " : "");
	if (work->loads)
		fprintf(out, "not yet known module %lu, crtstuff.o %lu",
		        (unsigned long)score.unknown, (unsigned long)score.bare);
	fprintf(out, " |\n");
	fclose(out);
}

static void expect(const struct stepper_work *work)
{
	const struct stepper_tally *ours = &score.ours;
	uint64_t n = ours->right + ours->truncated + ours->wrong;

	ck_assert_msg(n > 40, "%s: only %lu instructions were seen", work->name, (unsigned long)n);
	ck_assert_uint_eq(score.lost, 0);
	ck_assert_uint_eq(score.n_spots_lost, 0);
	ck_assert_uint_eq(score.stale, 0); /* a dlclose costs nobody the tables */
	ck_assert_msg(ours->wrong == windows.n_wrong && (!windows.named || !*windows.stray),
	              "%s: of %lu walks %lu wrong, %lu of them in a window; %lu truncated: %s; %s",
	              work->name, (unsigned long)n, (unsigned long)ours->wrong,
	              (unsigned long)windows.n_wrong, (unsigned long)ours->truncated, windows.text,
	              windows.stray);
	ck_assert_msg(ours->right * 1000 >= n * work->right, "%s: %lu of %lu right", work->name,
	              (unsigned long)ours->right, (unsigned long)n);
	ck_assert_msg(score.beside.right >= score.unw.right, "%s: %lu right, libunwind %lu",
	              work->name, (unsigned long)score.beside.right,
	              (unsigned long)score.unw.right);
	ck_assert_msg(score.beside.wrong <= score.unw.wrong, "%s: %lu wrong, libunwind %lu",
	              work->name, (unsigned long)score.beside.wrong,
	              (unsigned long)score.unw.wrong);
}

START_TEST(right_at_every_instruction)
{
	const struct stepper_work *work = &stepper_works[_i];
	unsigned beside = getenv("STEPS_TABLE") ? 1 : 7;
	struct stepper_plan plan = {.score = &score,
	                            .unw_every = work->loads ? 0 : beside,
	                            .loads = work->loads};

	if (work->ready && !work->ready()) {
		printf("SKIP: %s\n", work->name);
		return;
	}
	ck_assert(rp_modules_refresh());
	stepper_run(&plan, work->work, NULL);
	stepper_name(&score, &windows);
	tell(work);
	expect(work);
}
END_TEST

int main(void)
{
	if (!stepper_works_here()) {
		puts("SKIP test_stack_steps: a sanitizer's threads do much of their own\n"
		     "0 passed, 0 failed, 1 skipped");
		return EXIT_SUCCESS;
	}
	Suite *suite = suite_create("stack at every instruction");
	TCase *tc = tcase_create("steps");

	tcase_set_timeout(tc, 300);
	tcase_add_loop_test(tc, right_at_every_instruction, 0, (int)n_stepper_works);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
