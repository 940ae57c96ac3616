/* test_links.c - which session made the request of which: connections, traces, times.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/links.h"

#include "tests/support/suite.h"

#define TRACE "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
#define OTHER "00-1af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

enum { FROM = 1000, TO = 2000 };

/* A server on port 80 that asked another one, on port 8000, and that one. */
static struct rp_rec_link front[2], back[1];
static struct rp_recording parent, child;

static void ready(void)
{
	front[0] = (struct rp_rec_link){.at_ns = RP_NEVER,
	                                .local = rp_slice_of("127.0.0.1:80"),
	                                .remote = rp_slice_of("10.0.0.1:5000")};
	front[1] = (struct rp_rec_link){.asked = 1,
	                                .at_ns = FROM + 100,
	                                .local = rp_slice_of("127.0.0.1:40000"),
	                                .remote = rp_slice_of("127.0.0.1:8000")};
	back[0] = (struct rp_rec_link){.at_ns = RP_NEVER,
	                               .local = rp_slice_of("127.0.0.1:8000"),
	                               .remote = rp_slice_of("127.0.0.1:40000")};
	parent = (struct rp_recording){.links = front, .n_links = 2};
	parent.phases = (struct rp_rec_phases){.first_byte_ns = FROM, .last_byte_ns = TO};
	parent.head.pid = 7;
	child = (struct rp_recording){.links = back, .n_links = 1};
	child.phases =
	        (struct rp_rec_phases){.first_byte_ns = FROM + 200, .last_byte_ns = TO - 200};
}

static enum rp_link_how judge(void)
{
	return rp_links_judge(&parent, &child);
}

START_TEST(the_ends_of_a_connection_are_each_others)
{
	ck_assert_int_eq(judge(), RP_LINK_CONNECTION);
	back[0].remote = rp_slice_of("127.0.0.1:40001");
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(who_came_before_it_was_asked_is_another_one)
{
	child.phases.first_byte_ns = FROM + 99;
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(who_came_when_it_was_over_is_another_one)
{
	child.phases.first_byte_ns = TO + 1;
	child.phases.last_byte_ns = TO + 2;
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(over_a_path_the_process_says_who_asked)
{
	front[1].remote = back[0].local = rp_slice_of("unix:/run/app.sock");
	front[1].local = back[0].remote = rp_slice_of("unix");
	back[0].pid = 7;
	ck_assert_int_eq(judge(), RP_LINK_CONNECTION);
	back[0].pid = 8;
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(a_trace_joins_where_no_connection_does)
{
	back[0].remote = rp_slice_of("127.0.0.1:40001");
	parent.request.traceparent = child.request.traceparent = rp_slice_of(TRACE);
	ck_assert_int_eq(judge(), RP_LINK_TRACE);
	child.request.traceparent = rp_slice_of("00-short");
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(another_trace_parts_what_a_connection_joins)
{
	parent.request.traceparent = rp_slice_of(TRACE);
	child.request.traceparent = rp_slice_of(OTHER);
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(two_requests_of_a_client_in_one_trace_are_not_each_others)
{
	back[0].local = front[0].local;
	parent.request.traceparent = child.request.traceparent = rp_slice_of(TRACE);
	ck_assert_int_eq(judge(), RP_LINK_NONE);
}
END_TEST

START_TEST(nobody_asks_himself)
{
	ck_assert_int_eq(rp_links_judge(&parent, &parent), RP_LINK_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tools/links");
	TCase *t = tcase_create("links");

	tcase_add_checked_fixture(t, ready, NULL);
	tcase_add_test(t, the_ends_of_a_connection_are_each_others);
	tcase_add_test(t, who_came_before_it_was_asked_is_another_one);
	tcase_add_test(t, who_came_when_it_was_over_is_another_one);
	tcase_add_test(t, over_a_path_the_process_says_who_asked);
	tcase_add_test(t, a_trace_joins_where_no_connection_does);
	tcase_add_test(t, another_trace_parts_what_a_connection_joins);
	tcase_add_test(t, two_requests_of_a_client_in_one_trace_are_not_each_others);
	tcase_add_test(t, nobody_asks_himself);
	suite_add_tcase(suite, t);
	return suite_run(suite);
}
