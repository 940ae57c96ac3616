/* test_rewrite.c - lines of ours in answers: where, where never, and nothing else is changed.
 *
 * Room: tests.  Every input lies against an unmapped page.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/rewrite.h"

#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"
#include "tests/support/woven.h"

/* In these the lines belong where the bar is; the others never get any. */
static const char *const heads[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n|\r\nok",
        "HTTP/1.0 404 Not Found\r\n|\r\n",
        "HTTP/1.1 204\r\nServer:\r\n|\r\n",
        "HTTP/1.1 200 \r\nA: b\r\nX-Reqprof-Idea: 1\r\nX-Reqprof: 1\r\n|\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nA: b\r\n|\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n|\r\n\r\n\r\n",
        "HTTP/1.1 200 OK\r\nServer-Timing: db;dur=1\r\nSet-Cookie: a=\x80\r\n|\r\nbody",
};
static const char *const untouched[] = {
        "",
        "H",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r",
        "HTTP/1.1 200 OK\nContent-Length: 2\n\nok",
        "HTTP/1.1 200 OK\r\nA: b\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA\r\n\r\n",
        "HTTP/1.1 200 OK\r\nx-REQPROF-id: 1-000001\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\nX-Reqprof-Id:\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
        "HTTP/1.1 099 No\r\n\r\n",
        "HTTP/1.1 2000 No\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "Status: 200 OK\r\n\r\n",
        "<html>\r\n\r\n",
};
enum { N_HEADS = sizeof(heads) / sizeof(heads[0]) };
enum { N_UNTOUCHED = sizeof(untouched) / sizeof(untouched[0]) };

static const char LINES[] = "X-Reqprof-Id: 1-000001\r\nServer-Timing: ttfb;dur=1\r\n";

/* Answer number I without its bar; *AT where that is, SIZE_MAX: there is none. */
static size_t answer(int i, char *to, size_t *at)
{
	const char *from = i < N_HEADS ? heads[i] : untouched[i - N_HEADS];
	const char *bar = strchr(from, '|');
	size_t before = bar ? (size_t)(bar - from) : strlen(from), n = strlen(from) - (bar != NULL);

	memcpy(to, from, before);
	memcpy(to + before, from + before + (bar != NULL), n - before);
	*at = bar ? before : SIZE_MAX;
	return n;
}

/* N bytes in one call, as two pieces cut at CUT: where the lines go. */
static size_t place(const char *bytes, size_t n, size_t cut)
{
	struct iovec iov[2] = {{(void *)(uintptr_t)guard_put(0, bytes, cut), cut},
	                       {(void *)(uintptr_t)guard_put(1, bytes + cut, n - cut), n - cut}};
	struct rp_insert insert = {.state = RP_INSERT_WANT};
	struct rp_weave w = {.iov = iov, .n_iov = 2, .n = n};

	return rp_insert_find(&insert, &w) ? w.at : SIZE_MAX;
}

START_TEST(the_lines_go_before_the_empty_line_of_the_final_head)
{
	char bytes[256];
	size_t at, n = answer(_i, bytes, &at);

	for (size_t cut = 0; cut <= n; cut++)
		ck_assert_uint_eq(place(bytes, n, cut), at);
}
END_TEST

START_TEST(whatever_a_kernel_takes_of_whatever_is_offered)
{
	char bytes[256];
	size_t at, seen, n = answer(_i, bytes, &at);

	for (unsigned offered = 0; offered < 8; offered++) {
		for (unsigned taken = 0; taken < 40; taken++) {
			const uint8_t choices[] = {(uint8_t)(offered * 4), 3, (uint8_t)taken, 1};

			ck_assert(woven_send(bytes, n, LINES, (struct woven_turns){choices, 4},
			                     &seen));
			if (at == SIZE_MAX)
				ck_assert_uint_eq(seen, SIZE_MAX);
			else if (seen != SIZE_MAX)
				ck_assert_uint_eq(seen, at);
		}
	}
}
END_TEST

