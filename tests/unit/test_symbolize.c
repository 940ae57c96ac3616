/* test_symbolize.c - functions, inlined copies and lines of programs whose source is known.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/symbolize.h"

#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>

#include "tests/support/suite.h"
#include "tests/support/symfood.h"

static const struct {
	const char *compiler, *flags;
} builds[] = {
        {"gcc", "-O2 -gdwarf-5"},   {"gcc", "-O2 -gdwarf-4"}, {"gcc", "-O0 -gdwarf-5"},
        {"gcc", "-O2 -g -flto"},    {"gcc", "-O2 -g -gz"},    {"clang", "-O2 -gdwarf-5"},
        {"clang", "-O2 -gdwarf-4"}, {"clang", "-O0 -g"},      {"gcc", "-O2 -g -gsplit-dwarf"},
        {"gcc", "-O2 -g -static"},
};

enum { N_BUILDS = sizeof(builds) / sizeof(*builds) };

static const char *build_inline(int i)
{
	symfood_run("%s %s -o inline \"$ROOT/tests/unit/fixtures/symfood_inline.c\"",
	            builds[i].compiler, builds[i].flags);
	return symfood_path("inline");
}

static void check_frame(const struct rp_frame *f, const char *function, uint32_t line,
                        uint32_t func_line, bool inlined)
{
	ck_assert_str_eq(f->function, function);
	ck_assert_uint_eq(f->line, line);
	ck_assert_uint_eq(f->func_line, func_line);
	ck_assert_int_eq(f->inlined, inlined);
	ck_assert(f->named);
	ck_assert_ptr_nonnull(f->file);
	ck_assert_int_eq(f->file[0], '/');
	ck_assert_ptr_nonnull(strstr(f->file, "/tests/unit/fixtures/symfood_inline.c"));
}

START_TEST(three_copies_deep_with_the_line_of_each_call)
{
	if (!symfood_has(builds[_i].compiler))
		return;
	const char *path = build_inline(_i);
	struct rp_symbolizer *s;
	struct rp_frames at = symfood_resolve(&s, path, symfood_symbol(path, "mark_innermost"));

	ck_assert_uint_eq(at.n, 4);
	check_frame(&at.frame[0], "innermost", 103, 100, true);
	check_frame(&at.frame[1], "middle", 203, 200, true);
	check_frame(&at.frame[2], "outer", 302, 300, true);
	check_frame(&at.frame[3], "hidden", 403, 400, false);
	rp_sym_free(s);
}
END_TEST

START_TEST(after_a_copy_its_caller_goes_on)
{
	if (!symfood_has(builds[_i].compiler))
		return;
	const char *path = build_inline(_i);
	struct rp_symbolizer *s;
	struct rp_frames at = symfood_resolve(&s, path, symfood_symbol(path, "mark_outer"));

	ck_assert_uint_eq(at.n, 2);
	check_frame(&at.frame[0], "outer", 303, 300, true);
	check_frame(&at.frame[1], "hidden", 403, 400, false);
	rp_sym_free(s);
}
END_TEST

START_TEST(a_copy_from_another_unit_is_named)
{
	struct rp_symbolizer *s;

	symfood_run("gcc -O2 -g -flto -o lto \"$ROOT/tests/unit/fixtures/symfood_lto_a.c\" "
	            "\"$ROOT/tests/unit/fixtures/symfood_lto_b.c\"");
	const char *path = symfood_path("lto");
	struct rp_frames at = symfood_resolve(&s, path, symfood_symbol(path, "mark_lto"));

	ck_assert_uint_eq(at.n, 3);
	ck_assert_str_eq(at.frame[0].function, "within");
	ck_assert_uint_eq(at.frame[0].line, 202);
	ck_assert_str_eq(at.frame[1].function, "from_other_unit");
	ck_assert_uint_eq(at.frame[1].line, 302);
	ck_assert_uint_eq(at.frame[1].func_line, 300);
	ck_assert_ptr_nonnull(strstr(at.frame[1].file, "symfood_lto_b.c"));
	ck_assert_str_eq(at.frame[2].function, "main");
	ck_assert_uint_eq(at.frame[2].line, 100);
	ck_assert_ptr_nonnull(strstr(at.frame[2].file, "symfood_lto_a.c"));
	rp_sym_free(s);
}
END_TEST

START_TEST(a_unit_without_ranges_is_found_by_its_functions)
{
	struct rp_symbolizer *s;

	symfood_run("gcc -o hand \"$ROOT/tests/unit/fixtures/symfood_rangeless.s\"");
	const char *path = symfood_path("hand");
	struct rp_frames at = symfood_resolve(&s, path, symfood_symbol(path, "main") + 1);

	ck_assert_uint_eq(at.n, 1);
	ck_assert_str_eq(at.frame[0].function, "main_by_hand");
	ck_assert_uint_eq(at.frame[0].func_line, 77);
	ck_assert_uint_eq(at.frame[0].line, 0);
	rp_sym_free(s);
}
END_TEST

START_TEST(any_order_and_duplicates_give_the_same_answers)
{
	const char *path = build_inline(0);
	uint64_t addr[] = {
	        symfood_symbol(path, "mark_main"),      symfood_symbol(path, "mark_innermost"),
	        symfood_symbol(path, "mark_main"),      0x1,
	        symfood_symbol(path, "mark_innermost"),
	};
	struct rp_sym_module module = {.path = path};
	struct rp_symbolizer *s = rp_sym_make();
	int m = rp_sym_add(s, &module);
	struct rp_frames out[5], again[5];

	rp_sym_resolve(s, m, addr, 5, out);
	rp_sym_resolve(s, m, addr, 5, again);
	check_frame(&out[0].frame[0], "main", 503, 500, false);
	ck_assert_uint_eq(out[1].n, 4);
	ck_assert_ptr_eq(out[0].frame, out[2].frame);
	ck_assert_ptr_eq(out[1].frame, out[4].frame);
	ck_assert_str_eq(out[3].frame[0].function, "inline+0x1");
	ck_assert(!out[3].frame[0].named);
	for (int i = 0; i < 5; i++) {
		ck_assert_uint_eq(out[i].n, again[i].n);
		ck_assert_str_eq(out[i].frame[0].function, again[i].frame[0].function);
		ck_assert_uint_eq(out[i].frame[0].line, again[i].frame[0].line);
	}
	rp_sym_resolve(s, m, addr, 0, out);
	rp_sym_free(s);
}
END_TEST

START_TEST(a_stub_is_named_after_what_it_calls)
{
	/* .plt.sec, and .plt alone, lazy and at once. */
	static const char *const flags[] = {"-fcf-protection=full -Wl,-z,lazy",
	                                    "-fcf-protection=none -Wl,-z,lazy",
	                                    "-fcf-protection=full -Wl,-z,now"};

	symfood_run("gcc -O2 -g %s -o plt \"$ROOT/tests/unit/fixtures/symfood_inline.c\" && "
	            "objdump -d plt | sed -n 's/^\\([0-9a-f]*\\) <puts@plt>:/\\1/p' >plt.addr",
	            flags[_i]);
	FILE *list = fopen(symfood_path("plt.addr"), "r");
	unsigned long addr;
	struct rp_symbolizer *s;

	ck_assert_ptr_nonnull(list);
	ck_assert_int_eq(fscanf(list, "%lx", &addr), 1);
	fclose(list);
	for (unsigned i = 0; i < 8; i++) {
		struct rp_frames at = symfood_resolve(&s, symfood_path("plt"), addr + i);

		ck_assert_str_eq(at.frame[0].function, "puts@plt");
		ck_assert(at.frame[0].named);
		rp_sym_free(s);
	}
}
END_TEST

