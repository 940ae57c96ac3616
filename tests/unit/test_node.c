/* test_node.c - what node is told at its start, and what it tells: hot/node.c and cold/node.c.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/node.h"
#include "preload/hot/node.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/turn.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

enum { MS = 1000000 };

/* ---- at its start ---- */

static const struct {
	const char *program, *argument, *options;
	bool fit;
} starts[] = {
        {"/usr/bin/node", "server.js", NULL, true},
        {"/usr/bin/nodejs", "server.js", "", true},
        {"/opt/node-22", "-e", "--max-http-header-size=9999", true},
        {"node20", "--inspect", NULL, true},
        {"/usr/bin/python3", "server.py", NULL, false},
        {"/usr/bin/node_exporter", "", NULL, false},
        {"/usr/bin/nodejs-helper", "", NULL, false},
        {"/usr/bin/node", "--permission", NULL, false},
        {"/usr/bin/node", "--experimental-permission", NULL, false},
        {"/usr/bin/node", "--build-snapshot", NULL, false},
        {"/usr/bin/node", "--env-file=.env", NULL, false},
        {"/usr/bin/node", "server.js", "--experimental-policy=p.json", false},
        {"/usr/bin/node", "permission.js", NULL, true},
};

START_TEST(only_node_and_only_where_one_more_file_changes_nothing)
{
	char *argv[] = {(char *)(uintptr_t) "node", (char *)(uintptr_t)starts[_i].argument, NULL};

	ck_assert_uint_eq(rp_node_is_fit(starts[_i].program, 2, argv, starts[_i].options),
	                  starts[_i].fit);
}
END_TEST

START_TEST(what_a_program_is_told_is_its_own)
{
	char *argv[] = {(char *)(uintptr_t) "node", (char *)(uintptr_t) "--",
	                (char *)(uintptr_t) "--permission", NULL};

	ck_assert(rp_node_is_fit("node", 3, argv, NULL));
}
END_TEST

static char folder[] = "/tmp/reqprof-node-XXXXXX";
static char shim[PATH_MAX], file[PATH_MAX], entry[2 * PATH_MAX], wanted[2 * PATH_MAX];

static void lay_beside(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(shim, sizeof(shim), "%s/libreqprof.so", folder);
	snprintf(file, sizeof(file), "%s/libreqprof-node.cjs", folder);
	fclose(fopen(file, "w"));
}

static void clear_away(void)
{
	unlink(file);
	rmdir(folder);
	memcpy(folder + strlen(folder) - 6, "XXXXXX", 6);
}

START_TEST(the_hosts_own_options_come_after_ours)
{
	snprintf(wanted, sizeof(wanted), "NODE_OPTIONS=--require %s", file);
	ck_assert(rp_node_entry(shim, NULL, entry, sizeof(entry)));
	ck_assert_str_eq(entry, wanted);
	strcat(wanted, " -r \"a b.js\"");
	ck_assert(rp_node_entry(shim, "-r \"a b.js\"", entry, sizeof(entry)));
	ck_assert_str_eq(entry, wanted);
	ck_assert(!rp_node_entry(shim, entry, entry, sizeof(entry))); /* it is there already */
}
END_TEST

START_TEST(a_file_that_is_not_there_is_never_asked_for)
{
	unlink(file);
	ck_assert(!rp_node_entry(shim, NULL, entry, sizeof(entry)));
}
END_TEST

START_TEST(nor_one_whose_path_node_would_take_apart)
{
	ck_assert(!rp_node_entry("libreqprof.so", NULL, entry, sizeof(entry)));
	ck_assert(!rp_node_entry("/a b/libreqprof.so", NULL, entry, sizeof(entry)));
	ck_assert(!rp_node_entry("/a/libreqprof", NULL, entry, sizeof(entry)));
}
END_TEST

