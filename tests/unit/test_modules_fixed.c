/* test_modules_fixed.c - what the process began with is told from what was opened later.
 *
 * Room: tests.  Lists are made by hand; then this process's own.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules_fixed.h"

#include <dlfcn.h>
#include <string.h>
#include "preload/cold/modules_list.h"
#include "store/records.h"
#include "tests/support/suite.h"

enum { MOST = 8, MOST_NEEDS = 3 };

/* A module of a list: how the loader calls it, its soname, what it needs; is it fixed? */
struct row {
	const char *name, *soname, *needs[MOST_NEEDS];
	bool fixed;
};

static const struct {
	const char *what;
	struct row row[MOST];
} cases[] = {
        {"a program alone", {{"", NULL, {NULL}, true}, {"/l/later.so", "later.so", {NULL}, false}}},
        {"by soname, and what stands before",
         {{"", NULL, {"libc.so.6"}, true},
          {"/l/preloaded.so", NULL, {"libc.so.6"}, true},
          {"/l/libc-2.so", "libc.so.6", {"ld.so.2"}, true},
          {"/l/ld.so", "ld.so.2", {NULL}, true},
          {"/l/later.so", "later.so", {"libc.so.6"}, false}}},
        {"by file name, and by path",
         {{"", NULL, {"liba.so", "/opt/libb.so"}, true},
          {"/l/liba.so", NULL, {NULL}, true},
          {"/opt/libb.so", NULL, {NULL}, true},
          {"/l/later.so", NULL, {"liba.so"}, false}}},
        {"the first of two of the same name",
         {{"", NULL, {"liba.so"}, true},
          {"/l/liba.so", "liba.so", {NULL}, true},
          {"/l/plugin.so", "plugin.so", {"liba.so"}, false},
          {"/other/liba.so", "liba.so", {NULL}, false}}},
        {"a preloaded library's own needs are left out",
         {{"", NULL, {"liba.so"}, true},
          {"/l/preloaded.so", NULL, {"libx.so"}, true},
          {"/l/liba.so", "liba.so", {NULL}, true},
          {"/l/libx.so", "libx.so", {NULL}, false}}},
        {"nobody knows which is the program",
         {{"/bin/prog", NULL, {"liba.so"}, false}, {"/l/liba.so", "liba.so", {NULL}, false}}},
        {"a circle of needs",
         {{"", NULL, {"liba.so"}, true},
          {"/l/liba.so", "liba.so", {"libb.so"}, true},
          {"/l/libb.so", "libb.so", {"liba.so", "libnowhere.so"}, true},
          {"/l/later.so", "later.so", {NULL}, false}}},
};

static struct rp_listed listed[MOST];
static struct rp_need needs[MOST][MOST_NEEDS];

static unsigned list_make(struct rp_list *list, const struct row *rows)
{
	unsigned n = 0;

	for (; n < MOST && rows[n].name; n++) {
		struct rp_listed *l = &listed[n];

		*l = (struct rp_listed){.name = rows[n].name, .needs = {.soname = rows[n].soname}};
		if (!*l->name)
			l->module.flags = RP_MODULE_MAIN;
		for (unsigned i = 0; i < MOST_NEEDS && rows[n].needs[i]; i++) {
			needs[n][i] = (struct rp_need){l->needs.first, rows[n].needs[i]};
			l->needs.first = &needs[n][i];
		}
		if (n)
			listed[n - 1].next = l;
	}
	*list = (struct rp_list){.first = listed, .last = &listed[n - 1]};
	return n;
}

START_TEST(what_the_program_needs_and_what_stands_before_is_fixed)
{
	struct rp_list list;
	unsigned n = list_make(&list, cases[_i].row);

	rp_fixed_mark(&list);
	for (unsigned i = 0; i < n; i++)
		ck_assert_msg(listed[i].fixed == cases[_i].row[i].fixed, "%s: %s", cases[_i].what,
		              listed[i].name);
}
END_TEST

START_TEST(the_vdso_is_always_fixed)
{
	struct rp_list list;

	list_make(&list, cases[5].row); /* the program is not known */
	listed[1].module.flags = RP_MODULE_VDSO;
	rp_fixed_mark(&list);
	ck_assert(!listed[0].fixed);
	ck_assert(listed[1].fixed);
}
END_TEST

