/* test_jitname.c - what runtimes write into perf maps.  SPDX-License-Identifier: MIT */
#include "symbolize/jitname.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/suite.h"

static const struct {
	const char *text, *function, *file;
	uint32_t line;
} rows[] = {
        /* node 20, node 16 */
        {"JS:*handler /app/x.js:10:17", "handler", "/app/x.js", 10},
        {"JS:~handler file:///app/x.mjs:3:4", "handler", "/app/x.mjs", 3},
        {"LazyCompile:*handler /app/x.js:10", "handler", "/app/x.js", 10},
        {"Function:^get total /my app/x.js:7:1", "get total", "/my app/x.js", 7},
        {"JS:* /app/x.js:2:39", "(anonymous)", "/app/x.js", 2},
        {"JS:~run node:internal/timers:483:25", "run", "node:internal/timers", 483},
        {"Script:~ evalmachine.<anonymous>:1:1", "(anonymous)", "evalmachine.<anonymous>", 1},
        {"JS:*handler", "handler", NULL, 0},
        {"JS:*two words", "two words", NULL, 0},
        {"JS:", "(anonymous)", NULL, 0},
        {"Builtin:ArrayMap", "Builtin:ArrayMap", NULL, 0},
        {"RegExp:a b:1:2", "RegExp:a b:1:2", NULL, 0},
        /* python 3.12 */
        {"py::total:/srv/shop.py", "total", "/srv/shop.py", 0},
        {"py::Cart.<locals>.<lambda>:/srv/a b.py", "Cart.<locals>.<lambda>", "/srv/a b.py", 0},
        {"py::", "py::", NULL, 0},
        {"py::x:", "py::x:", NULL, 0},
        /* perf-map-agent, and what the JVM itself writes */
        {"Lcom/shop/Cart;::total", "com.shop.Cart::total", NULL, 0},
        {"Interpreter", "Interpreter", NULL, 0},
        {"void com.shop.Cart.total(int)", "void com.shop.Cart.total(int)", NULL, 0},
        {"L", "L", NULL, 0},
        {"", "", NULL, 0},
};
enum { N_ROWS = sizeof(rows) / sizeof(*rows) };

START_TEST(a_name_is_taken_apart)
{
	char text[128];
	struct rp_jitname got;

	strcpy(text, rows[_i].text);
	rp_jitname_parse(text, &got);
	ck_assert_str_eq(got.function, rows[_i].function);
	ck_assert_pstr_eq(got.file, rows[_i].file);
	ck_assert_uint_eq(got.line, rows[_i].line);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize/jitname");
	TCase *t = tcase_create("jitname");

	suite_add_tcase(suite, t);
	tcase_add_loop_test(t, a_name_is_taken_apart, 0, N_ROWS);
	return suite_run(suite);
}