START_TEST(what_has_no_room_is_not_said)
{
	size_t all = strlen("NODE_OPTIONS=--require ") + strlen(file) + strlen(" --own") + 1;

	/* Written past its end, the guard behind it would tell. */
	for (size_t cap = 1; cap <= all; cap++) {
		memset(entry, '#', sizeof(entry));
		ck_assert_uint_eq(rp_node_entry(shim, "--own", entry, cap), cap == all);
		ck_assert_int_eq(entry[cap], '#');
	}
}
END_TEST

/* ---- what it tells ---- */

static struct flagged_notes notes;
static struct rp_request *flagged;
static uint32_t words[RP_NODE_WORDS], serial;

static void ready(void)
{
	memset(words, 0, sizeof(words));
	rp_self.turn = (struct rp_turn){0};
	rp_self.node = words;
	flagged_ready();
	flagged = flagged_open(MS);
	atomic_store(&rp_n_live, 1);
	serial = atomic_load(&flagged->serial);
}

static void done(void)
{
	flagged_close(flagged, &notes);
	rp_self.node = NULL;
	rp_self.runtime = 0;
	memset(&notes, 0, sizeof(notes));
}

static void enter(uint32_t number)
{
	words[RP_NODE_NUMBER] = number;
	rp_node_enter(NULL, NULL);
}

static unsigned segments(void)
{
	rp_current_leave();
	flagged_take(&notes);
	return notes.n_ends;
}

START_TEST(a_thread_works_for_the_request_that_is_told)
{
	enter(serial);
	ck_assert(rp_current_works(0, serial));
	ck_assert_uint_eq(words[RP_NODE_NUMBER], serial);
	ck_assert_uint_eq(rp_self.by, RP_BY_RUNTIME);
	enter(0);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(what_is_over_is_nobodys_and_it_hears_so)
{
	enter(serial + 1);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(words[RP_NODE_NUMBER], 0);
}
END_TEST

START_TEST(between_two_callbacks_it_is_nobodys)
{
	enter(serial);
	rp_node_rest(NULL, NULL);
	ck_assert(rp_turn_is_over(&rp_self, rp_mono_ns()));
	enter(serial);
	ck_assert(!rp_turn_is_over(&rp_self, rp_mono_ns()));
	ck_assert(rp_current_works(0, serial));
}
END_TEST

/* Preempted in between they are two. */
START_TEST(callbacks_that_follow_closely_are_one_segment)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		enter(serial);
		rp_node_rest(NULL, NULL);
		enter(serial);
		if (segments() == 1)
			return;
		memset(&notes, 0, sizeof(notes));
	}
	ck_abort_msg("never one segment");
}
END_TEST

START_TEST(what_comes_after_a_while_is_another_one_and_the_time_between_in_none)
{
	enter(serial);
	rp_node_rest(NULL, NULL);
	uint64_t rested_ns = rp_self.rests_ns;

	flagged_burn(20);
	ck_assert_uint_ne(rp_self.armed, RP_ARMED); /* a tick has found out */
	enter(serial);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.n_ends, 1);
	ck_assert_uint_eq(notes.end.end_ns, rested_ns);
	ck_assert_uint_eq(segments(), 2);
}
END_TEST

START_TEST(a_wait_of_the_loop_ends_what_rests_and_begins_another_turn)
{
	int most = 9;

	enter(serial);
	rp_node_rest(NULL, NULL);
	uint64_t rested_ns = rp_self.rests_ns;

	rp_turn_wait(RP_NEVER, true, &most);
	ck_assert_uint_eq(rp_self.armed, 0);
	ck_assert_uint_eq(rp_self.rests_ns, 0);
	ck_assert_uint_eq(words[RP_NODE_TURN], 1);
	flagged_take(&notes);
	ck_assert_uint_eq(notes.end.end_ns, rested_ns);
}
END_TEST

START_TEST(who_is_told_gets_all_events_at_once)
{
	int most = 9;

	words[RP_NODE_NUMBER] = UINT32_MAX;
	rp_node_look(NULL, NULL);
	ck_assert_uint_eq(words[RP_NODE_ASKS], 1);
	ck_assert(rp_current_is_told(&rp_self));
	ck_assert(!rp_turn_wait(0, true, &most));
	ck_assert_int_eq(most, 9);
}
END_TEST

