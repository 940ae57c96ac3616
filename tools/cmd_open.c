/* cmd_open.c - reqprof open: the browser, on the profile page of a URL.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tools/browser.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/memory.h"
#include "tools/mint.h"
#include "tools/setting.h"
#include "tools/term.h"

enum { LIFE_S = 120 }; /* a browser may have to be started first */

/* URL asking for "NAME=VALUE", in front of its fragment; what it says of NAME already goes. */
static char *asking(const char *url, const char *name, const char *value, struct rp_heap *heap)
{
	size_t n = strcspn(url, "#"), n_path = strcspn(url, "?#"), n_name = strlen(name);
	const char *fragment = url + n, *rest = url + n_path + (n_path < n);
	char *text = rp_heap_print(heap, "%.*s?%s=%s", (int)n_path, url, name, value);

	while (rest < fragment) {
		size_t n_pair = strcspn(rest, "&#");

		if (n_pair &&
		    (strncmp(rest, name, n_name) != 0 || (rest[n_name] != '=' && n_pair != n_name)))
			text = rp_heap_print(heap, "%s&%.*s", text, (int)n_pair, rest);
		rest += n_pair + (rest[n_pair] == '&');
	}
	return rp_heap_print(heap, "%s%s", text, fragment);
}

/* "localhost:8080/x" is "http://localhost:8080/x". */
static char *with_scheme(const char *url, struct rp_heap *heap)
{
	return rp_heap_print(heap, "%s%s", strstr(url, "://") ? "" : "http://", url);
}

/* The value that asks for the page; NULL after a sentence. */
static const char *page_for(const char *url, const char *file, struct rp_heap *heap)
{
	struct rp_mint mint = {.scope = RP_SCOPE_HTML, .life_s = LIFE_S};
	char path[RP_TOKEN_PATH + 1], token[RP_TOKEN_BYTES + 1];
	struct rp_why why;

	if (!file)
		return "html";
	if (!rp_mint_open(&mint, file, &why)) {
		rp_term_complain("%s", why.text);
		return NULL;
	}
	mint.path = rp_mint_path(url, path);
	if (!rp_mint(&mint, token)) {
		rp_term_complain("the kernel gave no random bytes");
		return NULL;
	}
	return rp_heap_print(heap, "html.%s", token);
}

static bool is_trigger(const char *name, struct rp_why *why)
{
	return rp_setting_check(rp_setting_find("TRIGGER", 7), name, why);
}

static int open_url(const char *url, const char *name, const char *file, bool print)
{
	struct rp_heap heap = {0};
	struct rp_why why;
	int status = RP_EXIT_USAGE;

	if (!is_trigger(name, &why))
		return rp_term_complain("--trigger %s: %s", name, why.text);
	url = with_scheme(url, &heap);
	const char *value = page_for(url, file, &heap);

	if (value)
		url = asking(url, name, value, &heap);
	if (value && print)
		status = puts(url) < 0 ? RP_EXIT_USAGE : rp_term_finish();
	else if (value)
		status = rp_browser_open(url);
	rp_heap_free(&heap);
	return status;
}

int rp_cmd_open(int argc, char **argv)
{
	const char *file = NULL, *name = getenv("REQPROF_TRIGGER");
	bool print = false;
	const struct rp_flag flags[] = {
	        {0, "secret-file", "FILE", "makes the token; REQPROF_SECRET_FILE", &file, NULL},
	        {0, "trigger", "NAME", "the server's REQPROF_TRIGGER; profile", &name, NULL},
	        {0, "print", NULL, "print the address instead", NULL, &print},
	        {0},
	};
	int first, status = rp_flags_parse(flags, "open [options] URL", argc, argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (argc - first != 1)
		return rp_term_complain("one URL: reqprof open http://localhost:8080/slow");
	return open_url(argv[first], name && *name ? name : "profile", rp_mint_file(file), print);
}
