/* test_symbolize_files.c - where debug information is found, and what is said when it is not.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/symbolize.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tests/support/symfood.h"

/* food: the whole; stripped: nothing but .dynsym; food.debug: what was stripped. */
static void build(const char *link_flags)
{
	unsetenv("DEBUGINFOD_URLS");
	/* With CK_FORK=no all tests share the directory. */
	symfood_run("rm -rf .debug root web cache fifo && "
	            "gcc -O2 -g %s -o food \"$ROOT/tests/unit/fixtures/symfood_inline.c\" && "
	            "objcopy --only-keep-debug food food.debug && cp food stripped && "
	            "strip --strip-all stripped",
	            link_flags);
}

struct ask {
	const char *path;
	const uint8_t *id;
	size_t n_id;
	const char *debug_dir;
};

struct answer {
	enum rp_sym_state state;
	char source[256];
	char function[128];
	uint32_t n, line;
	bool named;
};

static struct answer ask(const struct ask *a)
{
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = a->path, .build_id = a->id, .n_build_id = a->n_id};
	uint64_t addr = symfood_symbol(symfood_path("food"), "mark_innermost");
	struct rp_frames at;
	const char *source;
	struct answer answer;

	if (a->debug_dir)
		rp_sym_debug_dir(s, a->debug_dir);
	int m = rp_sym_add(s, &module);

	rp_sym_resolve(s, m, &addr, 1, &at);
	answer.state = rp_sym_state(s, m, &source);
	snprintf(answer.source, sizeof(answer.source), "%s", source);
	snprintf(answer.function, sizeof(answer.function), "%s", at.frame[0].function);
	answer.n = at.n;
	answer.line = at.frame[0].line;
	answer.named = at.frame[0].named;
	rp_sym_free(s);
	return answer;
}

static void check_whole(const struct answer *got, const char *source)
{
	ck_assert_int_eq(got->state, RP_SYM_DEBUG);
	ck_assert_str_eq(got->source, source);
	ck_assert_str_eq(got->function, "innermost");
	ck_assert_uint_eq(got->n, 4);
	ck_assert_uint_eq(got->line, 103);
}

/* SYMBOL of the whole program tells which address the name is made of: the one asked for, or where
 * its function begins when the module is there to say so. */
static void check_nameless_at(const struct answer *got, enum rp_sym_state state, const char *module,
                              const char *symbol)
{
	char want[128];

	snprintf(want, sizeof(want), "%s+0x%llx", module,
	         (unsigned long long)symfood_symbol(symfood_path("food"), symbol));
	ck_assert_int_eq(got->state, state);
	ck_assert_str_eq(got->function, want);
	ck_assert(!got->named);
	ck_assert_uint_eq(got->n, 1);
}

static void check_nameless(const struct answer *got, enum rp_sym_state state, const char *module)
{
	check_nameless_at(got, state, module, "mark_innermost");
}

static struct answer ask_path(const char *path)
{
	return ask(&(struct ask){.path = path});
}

START_TEST(debug_information_in_the_file)
{
	build("");
	struct answer got = ask_path(symfood_path("food"));

	check_whole(&got, symfood_path("food"));
}
END_TEST

/* With a build-id that decides, without one the CRC does. */
static const char *const link_flags[] = {"-Wl,--build-id", "-Wl,--build-id=none"};

START_TEST(debuglink_beside_the_file)
{
	build(link_flags[_i]);
	symfood_run("objcopy --add-gnu-debuglink=food.debug stripped");
	struct answer got = ask_path(symfood_path("stripped"));

	check_whole(&got, symfood_path("food.debug"));
}
END_TEST

START_TEST(debuglink_in_dot_debug)
{
	build(link_flags[_i]);
	symfood_run("objcopy --add-gnu-debuglink=food.debug stripped && mkdir -p .debug && "
	            "mv food.debug .debug/");
	struct answer got = ask_path(symfood_path("stripped"));

	check_whole(&got, symfood_path(".debug/food.debug"));
}
END_TEST

START_TEST(debuglink_below_the_debug_directory)
{
	char path[512];

	build(link_flags[_i]);
	symfood_run("objcopy --add-gnu-debuglink=food.debug stripped && "
	            "mkdir -p \"root$PWD\" && mv food.debug \"root$PWD/\"");
	struct answer got = ask(
	        &(struct ask){.path = symfood_path("stripped"), .debug_dir = symfood_path("root")});

	snprintf(path, sizeof(path), "%s%s/food.debug", symfood_path("root"), symfood_dir());
	check_whole(&got, path);
}
END_TEST

