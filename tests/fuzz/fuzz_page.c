/* fuzz_page.c - any bytes as the names of a profile: its page stays data.  No tag and no comment
 * can begin in it, JSON reads it, and what was text in UTF-8 is the same text.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
/* clang-format off
 * Needs: tools/analyses*.c tools/diff_kin.c tools/json.c tools/json_account.c tools/memory.c tools/page_*.c tools/several.c tools/spread.c tools/term*.c tools/threads.c -ljansson -lm
 * clang-format on */
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

const char *const rp_profile_phases[6] = {"a", "b", "c", "d", "e", "f"};

static void require(int holds)
{
	if (!holds)
		abort();
}

/* One session with one function, all texts of which are TEXT. */
static char *page_of(const char *text)
{
	static const struct rp_page_how how = {.no_source = true};
	struct rp_function f = {.name = text, .file = text, .module = text};
	uint32_t zero = 0;
	struct rp_chain chain = {&zero, 1};
	struct rp_point point = {.wall_ns = 5, .kind = RP_POINT_WAIT};
	struct rp_worker worker = {1, 2, text};
	struct rp_object_file module = {text, "", "debug", text};
	struct rp_wait wait = {.kind = "recv", .object = text, .holder = {text, text, 3, 1}};
	struct rp_count lost = {text, 1};
	struct rp_session s = {.path = text,
	                       .id = text,
	                       .method = text,
	                       .target = text,
	                       .host = text,
	                       .protocol = text,
	                       .peer = text,
	                       .local = text,
	                       .server = text,
	                       .trigger = text,
	                       .tag = text,
	                       .traceparent = text,
	                       .ended = text,
	                       .why = text,
	                       .n_points = 1,
	                       .lost = &lost,
	                       .n_lost = 1};
	struct rp_profile p = {.functions = &f,
	                       .chains = &chain,
	                       .points = &point,
	                       .waits = &wait,
	                       .workers = &worker,
	                       .modules = &module,
	                       .sessions = &s,
	                       .n_functions = 1,
	                       .n_chains = 1,
	                       .n_points = 1,
	                       .n_waits = 1,
	                       .n_workers = 1,
	                       .n_modules = 1,
	                       .n_sessions = 1};
	char *page = NULL;
	size_t n;
	FILE *out = open_memstream(&page, &n);

	require(out && rp_page_data(out, &p, &how));
	fclose(out);
	return page;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char *text = calloc(n + 1, 1);

	memcpy(text, bytes, n);
	char *page = page_of(text);

	require(!strchr(page, '<'));
	for (const char *at = page; *at; at++)
		require(*at == '\n' || (*at >= ' ' && (unsigned char)*at < 128));
	json_t *data = json_loads(page, 0, NULL), *plain = json_string(text);
	json_t *name =
	        json_array_get(json_object_get(json_object_get(data, "functions"), "name"), 0);

	require(data != NULL && json_is_string(name));
	require(!plain || json_equal(name, plain));
	json_decref(plain);
	json_decref(data);
	free(page);
	free(text);
	return 0;
}
