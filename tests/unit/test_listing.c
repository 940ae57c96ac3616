/* test_listing.c - sessions of a folder as rows, read by several threads, and their routes.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/listing.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/folder.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"
#include "tools/routes.h"

enum { N_MANY = 700 }; /* more than are read at once */

static char dir[64];
static int dirfd_of_dir;
static struct rp_catalog all;
static struct rp_listing rows;

static void make_session(unsigned number, const char *target, uint32_t status)
{
	struct session_shape shape = session_shape();
	char path[192];

	shape.target = target;
	shape.status = status;
	shape.samples = 10 + number % 7;
	snprintf(path, sizeof(path), "%s/20201122T174132.%03uZ-4711-%06u-GET-_x.reqprof", dir,
	         number, number);
	ck_assert(session_file(path, &shape));
}

static void make_folder(void)
{
	dirfd_of_dir = folder_make(dir, sizeof(dir), "listing");
}

static void drop_folder(void)
{
	rp_listing_free(&rows);
	rp_catalog_close(&all);
	folder_remove(dirfd_of_dir, dir);
}

static void list(const struct rp_filter *f, size_t most)
{
	const char *dirs[] = {dir};

	ck_assert(rp_catalog_open(&all, dirs, 1, NULL));
	rp_listing_make(&rows, &all, f, most);
}

START_TEST(all_are_there_once_and_newest_first)
{
	static const struct rp_filter none;

	for (unsigned i = 0; i < N_MANY; i++)
		make_session(i, "/", 200);
	list(&none, 0);
	ck_assert_uint_eq(rows.n, N_MANY);
	for (size_t i = 0; i < rows.n; i++) {
		char id[32];

		snprintf(id, sizeof(id), "4711-%06zu", N_MANY - 1 - i);
		ck_assert_str_eq(rows.rows[i].entry->id, id);
	}
}
END_TEST

/* The newest few are few, also when those in between do not pass. */
static const size_t mosts[] = {1, 2, 3, 5, 100};

START_TEST(the_newest_few_that_pass)
{
	struct rp_filter f = {.status = 500};
	size_t wanted = mosts[_i] < 3 ? mosts[_i] : 3;

	for (unsigned i = 0; i < 400; i++)
		make_session(i, "/", i == 5 || i == 90 || i == 399 ? 500 : 200);
	list(&f, mosts[_i]);
	ck_assert_uint_eq(rows.n, wanted);
	ck_assert_str_eq(rows.rows[0].entry->id, "4711-000399");
	if (wanted > 2)
		ck_assert_str_eq(rows.rows[2].entry->id, "4711-000005");
}
END_TEST

START_TEST(a_file_that_is_no_session_is_complained_of_once)
{
	static const struct rp_filter none;
	static const char name[] = "20201122T174132.001Z-4711-000001-GET-_x.reqprof";

	make_session(0, "/", 200);
	folder_add(dirfd_of_dir, name, 100, 1);
	list(&none, 0);
	ck_assert_uint_eq(rows.n, 1);
	ck_assert_uint_eq(rows.n_complaints, 1);
	ck_assert_msg(strstr(rows.complaints[0], name), "%s", rows.complaints[0]);
}
END_TEST

START_TEST(rows_sort_by_what_is_asked_for)
{
	static const struct rp_filter none;

	for (unsigned i = 0; i < 20; i++)
		make_session(i, "/", 200);
	list(&none, 0);
	ck_assert(rp_listing_sort(&rows, "cpu"));
	for (size_t i = 1; i < rows.n; i++)
		ck_assert_uint_ge(rows.rows[i - 1].cpu_ns, rows.rows[i].cpu_ns);
	ck_assert(rp_listing_sort(&rows, "duration"));
	for (size_t i = 1; i < rows.n; i++)
		ck_assert_uint_ge(rows.rows[i - 1].duration_ns, rows.rows[i].duration_ns);
	ck_assert(!rp_listing_sort(&rows, "color"));
}
END_TEST

static const char *const names[][2] = {
        {"/", "GET /"},
        {"/users/42?page=2", "GET /users/*"},
        {"/users/42/orders/7", "GET /users/*/orders/*"},
        {"/users/42a", "GET /users/42a"},
        {"/v2/x", "GET /v2/x"},
        {"/f/123e4567-e89b-12d3-a456-426614174000/", "GET /f/*/"},
        {"/f/123e4567-e89b-12d3-a456-42661417400g", "GET /f/123e4567-e89b-12d3-a456-42661417400g"},
        {"//", "GET //"},
        {"", "GET "},
        {"?/1", "GET "},
        {"*", "GET *"},
};

START_TEST(numbers_in_a_path_are_one_route)
{
	struct rp_heap heap = {0};

	ck_assert_str_eq(rp_routes_name(&heap, "GET", names[_i][0]), names[_i][1]);
	rp_heap_free(&heap);
}
END_TEST

START_TEST(routes_add_up_their_requests)
{
	struct rp_entry entries[] = {{.id = "a", .wall_ns = 3},
	                             {.id = "b", .wall_ns = 2},
	                             {.id = "c", .wall_ns = 5},
	                             {.id = "d", .wall_ns = 4}};
	char get[] = "GET", one[] = "/a/1", two[] = "/a/2?x", other[] = "/b";
	struct rp_summary s[] = {
	        {.entry = &entries[0], .method = get, .target = one, .duration_ns = 10},
	        {.entry = &entries[1], .method = get, .target = two, .duration_ns = 30},
	        {.entry = &entries[2], .method = get, .target = other, .duration_ns = 25},
	        {.entry = &entries[3], .method = get, .target = one, .duration_ns = 20}};
	struct rp_listing l = {.rows = s, .n = 4};
	struct rp_routes r;

	rp_routes_make(&r, &l);
	ck_assert_uint_eq(r.n, 2);
	ck_assert_str_eq(r.routes[0].name, "GET /a/*");
	ck_assert_uint_eq(r.routes[0].n, 3);
	ck_assert_double_eq(r.routes[0].duration_ns.median, 20);
	ck_assert_double_eq(r.routes[0].total_ns, 60);
	ck_assert_str_eq(r.routes[0].slowest->entry->id, "b");
	ck_assert_str_eq(r.routes[0].latest->entry->id, "d");
	ck_assert(rp_routes_sort(&r, "median"));
	ck_assert_str_eq(r.routes[0].name, "GET /b");
	ck_assert(rp_routes_sort(&r, "count"));
	ck_assert_str_eq(r.routes[0].name, "GET /a/*");
	ck_assert(rp_routes_sort(&r, "time"));
	ck_assert_str_eq(r.routes[0].name, "GET /b");
	ck_assert(!rp_routes_sort(&r, "name"));
	rp_routes_free(&r);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("listing");
	TCase *tc = tcase_create("folder"), *pure = tcase_create("routes");

	tcase_add_checked_fixture(tc, make_folder, drop_folder);
	tcase_add_test(tc, all_are_there_once_and_newest_first);
	tcase_add_loop_test(tc, the_newest_few_that_pass, 0, sizeof(mosts) / sizeof(mosts[0]));
	tcase_add_test(tc, a_file_that_is_no_session_is_complained_of_once);
	tcase_add_test(tc, rows_sort_by_what_is_asked_for);
	suite_add_tcase(suite, tc);
	tcase_add_loop_test(pure, numbers_in_a_path_are_one_route, 0,
	                    sizeof(names) / sizeof(names[0]));
	tcase_add_test(pure, routes_add_up_their_requests);
	suite_add_tcase(suite, pure);
	return suite_run(suite);
}