static const struct {
	const char *mark, *name;
} cplus[] = {
        {"mark_template", "shop::basket<int>::total()"},
        {"mark_anonymous", "shop::(anonymous namespace)::secret(int)"},
        {"mark_lambda", "shop::checkout(int)::{lambda(int)#1}::operator()(int) const"}, /* gcc */
        {"mark_lambda", "shop::checkout(int)::$_0::operator()(int) const"},             /* clang */
        {"mark_local", "shop::checkout(int)::local::run()"},
};

static const char *const cplus_builds[] = {"g++ -O2 -g", "g++ -O2 -gdwarf-4", "g++ -O0 -g",
                                           "clang++ -O2 -g", "clang++ -O0 -g"};

static bool has_compiler(const char *command)
{
	return symfood_has(command[0] == 'g' ? "g++" : "clang++");
}

/* The two compilers mangle a lambda differently. */
static bool is_others_name(int build, const char *name)
{
	return strstr(name, cplus_builds[build][0] == 'g' ? "$_0" : "{lambda") != NULL;
}

START_TEST(names_of_cplus_are_whole)
{
	if (!has_compiler(cplus_builds[_i]))
		return;
	symfood_run("%s -o cplus \"$ROOT/tests/unit/fixtures/symfood_cplus.cc\"", cplus_builds[_i]);
	const char *path = symfood_path("cplus");

	for (size_t i = 0; i < sizeof(cplus) / sizeof(*cplus); i++) {
		struct rp_symbolizer *s;

		if (is_others_name(_i, cplus[i].name))
			continue;
		struct rp_frames at =
		        symfood_resolve(&s, path, symfood_symbol(path, cplus[i].mark));

		ck_assert_uint_eq(at.n, 1);
		ck_assert_str_eq(at.frame[0].function, cplus[i].name);
		ck_assert_uint_ne(at.frame[0].line, 0);
		rp_sym_free(s);
	}
}
END_TEST

