/* test_answer_head.c - which answers a profile may stand for, and what of them goes on.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/answer_head.h"

#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static const struct {
	const char *head;
	enum rp_judgement judged;
} heads[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", RP_JUDGED_REPLACE},
        {"HTTP/1.0 404 Not Found\n\n", RP_JUDGED_REPLACE},
        {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", RP_JUDGED_REPLACE},
        {"HTTP/1.1 500 \r\n\r\n", RP_JUDGED_REPLACE},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", RP_JUDGED_REPLACE},
        {"HTTP/1.1 200 OK\r\nContent-Type: text/event\r\n\r\n", RP_JUDGED_REPLACE},
        {"HTTP/1.1 100 Continue\r\n\r\n", RP_JUDGED_INTERIM},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", RP_JUDGED_INTERIM},
        {"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 204 No Content\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 304 Not Modified\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 205 Reset Content\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 206 Partial Content\r\nContent-Range: x\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 200 OK\r\ncontent-type:Text/Event-Stream; charset=utf-8\r\n\r\n",
         RP_JUDGED_KEEP},
        {"HTTP/1.1 426 Upgrade Required\r\nUpgrade: h2c\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/2 200\r\n\r\n", RP_JUDGED_KEEP},
        {"HTTP/1.1 2x0 OK\r\n\r\n", RP_JUDGED_KEEP},
        {"\r\n\r\n", RP_JUDGED_KEEP},
};

START_TEST(only_a_finite_answer_with_a_body_is_replaced)
{
	const char *head = heads[_i].head;
	size_t n = strlen(head);

	ck_assert_int_eq(rp_answer_head_judge(guard_put(0, head, n), n), heads[_i].judged);
}
END_TEST

START_TEST(the_end_of_a_head_is_found_wherever_it_is_cut)
{
	static const char bytes[] = "HTTP/1.1 200 OK\r\nA: b\n\r\nbody\r\n\r\n";
	size_t end = (size_t)(strstr(bytes, "body") - bytes);

	for (size_t cut = 0; cut < sizeof(bytes); cut++) {
		size_t n = sizeof(bytes) - 1;
		size_t at = rp_answer_head_end(guard_put(0, bytes, cut), cut, 0);

		ck_assert_uint_eq(at, cut < end ? 0 : end);
		if (!at)
			ck_assert_uint_eq(rp_answer_head_end(guard_put(0, bytes, n), n, cut), end);
	}
}
END_TEST

START_TEST(the_status_the_connection_and_cookies_go_on)
{
	static const char head[] = "HTTP/1.1 404 Not Found\r\nServer: x\r\nSet-Cookie: a=b;\r\n"
	                           " Path=/\r\nContent-Length: 9\r\nX-Folded: 1\r\n 2\r\n"
	                           "connection: close\r\nKeep-Alive: timeout=5\r\nETag: y\r\n\r\n";
	static const char kept[] = "HTTP/1.1 404 Not Found\r\nSet-Cookie: a=b;\r\n Path=/\r\n"
	                           "connection: close\r\nKeep-Alive: timeout=5\r\n"
	                           "X-Reqprof-Original-Status: 404\r\n";
	char out[512];
	size_t n = rp_answer_head_keep(out, sizeof(out), guard_put(0, head, sizeof(head) - 1),
	                               sizeof(head) - 1);

	ck_assert_uint_eq(n, sizeof(kept) - 1);
	ck_assert_int_eq(memcmp(out, kept, n), 0);
	for (size_t room = 0; room < n; room++)
		ck_assert_uint_le(rp_answer_head_keep(out, room, head, sizeof(head) - 1), room);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hot/answer_head");
	TCase *tests = tcase_create("heads");

	tcase_add_loop_test(tests, only_a_finite_answer_with_a_body_is_replaced, 0, COUNT(heads));
	tcase_add_test(tests, the_end_of_a_head_is_found_wherever_it_is_cut);
	tcase_add_test(tests, the_status_the_connection_and_cookies_go_on);
	suite_add_tcase(suite, tests);
	return suite_run(suite);
}
