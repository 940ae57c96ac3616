/* test_page.c - what a page holds: all of a profile, once, as data and never as markup.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/page.h"

#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/support/handmade.h"
#include "tests/support/suite.h"

static const struct rp_page_how plain;
static char folder[] = "/tmp/reqprof-page-XXXXXX";

/* What FUNCTION writes; free() it. */
static char *written(bool (*function)(FILE *, const struct rp_profile *,
                                      const struct rp_page_how *),
                     const struct rp_profile *p, const struct rp_page_how *how)
{
	char *text = NULL;
	size_t n;
	FILE *out = open_memstream(&text, &n);

	ck_assert(function(out, p, how));
	fclose(out);
	return text;
}

static json_t *data_of(const struct rp_profile *p, const struct rp_page_how *how)
{
	char *text = written(rp_page_data, p, how);
	json_error_t error;

	ck_assert_ptr_null(strchr(text, '<'));
	json_t *data = json_loads(text, 0, &error);

	ck_assert_msg(data != NULL, "%s", error.text);
	free(text);
	return data;
}

static json_int_t number(const json_t *column, size_t i)
{
	return json_integer_value(json_array_get(column, i));
}

static json_t *column(const json_t *data, const char *table, const char *key)
{
	return json_object_get(json_object_get(data, table), key);
}

static json_t *lane(const json_t *data, size_t i)
{
	return json_array_get(json_object_get(data, "lanes"), i);
}

static json_int_t sum(const json_t *numbers)
{
	json_int_t all = 0;

	for (size_t i = 0; i < json_array_size(numbers); i++)
		all += number(numbers, i);
	return all;
}

/* "root;leaf" of the stack that ends in NODE. */
static const char *path_of(const json_t *data, json_int_t node, char *text)
{
	const json_t *up = column(data, "nodes", "up");
	json_int_t back = number(up, (size_t)node);

	*text = '\0';
	if (back) {
		path_of(data, node - back, text);
		strcat(text, ";");
	}
	json_int_t frame = number(column(data, "nodes", "frame"), (size_t)node);
	json_int_t function = number(column(data, "nodes", "function"), (size_t)frame);

	strcat(text, json_string_value(
	                     json_array_get(column(data, "functions", "name"), (size_t)function)));
	return text;
}

static struct rp_profile *shop(void)
{
	struct rp_profile *p = handmade_make();

	handmade_add(p, "main;handle;price", 3);
	handmade_add(p, "main;handle;[wait: sleep]", 20);
	handmade_add(p, "main;handle", 1);
	handmade_add_on(p, 1, "start;work;price", 5);
	p->sessions[0].n_points = p->n_points;
	return p;
}

START_TEST(every_point_is_there_once_with_its_stack)
{
	struct rp_profile *p = shop();
	json_t *data = data_of(p, &plain);
	char text[256];

	ck_assert_uint_eq(json_array_size(json_object_get(data, "lanes")), 2);
	ck_assert_str_eq(json_string_value(json_object_get(lane(data, 0), "kinds")), "twt");
	json_t *nodes = json_object_get(lane(data, 0), "node");

	ck_assert_str_eq(path_of(data, number(nodes, 0), text), "main;handle;price");
	ck_assert_str_eq(path_of(data, number(nodes, 1), text), "main;handle;[wait: sleep]");
	ck_assert_str_eq(path_of(data, number(nodes, 2), text), "main;handle");
	/* wall is told less the interval, of a millisecond here */
	ck_assert_int_eq(sum(json_object_get(lane(data, 0), "wall")), (24 - 3) * 1000000);
	ck_assert_int_eq(sum(json_object_get(lane(data, 0), "cpu")), 4 * 1000000);
	ck_assert_int_eq(sum(json_object_get(lane(data, 1), "wall")), (5 - 1) * 1000000);
	json_decref(data);
	handmade_free(p);
}
END_TEST