START_TEST(a_debug_file_of_another_build_is_refused)
{
	build(link_flags[_i]);
	symfood_run("objcopy --add-gnu-debuglink=food.debug stripped && "
	            "gcc -O1 -g -Wl,--build-id=0x1234567890 -o food.debug "
	            "\"$ROOT/tests/unit/fixtures/symfood_inline.c\"");
	struct answer got = ask_path(symfood_path("stripped"));

	check_nameless_at(&got, RP_SYM_DYNSYM, "stripped", "hidden");
}
END_TEST

static void put_by_build_id(const uint8_t *id, size_t n)
{
	char name[160], *at = name + sprintf(name, "root/.build-id/%02x/", id[0]);

	for (size_t i = 1; i < n; i++)
		at += sprintf(at, "%02x", id[i]);
	symfood_run("mkdir -p root/.build-id/%02x && mv food.debug %s.debug", id[0], name);
}

START_TEST(by_build_id_even_when_the_file_is_gone)
{
	uint8_t id[64];

	build("-Wl,--build-id");
	size_t n = symfood_build_id(symfood_path("food"), id);
	struct ask a = {.path = symfood_path("stripped"), .debug_dir = symfood_path("root")};

	put_by_build_id(id, n);
	struct answer got = ask(&a);

	ck_assert_int_eq(got.state, RP_SYM_DEBUG);
	ck_assert_str_eq(got.function, "innermost");
	ck_assert_ptr_nonnull(strstr(got.source, "/root/.build-id/"));
	a = (struct ask){"/nowhere/server", id, n, symfood_path("root")};
	got = ask(&a);
	ck_assert_int_eq(got.state, RP_SYM_DEBUG);
	ck_assert_uint_eq(got.n, 4);
	a = (struct ask){"/bin/sh", id, n, symfood_path("root")}; /* replaced since */
	got = ask(&a);
	ck_assert_str_eq(got.function, "innermost");
}
END_TEST

static bool is_loaded(const char *library)
{
	char line[512];
	bool found = false;
	FILE *maps = fopen("/proc/self/maps", "r");

	ck_assert_ptr_nonnull(maps);
	while (!found && fgets(line, sizeof(line), maps))
		found = strstr(line, library) != NULL;
	fclose(maps);
	return found;
}

/* The "server" is a directory: no network in tests. */
START_TEST(debuginfod_only_when_the_user_named_a_server)
{
	uint8_t id[64];
	char url[256], hex[160], *at = hex;

	build("-Wl,--build-id");
	size_t n = symfood_build_id(symfood_path("food"), id);

	for (size_t i = 0; i < n; i++)
		at += sprintf(at, "%02x", id[i]);
	symfood_run("mkdir -p web/buildid/%s && mv food.debug web/buildid/%s/debuginfo", hex, hex);
	setenv("DEBUGINFOD_CACHE_PATH", symfood_path("cache"), 1);
	struct answer got = ask_path(symfood_path("stripped"));

	check_nameless_at(&got, RP_SYM_DYNSYM, "stripped", "hidden");
	ck_assert(!is_loaded("libdebuginfod"));
	snprintf(url, sizeof(url), "file://%s/web", symfood_dir());
	setenv("DEBUGINFOD_URLS", url, 1);
	got = ask_path(symfood_path("stripped"));
	if (!is_loaded("libdebuginfod")) {
		printf("SKIP no libdebuginfod here\n");
		return;
	}
	ck_assert_int_eq(got.state, RP_SYM_DEBUG);
	ck_assert_str_eq(got.function, "innermost");
	ck_assert_uint_eq(got.n, 4);
}
END_TEST

START_TEST(another_build_gives_no_names)
{
	const uint8_t other[20] = {1, 2, 3};

	build("-Wl,--build-id");
	struct answer got = ask(
	        &(struct ask){.path = symfood_path("food"), .id = other, .n_id = sizeof(other)});

	check_nameless(&got, RP_SYM_OTHER_BUILD, "food");
}
END_TEST

START_TEST(the_same_build_is_accepted)
{
	uint8_t id[64];

	build("-Wl,--build-id");
	size_t n = symfood_build_id(symfood_path("food"), id);
	struct answer got = ask(&(struct ask){.path = symfood_path("food"), .id = id, .n_id = n});

	check_whole(&got, symfood_path("food"));
}
END_TEST

START_TEST(symbol_tables_when_there_is_no_dwarf)
{
	build("-rdynamic");
	symfood_run("cp food plain && strip --strip-debug plain");
	struct answer got = ask_path(symfood_path("plain"));

	ck_assert_int_eq(got.state, RP_SYM_SYMTAB);
	ck_assert_str_eq(got.function, "hidden"); /* the copies are not told */
	ck_assert_uint_eq(got.n, 1);
	ck_assert_uint_eq(got.line, 0);

	struct rp_symbolizer *s;
	struct rp_frames at = symfood_resolve(&s, symfood_path("stripped"),
	                                      symfood_symbol(symfood_path("food"), "main") + 4);

	ck_assert_str_eq(at.frame[0].function, "main");
	rp_sym_free(s);
	got = ask_path(symfood_path("stripped"));
	/* Exported and without a size, the mark itself is a name, and nothing behind it is. */
	ck_assert_int_eq(got.state, RP_SYM_DYNSYM);
	ck_assert_str_eq(got.function, "mark_innermost");
	at = symfood_resolve(&s, symfood_path("stripped"),
	                     symfood_symbol(symfood_path("food"), "mark_outer") + 1);
	ck_assert(!at.frame[0].named);
	rp_sym_free(s);
}
END_TEST