START_TEST(a_copied_lambda_tells_whose_it_is)
{
	if (!has_compiler(cplus_builds[_i]))
		return;
	symfood_run("%s -o cplus \"$ROOT/tests/unit/fixtures/symfood_cplus.cc\"", cplus_builds[_i]);
	const char *path = symfood_path("cplus");
	struct rp_symbolizer *s;
	struct rp_frames at = symfood_resolve(&s, path, symfood_symbol(path, "mark_copied_lambda"));

	ck_assert_uint_eq(at.n, 2);
	ck_assert_msg(strncmp(at.frame[0].function, "shop::checkout(int)::", 21) == 0 &&
	                      strstr(at.frame[0].function, "operator()"),
	              "%s", at.frame[0].function);
	ck_assert_uint_eq(at.frame[0].line, 40);
	ck_assert_str_eq(at.frame[1].function, "shop::checkout(int)");
	ck_assert_uint_eq(at.frame[1].line, 51);
	rp_sym_free(s);
}
END_TEST

START_TEST(the_vdso_has_names_without_a_file)
{
	const unsigned char *image = (const unsigned char *)getauxval(AT_SYSINFO_EHDR);

	if (!image) {
		printf("SKIP no vdso here\n");
		return;
	}
	struct rp_sym_module module = {.path = "[vdso]", .image = image, .n_image = 4096};
	struct rp_symbolizer *s = rp_sym_make();
	uint64_t shoff, addr = 0;
	uint16_t shnum;
	struct rp_frames at;

	memcpy(&shoff, image + 40, sizeof(shoff));
	memcpy(&shnum, image + 60, sizeof(shnum));
	module.n_image = shoff + (size_t)shnum * 64;
	int m = rp_sym_add(s, &module);

	/* Where its clock_gettime is, nobody says but its own table: look for it. */
	for (bool found = false; !found; addr++) {
		ck_assert_uint_lt(addr, module.n_image);
		rp_sym_resolve(s, m, &addr, 1, &at);
		found = strstr(at.frame[0].function, "vdso_clock_gettime") ||
		        strcmp(at.frame[0].function, "clock_gettime") == 0;
	}
	ck_assert_int_eq(rp_sym_state(s, m, NULL), RP_SYM_DYNSYM);
	rp_sym_free(s);
}
END_TEST

static const struct {
	const char *mangled, *plain;
} names[] = {
        {"_ZN3foo3barEi", "foo::bar(int)"},
        {"_ZN4core3fmt5Write9write_fmt17h0123456789abcdefE", "core::fmt::Write::write_fmt"},
        {"_RNvCs1234_7mycrate3foo", "mycrate::foo"},
        {"d", "d"}, /* not "double" */
        {"main", "main"},
        {"_Zebra", "_Zebra"},
        {"", ""},
};

START_TEST(a_name_is_demangled_or_itself)
{
	struct rp_symbolizer *s = rp_sym_make();

	ck_assert_str_eq(rp_sym_demangle(s, names[_i].mangled), names[_i].plain);
	ck_assert_str_eq(rp_sym_demangle(s, names[_i].mangled), names[_i].plain);
	rp_sym_free(s);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize");
	TCase *tc = tcase_create("names and lines");
	int n_cplus = sizeof(cplus_builds) / sizeof(*cplus_builds);

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, three_copies_deep_with_the_line_of_each_call, 0, N_BUILDS);
	tcase_add_loop_test(tc, after_a_copy_its_caller_goes_on, 0, N_BUILDS);
	tcase_add_test(tc, a_copy_from_another_unit_is_named);
	tcase_add_test(tc, a_unit_without_ranges_is_found_by_its_functions);
	tcase_add_test(tc, any_order_and_duplicates_give_the_same_answers);
	tcase_add_loop_test(tc, a_stub_is_named_after_what_it_calls, 0, 3);
	tcase_add_loop_test(tc, names_of_cplus_are_whole, 0, n_cplus);
	tcase_add_loop_test(tc, a_copied_lambda_tells_whose_it_is, 0, n_cplus);
	tcase_add_test(tc, the_vdso_has_names_without_a_file);
	tcase_add_loop_test(tc, a_name_is_demangled_or_itself, 0, sizeof(names) / sizeof(*names));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