START_TEST(handoffs_are_told_since_the_first_byte)
{
	struct rp_profile *p = shop();
	struct rp_passage h[] = {
	        {0, 1, 77, "queue", p->sessions[0].first_ns + 5000, p->sessions[0].first_ns + 9000},
	        {0, 0, 78, "pipe", p->sessions[0].first_ns - 40, p->sessions[0].first_ns + 1}};
	const json_int_t wanted[][6] = {{0, 1, 77, 0, 5000, 9000}, {0, 0, 78, 0, -40, 1}};

	p->passages = h;
	p->n_passages = 2;
	json_t *data = data_of(p, &plain), *told = json_object_get(data, "handoffs");

	ck_assert_uint_eq(json_array_size(told), 2);
	for (size_t i = 0; i < 2; i++) {
		json_t *one = json_array_get(told, i);
		size_t text = (size_t)number(one, 3);

		for (size_t k = 0; k < 6; k++)
			if (k != 3)
				ck_assert_int_eq(number(one, k), wanted[i][k]);
		ck_assert_str_eq(json_string_value(
		                         json_array_get(json_object_get(data, "texts"), text)),
		                 h[i].by);
	}
	json_decref(data);
	p->passages = NULL;
	p->n_passages = 0;
	handmade_free(p);
}
END_TEST

START_TEST(callers_stand_before_callees_and_no_node_twice)
{
	struct rp_profile *p = shop();
	json_t *data = data_of(p, &plain), *up = column(data, "nodes", "up");

	ck_assert_uint_eq(json_array_size(up), 7);
	for (size_t i = 0; i < json_array_size(up); i++)
		ck_assert(number(up, i) >= 0 && number(up, i) <= (json_int_t)i);
	json_decref(data);
	handmade_free(p);
}
END_TEST

/* Four spots of main and f; the two of f are at different addresses and LINE apart. */
static size_t n_nodes_with(uint32_t line)
{
	struct rp_profile *p = handmade_make();
	struct rp_spot spots[] = {{.function = 0, .line = 5, .vaddr = 16},
	                          {.caller = 1, .function = 1, .line = 7, .vaddr = 32},
	                          {.caller = 1, .function = 1, .line = 7 + line, .vaddr = 48}};

	handmade_add(p, "main;f", 1);
	handmade_add(p, "main;f", 1);
	p->spots = spots;
	p->n_spots = 3;
	p->points[0].spot = 2;
	p->points[1].spot = 3;
	p->sessions[0].n_points = 2;
	json_t *data = data_of(p, &plain);
	size_t n = json_array_size(column(data, "nodes", "up"));

	json_decref(data);
	handmade_free(p);
	return n;
}

START_TEST(addresses_of_one_line_are_one_node)
{
	ck_assert_uint_eq(n_nodes_with(0), 2);
	ck_assert_uint_eq(n_nodes_with(1), 3);
}
END_TEST

START_TEST(a_function_of_two_builds_is_one_in_a_diff)
{
	const struct rp_page_how diff = {.n_before = 1};
	struct rp_profile *p = handmade_make();
	struct rp_function own[] = {
	        {.name = "f", .file = "/a/x.c", .line = 10, .module = "/srv/1"},
	        {.name = "f", .file = "/b/x.c", .line = 12, .module = "/srv/2"}};
	struct rp_spot spots[] = {{.function = 0, .line = 11}, {.function = 1, .line = 13}};
	struct rp_function *made;

	handmade_add(p, "f", 1);
	handmade_next(p, 4712, 1);
	handmade_add(p, "g", 1);
	made = p->functions;
	p->functions = own;
	p->spots = spots;
	p->n_spots = 2;
	for (uint32_t i = 0; i < 2; i++)
		p->points[i].spot = i + 1;
	json_t *data = data_of(p, &plain);

	ck_assert_uint_eq(json_array_size(column(data, "nodes", "up")), 2);
	json_decref(data);
	data = data_of(p, &diff);
	json_t *functions = column(data, "nodes", "function"),
	       *lines = column(data, "nodes", "line");

	ck_assert_uint_eq(json_array_size(functions), 2);
	ck_assert_int_eq(number(functions, 0), 1); /* the later one stands for both */
	ck_assert_int_eq(number(functions, 1), 1);
	ck_assert_int_eq(number(lines, 0), 0); /* of a file that is not there any more */
	ck_assert_int_eq(number(lines, 1), 13);
	json_decref(data);
	p->functions = made;
	handmade_free(p);
}
END_TEST