START_TEST(what_is_not_there_or_not_elf_is_said)
{
	build("");
	symfood_run("printf 'not an ELF file' >garbage && : >empty && mkdir -p folder && "
	            "mkfifo fifo && head -c 100000 /dev/urandom >noise && "
	            "{ head -c 64 food; head -c 4096 noise; } >headed");
	struct answer got = ask_path(symfood_path("absent"));

	check_nameless(&got, RP_SYM_NO_FILE, "absent");
	static const char *const bad[] = {"garbage", "empty", "folder", "fifo", "noise"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		got = ask_path(symfood_path(bad[i]));
		check_nameless(&got, RP_SYM_BAD_FILE, bad[i]);
	}
	got = ask_path(symfood_path("headed"));
	ck_assert(!got.named);
}
END_TEST

/* Everything asked of a damaged file; only that it answers, and how much. */
static void poke(const char *path)
{
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = path};
	uint64_t addr[512];
	struct rp_frames out[512];
	int m = rp_sym_add(s, &module);

	for (size_t i = 0; i < 512; i++)
		addr[i] = 0x1000 + i;
	rp_sym_resolve(s, m, addr, 512, out);
	for (size_t i = 0; i < 512; i++) {
		ck_assert_uint_ge(out[i].n, 1);
		ck_assert_ptr_nonnull(out[i].frame[0].function);
	}
	rp_sym_free(s);
}

static void write_file(const char *path, const unsigned char *bytes, size_t n)
{
	FILE *f = fopen(path, "w");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

static size_t read_file(const char *path, unsigned char *bytes, size_t cap)
{
	FILE *f = fopen(path, "r");

	ck_assert_ptr_nonnull(f);
	size_t n = fread(bytes, 1, cap, f);

	fclose(f);
	ck_assert_uint_lt(n, cap);
	return n;
}

START_TEST(a_file_cut_anywhere_is_answered)
{
	static unsigned char bytes[1 << 20];

	build("");
	size_t n = read_file(symfood_path("food"), bytes, sizeof(bytes));

	for (size_t cut = 0; cut < n; cut += cut < 256 ? 8 : n / 97) {
		write_file(symfood_path("cut"), bytes, cut);
		poke(symfood_path("cut"));
	}
}
END_TEST

START_TEST(a_file_with_wrong_bytes_is_answered)
{
	static unsigned char bytes[1 << 20], damaged[1 << 20];
	unsigned state = 12345 + (unsigned)_i;

	build(_i & 1 ? "-gdwarf-4" : "-gdwarf-5");
	size_t n = read_file(symfood_path("food"), bytes, sizeof(bytes));

	for (int round = 0; round < 150; round++) {
		memcpy(damaged, bytes, n);
		for (int i = 0; i < 1 + round % 20; i++) {
			state = state * 1103515245u + 12345u;
			/* Behind the code: debug sections, tables and their headers. */
			damaged[n / 2 + (state >> 8) % (n - n / 2)] = (unsigned char)(state >> 3);
		}
		write_file(symfood_path("damaged"), damaged, n);
		poke(symfood_path("damaged"));
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize_files");
	TCase *tc = tcase_create("files");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, debug_information_in_the_file);
	tcase_add_loop_test(tc, debuglink_beside_the_file, 0, 2);
	tcase_add_loop_test(tc, debuglink_in_dot_debug, 0, 2);
	tcase_add_loop_test(tc, debuglink_below_the_debug_directory, 0, 2);
	tcase_add_loop_test(tc, a_debug_file_of_another_build_is_refused, 0, 2);
	tcase_add_test(tc, by_build_id_even_when_the_file_is_gone);
	tcase_add_test(tc, debuginfod_only_when_the_user_named_a_server);
	tcase_add_test(tc, another_build_gives_no_names);
	tcase_add_test(tc, the_same_build_is_accepted);
	tcase_add_test(tc, symbol_tables_when_there_is_no_dwarf);
	tcase_add_test(tc, what_is_not_there_or_not_elf_is_said);
	tcase_add_test(tc, a_file_cut_anywhere_is_answered);
	tcase_add_loop_test(tc, a_file_with_wrong_bytes_is_answered, 0, 4);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