/* Its CR was gone before its LF was offered. */
START_TEST(half_an_empty_line_is_too_late)
{
	static const char first[] = "HTTP/1.1 200 OK\r\nA: b\r\n\r", second[] = "\nbody";
	struct rp_insert insert = {.state = RP_INSERT_WANT};
	struct iovec iov = {(void *)(uintptr_t)first, sizeof(first) - 1};
	struct rp_weave w = {.iov = &iov, .n_iov = 1, .n = iov.iov_len};

	ck_assert(!rp_insert_find(&insert, &w));
	rp_insert_said(&insert, first, w.n);
	ck_assert_int_eq(insert.state, RP_INSERT_WANT);
	iov = (struct iovec){(void *)(uintptr_t)second, sizeof(second) - 1};
	w.n = iov.iov_len;
	ck_assert(!rp_insert_find(&insert, &w));
	rp_insert_said(&insert, second, w.n);
	ck_assert_int_eq(insert.state, RP_INSERT_OVER);
}
END_TEST

START_TEST(a_short_write_inside_the_lines_is_finished_before_the_host_goes_on)
{
	static const char head[] = "HTTP/1.1 200 OK\r\n\r\n";
	struct rp_insert insert = {.state = RP_INSERT_WANT, .lines = LINES, .n = sizeof(LINES) - 1};
	struct iovec iov = {(void *)(uintptr_t)head, sizeof(head) - 1}, out[4];
	struct rp_weave w = {.iov = &iov, .n_iov = 1, .n = iov.iov_len};
	size_t n;

	ck_assert(rp_insert_find(&insert, &w));
	ck_assert_uint_eq(w.at, 17);
	w.lines = LINES;
	w.n_lines = insert.n;
	rp_insert_took(&insert, 5);
	ck_assert_uint_eq(rp_weave_of_host(&w, 17 + 5), 17);
	ck_assert_int_eq(insert.state, RP_INSERT_PART);
	iov = (struct iovec){(void *)(uintptr_t)(head + 17), 2};
	w = (struct rp_weave){.iov = &iov, .n_iov = 1, .n = 2};
	ck_assert(rp_insert_find(&insert, &w));
	w.lines = LINES + insert.sent;
	w.n_lines = (size_t)(insert.n - insert.sent);
	ck_assert_uint_eq(rp_weave_pieces(&w, 0, out, 4, &n), 2);
	ck_assert_uint_eq(n, sizeof(LINES) - 1 - 5 + 2);
	ck_assert_ptr_eq(out[0].iov_base, (const void *)(LINES + 5));
	rp_insert_took(&insert, w.n_lines);
	ck_assert_int_eq(insert.state, RP_INSERT_OVER);
}
END_TEST

START_TEST(a_head_without_end_is_not_ours)
{
	char line[] = "A: 0123456789012345678901234567890123456789012345678901234567890\r\n";
	struct rp_rewrite r = {0};
	const char *bytes = "HTTP/1.1 200 OK\r\n";
	size_t n = 17, i = 0;

	while (rp_rewrite_feed(&r, &bytes, &n) == RP_REWRITE_MORE && i++ < RP_REWRITE_MAX) {
		bytes = line;
		n = sizeof(line) - 1;
	}
	ck_assert_uint_eq(i, RP_REWRITE_MAX / (sizeof(line) - 1) + 1);
	n = 4;
	bytes = "\r\n\r\n";
	ck_assert_int_eq(rp_rewrite_feed(&r, &bytes, &n), RP_REWRITE_NEVER);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("rewrite");
	TCase *tc = tcase_create("rewrite");

	tcase_add_loop_test(tc, the_lines_go_before_the_empty_line_of_the_final_head, 0,
	                    N_HEADS + N_UNTOUCHED);
	tcase_add_loop_test(tc, whatever_a_kernel_takes_of_whatever_is_offered, 0,
	                    N_HEADS + N_UNTOUCHED);
	tcase_add_test(tc, half_an_empty_line_is_too_late);
	tcase_add_test(tc, a_short_write_inside_the_lines_is_finished_before_the_host_goes_on);
	tcase_add_test(tc, a_head_without_end_is_not_ours);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