START_TEST(too_many_points_are_summed_and_say_so)
{
	enum { N = 100001 };
	struct rp_profile *p = shop();
	struct rp_point *all = calloc(N, sizeof(*all)), *few = p->points;
	json_int_t wall_ns = 0;

	for (size_t i = 0; i < N; i++) {
		all[i] = few[i % 3];
		all[i].at_ns = i;
		wall_ns += (json_int_t)all[i].wall_ns;
	}
	p->points = all;
	p->n_points = p->sessions[0].n_points = N;
	json_t *data = data_of(p, &plain);

	ck_assert(json_is_true(json_object_get(data, "summed")));
	ck_assert_uint_eq(json_array_size(json_object_get(lane(data, 0), "node")), 3);
	ck_assert_int_eq(sum(json_object_get(lane(data, 0), "count")), N);
	ck_assert_int_eq(sum(json_object_get(lane(data, 0), "wall")) + 3 * 1000000, wall_ns);
	json_decref(data);
	free(all);
	p->points = few;
	handmade_free(p);
}
END_TEST

static const char *const hostile[] = {
        "</script><img src=x onerror=alert(1)>",
        "<!--<script>",
        "\"'&lt;\\",
        "\xe2\x80\xae"
        "gpj.exe", /* right to left */
        "bad \xff\xfe bytes",
        "line\nbreak\x01",
};

START_TEST(hostile_names_stay_names)
{
	struct rp_profile *p = handmade_make();
	size_t n = sizeof(hostile) / sizeof(hostile[0]);

	for (size_t i = 0; i < n; i++)
		handmade_add(p, "f", 1);
	struct rp_function *f = calloc(n, sizeof(*f)), *own = p->functions;

	for (size_t i = 0; i < n; i++)
		f[i] = (struct rp_function){.name = hostile[i],
		                            .file = hostile[i],
		                            .module = hostile[i]};
	p->functions = f;
	p->n_functions = n;
	p->sessions[0].target = hostile[0];
	p->sessions[0].n_points = p->n_points;
	json_t *data = data_of(p, &plain), *names = column(data, "functions", "name");

	for (size_t i = 0; i < n; i++) {
		const char *name = json_string_value(json_array_get(names, i));

		if (i != 4)
			ck_assert_str_eq(name, hostile[i]);
		else
			ck_assert_str_eq(name, "bad \\xFF\\xFE bytes");
	}
	json_decref(data);
	char *page = written(rp_page_write, p, &plain);

	ck_assert_ptr_null(strstr(page, "<img"));
	free(page);
	free(f);
	p->functions = own;
	handmade_free(p);
}
END_TEST

START_TEST(a_page_is_one_file_with_its_policy)
{
	struct rp_profile *p = shop();
	char *page = written(rp_page_write, p, &plain);
	size_t n_ends = 0;

	for (const char *at = page; (at = strstr(at, "</script")); at++)
		n_ends++;
	ck_assert_uint_eq(n_ends, 2);
	ck_assert_ptr_nonnull(strstr(page, rp_page_policy));
	ck_assert_ptr_null(strstr(page, "<!--"));
	ck_assert_ptr_null(strstr(page, "src="));
	char *again = written(rp_page_write, p, &plain);

	ck_assert_str_eq(page, again);
	free(page);
	free(again);
	handmade_free(p);
}
END_TEST

START_TEST(a_full_disk_is_told)
{
	struct rp_profile *p = shop();
	FILE *full = fopen("/dev/full", "w");

	setvbuf(full, NULL, _IONBF, 0);
	ck_assert(!rp_page_write(full, p, &plain));
	fclose(full);
	handmade_free(p);
}
END_TEST

/* --- sources --- */

static void put_lines(const char *path, unsigned n, time_t changed)
{
	FILE *file = fopen(path, "w");
	struct timespec times[] = {{changed, 0}, {changed, 0}};

	for (unsigned i = 1; i <= n; i++)
		fprintf(file, "line %u\r\n", i);
	fclose(file);
	utimensat(AT_FDCWD, path, times, 0);
}