START_TEST(no_timer_is_guessed_where_it_is_told)
{
	int most = 9;

	rp_request_joins(flagged, 0); /* alone: by the usual rules the timer is its own */
	words[RP_NODE_NUMBER] = UINT32_MAX;
	rp_node_look(NULL, NULL);
	rp_self.turn = (struct rp_turn){.looped = true, .led = true, .due_ns = RP_NEVER};
	enter(serial);
	rp_turn_wait(MS, false, &most);
	flagged_burn(3);
	rp_turn_begins(0);
	ck_assert_uint_eq(rp_self.armed, 0);
}
END_TEST

START_TEST(a_head_makes_it_ask_and_is_worked_for_until_it_does)
{
	rp_node_head(7, 0, serial);
	ck_assert_uint_eq(words[RP_NODE_ASKS], 1);
	ck_assert_uint_eq(words[RP_NODE_HEAD], 0); /* the usual rules have it */
	words[RP_NODE_NUMBER] = UINT32_MAX;
	rp_node_look(NULL, NULL);
	rp_node_head(7, 0, serial);
	ck_assert_uint_eq(words[RP_NODE_HEAD], 8);
	ck_assert(rp_current_works(0, serial));
	ck_assert_uint_eq(rp_self.by, RP_BY_CLIENT);
	enter(serial);
	ck_assert_uint_eq(words[RP_NODE_HEAD], 0);
	ck_assert_uint_eq(rp_self.by, RP_BY_RUNTIME);
}
END_TEST

START_TEST(where_nobody_is_served_it_need_not_ask)
{
	atomic_store(&rp_n_live, 0);
	words[RP_NODE_ASKS] = 1;
	words[RP_NODE_NUMBER] = 7;
	rp_node_look(NULL, NULL);
	ck_assert_uint_eq(words[RP_NODE_ASKS], 0);
	ck_assert_uint_eq(words[RP_NODE_NUMBER], 0);
	ck_assert(!rp_current_is_told(&rp_self));
	atomic_store(&rp_n_live, 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("node");
	TCase *starts_case = tcase_create("start"), *t = tcase_create("tells");

	tcase_add_loop_test(starts_case, only_node_and_only_where_one_more_file_changes_nothing, 0,
	                    sizeof(starts) / sizeof(*starts));
	tcase_add_test(starts_case, what_a_program_is_told_is_its_own);
	suite_add_tcase(suite, starts_case);
	starts_case = tcase_create("entry");
	tcase_add_checked_fixture(starts_case, lay_beside, clear_away);
	tcase_add_test(starts_case, the_hosts_own_options_come_after_ours);
	tcase_add_test(starts_case, a_file_that_is_not_there_is_never_asked_for);
	tcase_add_test(starts_case, nor_one_whose_path_node_would_take_apart);
	tcase_add_test(starts_case, what_has_no_room_is_not_said);
	suite_add_tcase(suite, starts_case);
	tcase_add_checked_fixture(t, ready, done);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_thread_works_for_the_request_that_is_told);
	tcase_add_test(t, what_is_over_is_nobodys_and_it_hears_so);
	tcase_add_test(t, between_two_callbacks_it_is_nobodys);
	tcase_add_test(t, callbacks_that_follow_closely_are_one_segment);
	tcase_add_test(t, what_comes_after_a_while_is_another_one_and_the_time_between_in_none);
	tcase_add_test(t, a_wait_of_the_loop_ends_what_rests_and_begins_another_turn);
	tcase_add_test(t, who_is_told_gets_all_events_at_once);
	tcase_add_test(t, no_timer_is_guessed_where_it_is_told);
	tcase_add_test(t, a_head_makes_it_ask_and_is_worked_for_until_it_does);
	tcase_add_test(t, where_nobody_is_served_it_need_not_ask);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
