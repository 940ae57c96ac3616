/* test_term.c - colour rules, and text of strangers made harmless.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"
#include "tools/term.h"

#define N(cases) (int)(sizeof(cases) / sizeof(cases[0]))

static const struct {
	enum rp_choice flag;
	const char *no_color, *force_color;
	bool tty;
	const char *term;
	bool color;
} colors[] = {
        {RP_AUTO, NULL, NULL, true, "xterm", true},
        {RP_AUTO, NULL, NULL, false, "xterm", false},
        {RP_AUTO, NULL, NULL, true, "dumb", false},
        {RP_AUTO, NULL, NULL, true, NULL, true},
        {RP_AUTO, "1", NULL, true, "xterm", false},
        {RP_AUTO, "", NULL, true, "xterm", true}, /* empty is not set */
        {RP_AUTO, NULL, "1", false, "dumb", true},
        {RP_AUTO, NULL, "0", true, "xterm", false},
        {RP_AUTO, NULL, "", true, "xterm", true},
        {RP_AUTO, "1", "1", false, "xterm", false},
        {RP_ON, "1", NULL, false, "dumb", true},
        {RP_OFF, NULL, "1", true, "xterm", false},
};

START_TEST(flags_beat_no_color_beats_force_color_beats_tty)
{
	ck_assert_int_eq(rp_term_wants_color(colors[_i].flag, colors[_i].no_color,
	                                     colors[_i].force_color, colors[_i].tty,
	                                     colors[_i].term),
	                 colors[_i].color);
}
END_TEST

static const struct {
	const char *text;
	bool unicode;
	const char *safe;
} texts[] = {
        {"plain text", true, "plain text"},
        {"red \033[31m", true, "red \\x1B[31m"},
        {"a\nb\tc\rd", true, "a\\x0Ab\\x09c\\x0Dd"},
        {"del \177", true, "del \\x7F"},
        {"csi \302\2331m", true, "csi \\xC2\\x9B1m"},         /* C1 as UTF-8 */
        {"raw \2331m", true, "raw \\x9B1m"},                  /* C1 as a byte */
        {"gr\303\266\303\237e", true, "gr\303\266\303\237e"}, /* two letters of two bytes */
        {"gr\303\266e", false, "gr\\xC3\\xB6e"},              /* the locale has no UTF-8 */
        {"rlo \342\200\256 exe", true, "rlo \\xE2\\x80\\xAE exe"},
        {"iso \342\201\246", true, "iso \\xE2\\x81\\xA6"},
        {"alm \330\234", true, "alm \\xD8\\x9C"},
        {"cut \303", true, "cut \\xC3"},
        {"cut \360\237\230", true, "cut \\xF0\\x9F\\x98"},
        {"long \300\257", true, "long \\xC0\\xAF"}, /* overlong "/" */
        {"long \340\200\257", true, "long \\xE0\\x80\\xAF"},
        {"surrogate \355\240\200", true, "surrogate \\xED\\xA0\\x80"},
        {"beyond \364\220\200\200", true, "beyond \\xF4\\x90\\x80\\x80"},
        {"smile \360\237\230\200", true, "smile \360\237\230\200"},
};

/* What CUT leaves of TEXT (0: not cut).  The input ends at an unmapped page. */
static char *shown(const char *text, bool unicode, size_t cut)
{
	size_t n = strlen(text), n_safe;
	const char *guarded = guard_put(0, text, n);
	char *safe;
	FILE *out = open_memstream(&safe, &n_safe);

	if (cut)
		rp_term_text_cut(out, guarded, n, unicode, cut);
	else
		rp_term_text(out, guarded, n, unicode);
	fclose(out);
	return safe;
}

START_TEST(what_could_harm_a_terminal_is_escaped)
{
	char *safe = shown(texts[_i].text, texts[_i].unicode, 0);

	ck_assert_str_eq(safe, texts[_i].safe);
	free(safe);
}
END_TEST

START_TEST(the_width_told_is_the_width_taken)
{
	char *safe = shown(texts[_i].text, false, 0);

	/* Without Unicode every byte that is written is one column. */
	ck_assert_uint_eq(rp_term_columns(texts[_i].text, strlen(texts[_i].text), false),
	                  strlen(safe));
	free(safe);
}
END_TEST

START_TEST(a_cut_fits_at_every_width_and_halves_no_escape)
{
	for (size_t columns = 1; columns < 80; columns++) {
		char *safe = shown(texts[_i].text, false, columns);

		ck_assert_uint_le(strlen(safe), columns);
		for (char *at = strchr(safe, '\\'); at; at = strchr(at + 1, '\\'))
			ck_assert_msg(strlen(at) >= 4 && at[1] == 'x', "halved: %s", safe);
		free(safe);
	}
}
END_TEST

static const struct {
	size_t columns;
	bool unicode;
	const char *shown;
} cuts[] = {
        {26, true, "abcdefghijklmnopqrstuvwxyz"},
        {25, true, "abcdefghijkl\342\200\246opqrstuvwxyz"},
        {9, true, "abcd\342\200\246wxyz"},
        {10, false, "abcd..wxyz"},
        {1, true, "\342\200\246"},
        {2, false, ".."},
        {1, false, ""},
};

START_TEST(the_middle_is_cut_out)
{
	char *safe = shown("abcdefghijklmnopqrstuvwxyz", cuts[_i].unicode, cuts[_i].columns);

	ck_assert_str_eq(safe, cuts[_i].shown);
	free(safe);
}
END_TEST

START_TEST(heat_changes_at_60_20_and_5_percent)
{
	ck_assert_int_eq(rp_term_heat(0.61), RP_HOT);
	ck_assert_int_eq(rp_term_heat(0.60), RP_WARM);
	ck_assert_int_eq(rp_term_heat(0.20), RP_MILD);
	ck_assert_int_eq(rp_term_heat(0.05), RP_COOL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("term");
	TCase *tcase = tcase_create("all");

	tcase_add_loop_test(tcase, flags_beat_no_color_beats_force_color_beats_tty, 0, N(colors));
	tcase_add_loop_test(tcase, what_could_harm_a_terminal_is_escaped, 0, N(texts));
	tcase_add_loop_test(tcase, the_width_told_is_the_width_taken, 0, N(texts));
	tcase_add_loop_test(tcase, a_cut_fits_at_every_width_and_halves_no_escape, 0, N(texts));
	tcase_add_loop_test(tcase, the_middle_is_cut_out, 0, N(cuts));
	tcase_add_test(tcase, heat_changes_at_60_20_and_5_percent);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