/* The sources of a page on which LINE of folder/NAME has time. */
static json_t *sources_of(const char *name, uint32_t line, const struct rp_page_how *how)
{
	struct rp_profile *p = handmade_make();
	struct rp_spot spot = {.line = line};
	char path[64];

	handmade_add(p, "main", 1);
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	p->functions[0].file = path;
	p->functions[0].line = 0;
	p->spots = &spot;
	p->n_spots = 1;
	p->points[0].spot = 1;
	p->sessions[0].n_points = 1;
	json_t *data = data_of(p, how), *sources = json_object_get(data, "sources");

	json_incref(sources);
	json_decref(data);
	handmade_free(p);
	return sources;
}

START_TEST(lines_with_time_are_there_with_some_around_them)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/a.c", folder);
	put_lines(path, 300, 1000);
	json_t *all = sources_of("a.c", 100, &plain), *one = json_array_get(all, 0);

	ck_assert_uint_eq(json_array_size(all), 1);
	ck_assert(json_is_false(json_object_get(one, "changed")));
	json_t *lines = json_array_get(json_object_get(one, "lines"), 0);

	ck_assert_int_eq(number(json_object_get(one, "from"), 0), 76);
	ck_assert_uint_eq(json_array_size(lines), 49);
	ck_assert_str_eq(json_string_value(json_array_get(lines, 24)), "line 100");
	json_decref(all);
	put_lines(path, 300, 2000000000);
	all = sources_of("a.c", 300, &plain);
	ck_assert(json_is_true(json_object_get(json_array_get(all, 0), "changed")));
	json_decref(all);
}
END_TEST

START_TEST(only_sources_are_read)
{
	const struct rp_page_how without = {.no_source = true};
	char path[64];

	snprintf(path, sizeof(path), "%s/secret", folder);
	put_lines(path, 20, 1000);
	snprintf(path, sizeof(path), "%s/pipe.c", folder);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/folder.c", folder);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/binary.c", folder);
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	ck_assert_int_eq(write(fd, "a\0b\n", 4), 4);
	close(fd);
	const char *const names[] = {"secret", "pipe.c", "folder.c", "binary.c", "nothing.c"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		json_t *all = sources_of(names[i], 1, &plain);

		ck_assert_msg(json_array_size(all) == 0, "%s is in the page", names[i]);
		json_decref(all);
	}
	snprintf(path, sizeof(path), "%s/b.c", folder);
	put_lines(path, 5, 1000);
	json_t *all = sources_of("b.c", 1, &without);

	ck_assert_uint_eq(json_array_size(all), 0);
	json_decref(all);
}
END_TEST

static void make_folder(void)
{
	memcpy(folder, "/tmp/reqprof-page-XXXXXX", sizeof(folder));
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void remove_folder(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", folder);
	ck_assert_int_eq(system(command), 0);
}

int main(void)
{
	Suite *suite = suite_create("page");
	TCase *data = tcase_create("data"), *sources = tcase_create("sources");

	tcase_add_test(data, every_point_is_there_once_with_its_stack);
	tcase_add_test(data, handoffs_are_told_since_the_first_byte);
	tcase_add_test(data, callers_stand_before_callees_and_no_node_twice);
	tcase_add_test(data, addresses_of_one_line_are_one_node);
	tcase_add_test(data, a_function_of_two_builds_is_one_in_a_diff);
	tcase_add_test(data, too_many_points_are_summed_and_say_so);
	tcase_add_test(data, hostile_names_stay_names);
	tcase_add_test(data, a_page_is_one_file_with_its_policy);
	tcase_add_test(data, a_full_disk_is_told);
	tcase_add_checked_fixture(sources, make_folder, remove_folder);
	tcase_add_test(sources, lines_with_time_are_there_with_some_around_them);
	tcase_add_test(sources, only_sources_are_read);
	suite_add_tcase(suite, data);
	suite_add_tcase(suite, sources);
	return suite_run(suite);
}
