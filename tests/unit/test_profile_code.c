/* test_profile_code.c - code in no module gets the name that its runtime, or else the kernel, had
 * for it at that moment.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tests/support/suite.h"
#include "tests/support/written.h"

enum { MS = 1000000, T0 = 500 * MS, NOWHERE = 1 };

static struct rp_profile p;

static void begin(void)
{
	written_begin(T0, 1);
	written_put((struct rp_item){.kind = RP_ITEM_REQUEST,
	                             .request = {.method = rp_slice_of("GET"), .pid = 1}});
	written_put((struct rp_item){.kind = RP_ITEM_THREAD, .thread = {0, 1, rp_slice_of("t")}});
	written_put((struct rp_item){.kind = RP_ITEM_MODULE,
	                             .module = {.module = NOWHERE,
	                                        .path = rp_slice_of(RP_ANONYMOUS_CODE)}});
}

static void stack(uint32_t number, uint32_t parent, uint64_t addr, uint8_t exact)
{
	written_put((struct rp_item){.kind = RP_ITEM_STACK,
	                             .stack = {number, parent, NOWHERE, addr, exact}});
}

static void sample(uint32_t on, uint64_t at_ms)
{
	written_put((struct rp_item){.kind = RP_ITEM_SAMPLE,
	                             .sample = {.thread = 0,
	                                        .stack = on,
	                                        .at_ns = T0 + at_ms * MS,
	                                        .weight = 1,
	                                        .cpu_ns = MS}});
}

static void code(uint64_t at, uint64_t size, uint64_t since_ns, uint64_t until_ns, const char *name)
{
	written_put((struct rp_item){.kind = RP_ITEM_CODE,
	                             .code = {at, size, since_ns, until_ns, rp_slice_of(name)}});
}

static void mapping(uint64_t at, uint64_t size, const char *name)
{
	written_put((struct rp_item){.kind = RP_ITEM_MAPPING,
	                             .mapping = {at, size, rp_slice_of(name)}});
}

static void end(void)
{
	written_put((struct rp_item){
	        .kind = RP_ITEM_SEGMENT,
	        .segment = {.begin_ns = T0, .end_ns = T0 + 100 * MS, .cpu_ns = 10 * MS}});
	p = written_open(true);
}

/* The chain of the sample taken AT_MS, root first, with blanks between. */
static const char *chain(uint64_t at_ms)
{
	static char text[256];

	text[0] = '\0';
	for (size_t i = 0; i < p.n_points; i++) {
		const struct rp_chain *c = &p.chains[p.points[i].chain];

		for (uint32_t k = 0; p.points[i].at_ns == T0 + at_ms * MS && k < c->n; k++)
			sprintf(text + strlen(text), "%s%s", k ? " " : "",
			        p.functions[c->functions[k]].name);
	}
	return text;
}

static const struct rp_function *function(const char *name)
{
	for (size_t i = 0; i < p.n_functions; i++)
		if (strcmp(p.functions[i].name, name) == 0)
			return &p.functions[i];
	ck_abort_msg("no %s", name);
	return NULL;
}

START_TEST(the_runtime_names_functions_with_file_and_line)
{
	begin();
	stack(1, 0, 0x1010, 0); /* a return address: the call is in what ends there */
	stack(2, 1, 0x1010, 1);
	sample(2, 1);
	code(0x1010, 0x10, RP_NEVER, RP_NEVER, "JS:*inner /app/x.js:9:1");
	code(0x1000, 0x10, RP_NEVER, RP_NEVER, "JS:~outer /app/x.js:3:1");
	mapping(0x1000, 0x1000, "[anon:v8]");
	end();
	ck_assert_str_eq(chain(1), "outer inner");
	ck_assert_str_eq(function("inner")->file, "/app/x.js");
	ck_assert_uint_eq(function("inner")->line, 9);
	ck_assert_str_eq(function("inner")->module, "[jit]");
	ck_assert(!function("inner")->library);
}
END_TEST

START_TEST(what_the_runtime_brings_along_is_a_librarys)
{
	begin();
	stack(1, 0, 0x1000, 1);
	sample(1, 1);
	code(0x1000, 0x10, RP_NEVER, RP_NEVER, "JS:*run node:internal/timers:9:1");
	end();
	ck_assert(function("run")->library);
}
END_TEST

START_TEST(memory_used_again_is_told_by_the_moment)
{
	begin();
	stack(1, 0, 0x1000, 1);
	stack(2, 0, 0x1001, 1);
	stack(3, 2, 0x5000, 1);
	stack(4, 0, 0x1002, 1);
	sample(1, 1);
	sample(3, 20); /* dates its caller too */
	sample(4, 12); /* it had moved away, and nothing had come */
	code(0x1000, 0x10, T0 + 15 * MS, RP_NEVER, "second");
	code(0x5000, 0x10, T0 + 10 * MS, RP_NEVER, "first");
	code(0x1000, 0x10, T0, T0 + 10 * MS, "first");
	mapping(0x1000, 0x1000, "/memfd:jit (deleted)");
	end();
	ck_assert_str_eq(chain(1), "first");
	ck_assert_str_eq(chain(20), "second first");
	ck_assert_str_eq(chain(12), "/memfd:jit (deleted)");
}
END_TEST

START_TEST(nameless_code_is_one_frame_a_mapping)
{
	begin();
	stack(1, 0, 0x1010, 0);
	stack(2, 1, 0x1020, 0);
	stack(3, 2, 0x9000, 0);
	stack(4, 3, 0x1030, 1);
	stack(5, 4, 0xffff0000, 1);
	sample(4, 1);
	sample(5, 2);
	mapping(0x1000, 0x1000, "[anon:v8]");
	mapping(0x8000, 0x2000, "[anon]");
	end();
	ck_assert_str_eq(chain(1), "[anon:v8] [anon] [anon:v8]");
	ck_assert_str_eq(chain(2), "[anon:v8] [anon] [anon:v8] [anonymous code]");
	ck_assert_str_eq(p.modules[0].symbols, "made at run time");
}
END_TEST

static void forget(void)
{
	rp_profile_close(&p);
}

int main(void)
{
	Suite *suite = suite_create("profile_code");
	TCase *t = tcase_create("profile_code");

	suite_add_tcase(suite, t);
	tcase_add_checked_fixture(t, NULL, forget);
	tcase_add_test(t, the_runtime_names_functions_with_file_and_line);
	tcase_add_test(t, what_the_runtime_brings_along_is_a_librarys);
	tcase_add_test(t, memory_used_again_is_told_by_the_moment);
	tcase_add_test(t, nameless_code_is_one_frame_a_mapping);
	return suite_run(suite);
}