static bool never_wanted(const struct rp_list *list, const struct rp_listed *l)
{
	(void)list;
	(void)l;
	return false;
}

START_TEST(this_process_is_told_apart)
{
	struct rp_list list = {.wanted = never_wanted, .first_time = true};
	unsigned n_fixed = 0, n_later = 0;

	ck_assert_ptr_nonnull(dlopen("libBrokenLocale.so.1", RTLD_NOW));
	ck_assert(rp_list_modules(&list));
	for (const struct rp_listed *l = list.first; l; l = l->next) {
		bool later = strstr(l->name, "libBrokenLocale") != NULL;

		ck_assert_msg(l->fixed == !later, "%s", l->name);
		n_fixed += l->fixed;
		n_later += later;
	}
	ck_assert_uint_ge(n_fixed, 4); /* this program, the vdso, libc, the loader */
	ck_assert_uint_eq(n_later, 1);
	rp_chunks_free(&list.pool);
}
END_TEST

/* A dynamic section in an object of 4 KiB, its strings behind. */
static _Alignas(16) struct {
	ElfW(Dyn) dynamic[8];
	char strings[64];
	uint8_t rest[4096];
} object;

static size_t readable_here(const struct dl_phdr_info *info, uint64_t addr)
{
	uint64_t lo = (uint64_t)(uintptr_t)&object, hi = lo + offsetof(typeof(object), rest);

	(void)info;
	return addr >= lo && addr < hi ? hi - addr : 0;
}

static struct rp_needs read_object(bool absolute)
{
	struct dl_phdr_info info = {.dlpi_addr = (uint64_t)(uintptr_t)&object};
	struct rp_needs read = {0};
	static struct rp_chunks pool;

	for (unsigned i = 0; absolute && i < 8; i++)
		if (object.dynamic[i].d_tag == DT_STRTAB)
			object.dynamic[i].d_un.d_val += info.dlpi_addr;
	rp_needs_read(&read, &info, info.dlpi_addr, readable_here, &pool);
	return read;
}

static void object_make(uint64_t n_strings)
{
	const ElfW(Dyn) dynamic[] = {
	        {DT_NEEDED, {1}},
	        {DT_SONAME, {9}},
	        {DT_STRTAB, {offsetof(typeof(object), strings)}},
	        {DT_NEEDED, {17}},
	        {DT_STRSZ, {n_strings}},
	        {DT_NULL, {0}},
	        {DT_NEEDED, {1}},
	};

	memset(&object, 0, sizeof(object));
	memcpy(object.dynamic, dynamic, sizeof(dynamic));
	memcpy(object.strings, "\0liba.so\0self.so\0libb.so", 25);
}

START_TEST(names_are_read_as_the_loader_left_them)
{
	object_make(25);
	struct rp_needs read = read_object(_i);

	ck_assert_str_eq(read.soname, "self.so");
	ck_assert_str_eq(read.first->name, "libb.so");
	ck_assert_str_eq(read.first->next->name, "liba.so");
	ck_assert_ptr_null(read.first->next->next);
}
END_TEST

START_TEST(names_that_are_not_all_there_are_left_out)
{
	object_make(24); /* the last one has no end */
	struct rp_needs read = read_object(false);

	ck_assert_str_eq(read.soname, "self.so");
	ck_assert_str_eq(read.first->name, "liba.so");
	ck_assert_ptr_null(read.first->next);
	object_make(65); /* more strings than there is memory */
	read = read_object(false);
	ck_assert_ptr_null(read.soname);
	ck_assert_ptr_null(read.first);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modules fixed");
	TCase *tc = tcase_create("modules fixed");

	tcase_add_loop_test(tc, what_the_program_needs_and_what_stands_before_is_fixed, 0,
	                    sizeof(cases) / sizeof(*cases));
	tcase_add_test(tc, the_vdso_is_always_fixed);
	tcase_add_test(tc, this_process_is_told_apart);
	tcase_add_loop_test(tc, names_are_read_as_the_loader_left_them, 0, 2);
	tcase_add_test(tc, names_that_are_not_all_there_are_left_out);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
