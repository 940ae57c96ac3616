/* fuzz_trigger.c - any rules, target and header: spans stay inside, the mask keeps its promises.
 *
 * Input: four texts, each ended by a NUL: routes, method, target, header (the last may be absent).
 * Needs: preload/hot/trigger*.c preload/hot/mode.c preload/hot/delim_framing.c
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "preload/hot/trigger.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool truth)
{
	if (!truth)
		abort();
}

/* The next text, in memory of exactly its size, for the sanitizer; .at NULL: no more. */
static struct rp_span take(const char **at, size_t *left)
{
	const char *end = *left ? memchr(*at, 0, *left) : NULL;
	size_t n = end ? (size_t)(end - *at) : *left;

	if (!*left)
		return (struct rp_span){NULL, 0};
	char *copy = malloc(n ? n : 1);

	must(copy);
	memcpy(copy, *at, n);
	*at += end ? n + 1 : n;
	*left -= end ? n + 1 : n;
	return (struct rp_span){copy, n};
}

static bool is_inside(struct rp_span part, struct rp_span whole)
{
	return !part.n || (whole.at && part.at >= whole.at && part.n <= whole.n &&
	                   part.at + part.n <= whole.at + whole.n);
}

static void judge(const struct rp_trigger_rules *rules, const struct rp_head *head)
{
	struct rp_trigger t;
	enum rp_trigger_kind kind = rp_trigger_judge(rules, head, &t);

	must(kind == t.kind && kind <= RP_TRIGGER_ROUTE);
	must(!t.off || (kind == RP_TRIGGER_NONE && !t.routed));
	must(kind != RP_TRIGGER_HEADER || head->trigger.at);
	must(kind != RP_TRIGGER_ROUTE || t.routed);
	must(t.mode < RP_N_MODES &&
	     (t.named || t.mode == RP_MODE_SAVE || kind == RP_TRIGGER_QUERY || t.off));
	must(!head->trigger.at || t.off || kind == RP_TRIGGER_HEADER);
	must(is_inside(t.tag, head->trigger) && t.tag.n <= RP_TAG_BYTES);
	must(is_inside(t.key, head->trigger) || is_inside(t.key, head->target));
	must(!rp_trigger_secret_ok(rules, t.key) ||
	     (t.key.n == 6 && !memcmp(t.key.at, "secret", 6)));
}

static bool ends_cut(const char *text, size_t n)
{
	return n >= 3 && !memcmp(text + n - 3, "...", 3);
}

/* Printable, bounded, the same when masked again, and at any capacity a beginning of the whole. */
static void mask(struct rp_span target, const char *name, size_t cap)
{
	char once[RP_TARGET_SHOWN], again[RP_TARGET_SHOWN], tight[RP_TARGET_SHOWN];
	size_t n = rp_trigger_mask_target(once, sizeof(once), target, name);

	must(n <= sizeof(once));
	for (size_t i = 0; i < n; i++)
		must(once[i] > ' ' && once[i] < 0x7f);
	if (!ends_cut(once, n)) {
		struct rp_span masked = {once, n};

		must(rp_trigger_mask_target(again, sizeof(again), masked, name) == n);
		must(!memcmp(once, again, n));
	}
	size_t n_tight = rp_trigger_mask_target(tight, cap, target, name);

	must(n_tight <= cap);
	must(n_tight < 3 || !memcmp(once, tight, n_tight - 3));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct rp_trigger_rules rules = {
	        .name = "profile", .has_secret = true, .n_secrets = 1, .secrets = {{6, "secret"}}};
	const char *at = (const char *)bytes;
	char routes[512], why[RP_TRIGGER_WHY];
	struct rp_span text = take(&at, &n);
	struct rp_head head = {.method = take(&at, &n), .target = take(&at, &n)};
	size_t n_routes = text.n < sizeof(routes) ? text.n : sizeof(routes) - 1;

	head.trigger = take(&at, &n);
	if (n_routes)
		memcpy(routes, text.at, n_routes);
	routes[n_routes] = '\0';
	if (!rp_trigger_parse_routes(&rules, routes, why))
		must(!rules.n_routes && memchr(why, 0, sizeof(why)));
	must(rules.n_routes <= RP_MAX_ROUTES);
	judge(&rules, &head);
	mask(head.target, rules.name, text.n % 100);
	free((void *)(uintptr_t)text.at);
	free((void *)(uintptr_t)head.method.at);
	free((void *)(uintptr_t)head.target.at);
	free((void *)(uintptr_t)head.trigger.at);
	return 0;
}
