/* test_standing.c - a module is known again by what cannot be another's, whoever unloaded it.
 *
 * Room: tests.  The loader's answers are ours, but for those about a library that comes and goes.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/standing.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/mman.h>
#include "preload/cold/modules.h"
#include "tests/support/suite.h"

enum { PAGE = 4096, ID_AT = 64, N_ID = 20, INSIDE = 100 };
#define LIBRARY "libBrokenLocale.so.1"

static uint8_t *page; /* the first of a module */
static struct dl_find_object answer;
static bool is_known;
static uint8_t id[N_ID];

static int ask(void *address, struct dl_find_object *result)
{
	(void)address;
	*result = answer;
	return is_known ? 0 : -1;
}

static void ready(void)
{
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(page != MAP_FAILED);
	memset(id, 7, sizeof(id));
	memcpy(page + ID_AT, id, sizeof(id));
	answer = (struct dl_find_object){.dlfo_map_start = page,
	                                 .dlfo_link_map = (void *)0x1000,
	                                 .dlfo_eh_frame = (void *)0x2000};
	is_known = true;
	rp_standing_ask = ask;
}

static uint64_t address(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static struct rp_module_rows module_here(void)
{
	struct rp_module_rows m = {.lo = address(page), .hi = address(page) + PAGE};

	m.identity = rp_standing_identity(m.lo, m.lo + ID_AT, id, N_ID);
	ck_assert_uint_eq(m.identity.n, N_ID);
	return m;
}

static struct rp_tables now(void)
{
	return (struct rp_tables){.unloads = atomic_load(&rp_tables_unloads)};
}

static bool stands(const struct rp_module_rows *m)
{
	struct rp_tables tables = now();

	return rp_standing(&tables, m, m->lo + INSIDE);
}

START_TEST(the_same_one_stands_also_after_others_went)
{
	struct rp_module_rows m = module_here();
	struct rp_tables tables = now();

	ck_assert(stands(&m));
	rp_tables_unloading();
	ck_assert(rp_standing(&tables, &m, m.lo + INSIDE)); /* read through the kernel */
	rp_tables_unloaded();
	ck_assert(rp_standing(&tables, &m, m.lo + INSIDE));
}
END_TEST

static void gone(void)
{
	is_known = false;
}

static void elsewhere(void)
{
	answer.dlfo_map_start = page + PAGE;
}

static void another_object(void)
{
	answer.dlfo_link_map = (void *)0x1008;
}

static void other_rules(void)
{
	answer.dlfo_eh_frame = (void *)0x2008;
}

static void another_build(void)
{
	page[ID_AT + N_ID - 1]++;
}

static void another_build_meanwhile(void)
{
	another_build();
	rp_tables_unloading();
}

static void vanishes(void)
{
	rp_tables_unloading();
	ck_assert_int_eq(munmap(page, PAGE), 0);
}

static void (*const changes[])(void) = {
        gone,     elsewhere, another_object, other_rules, another_build, another_build_meanwhile,
        vanishes,
};

START_TEST(what_is_not_the_same_does_not_stand)
{
	struct rp_module_rows m = module_here();

	ck_assert(stands(&m));
	changes[_i]();
	ck_assert(!stands(&m));
	m.fixed = true; /* unless it cannot go */
	ck_assert(stands(&m));
}
END_TEST

START_TEST(without_an_identity_nothing_may_have_been_unloaded)
{
	struct rp_module_rows m = module_here();
	struct rp_tables tables = now();

	m.identity.n = 0;
	ck_assert(rp_standing(&tables, &m, m.lo + INSIDE));
	rp_tables_unloading();
	ck_assert(!rp_standing(&tables, &m, m.lo + INSIDE));
	rp_tables_unloaded();
	ck_assert(!rp_standing(&tables, &m, m.lo + INSIDE));
	tables = now();
	ck_assert(rp_standing(&tables, &m, m.lo + INSIDE));
}
END_TEST

START_TEST(what_the_first_page_does_not_tell_is_no_identity)
{
	uint64_t lo = address(page);

	ck_assert_uint_eq(rp_standing_identity(lo, lo + PAGE - N_ID, id, N_ID).n, N_ID);
	ck_assert_uint_eq(rp_standing_identity(lo, lo + PAGE - N_ID + 1, id, N_ID).n, 0);
	ck_assert_uint_eq(rp_standing_identity(lo, lo - 1, id, N_ID).n, 0);
	ck_assert_uint_eq(rp_standing_identity(lo + PAGE, lo + PAGE, id, N_ID).n, 0);
	ck_assert_uint_eq(rp_standing_identity(lo, lo, id, 65).n, 0);
	is_known = false;
	ck_assert_uint_eq(rp_standing_identity(lo, lo + ID_AT, id, N_ID).n, 0);
	rp_standing_ask = NULL; /* an older glibc */
	ck_assert_uint_eq(rp_standing_identity(lo, lo + ID_AT, id, N_ID).n, 0);
}
END_TEST

START_TEST(a_library_stands_until_it_is_closed_and_comes_back_as_itself)
{
	const struct rp_tables *tables;
	const struct rp_module_rows *m;
	void *library;

	rp_standing_ask = NULL; /* as found by the first refresh */
	library = dlopen(LIBRARY, RTLD_NOW);
	ck_assert_ptr_nonnull(library);
	ck_assert(rp_modules_refresh());
	uint64_t inside = address(dlsym(library, "__ctype_get_mb_cur_max"));

	tables = rp_tables_take();
	m = rp_tables_module(tables, inside);
	ck_assert_ptr_nonnull(m);
	ck_assert(!m->fixed);
	ck_assert_uint_gt(m->identity.n, 0);
	ck_assert(rp_standing(tables, m, inside));
	ck_assert_int_eq(dlclose(library), 0); /* past every hook */
	ck_assert(!rp_standing(tables, m, inside));
	void *others[9]; /* what the loader took for it is somebody else's now */

	for (unsigned i = 0; i < 9; i++)
		ck_assert_ptr_nonnull(others[i] = malloc(1200));
	library = dlopen(LIBRARY, RTLD_NOW);
	ck_assert_ptr_nonnull(library);
	bool is_back = address(dlsym(library, "__ctype_get_mb_cur_max")) == inside;

	ck_assert(!rp_standing(tables, m, inside) || is_back);
	rp_tables_give();
	ck_assert(rp_modules_refresh());
	tables = rp_tables_take();
	inside = address(dlsym(library, "__ctype_get_mb_cur_max"));
	ck_assert(rp_standing(tables, rp_tables_module(tables, inside), inside));
	rp_tables_give();
	for (unsigned i = 0; i < 9; i++)
		free(others[i]);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("standing");
	TCase *tc = tcase_create("standing");

	tcase_add_checked_fixture(tc, ready, NULL);
	tcase_add_test(tc, the_same_one_stands_also_after_others_went);
	tcase_add_loop_test(tc, what_is_not_the_same_does_not_stand, 0,
	                    sizeof(changes) / sizeof(*changes));
	tcase_add_test(tc, without_an_identity_nothing_may_have_been_unloaded);
	tcase_add_test(tc, what_the_first_page_does_not_tell_is_no_identity);
	tcase_add_test(tc, a_library_stands_until_it_is_closed_and_comes_back_as_itself);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
