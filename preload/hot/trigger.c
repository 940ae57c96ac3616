/* trigger.c - see trigger.h; the mask is in trigger_mask.c.
 *
 * Room: hot, pure.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/trigger.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/place.h"

/* Cuts the part before the first SIGN off REST; at the end .at of REST becomes NULL. */
static struct rp_span cut(struct rp_span *rest, char sign)
{
	const char *at = rest->n ? memchr(rest->at, sign, rest->n) : NULL;
	struct rp_span part = {rest->at, at ? (size_t)(at - rest->at) : rest->n};

	*rest = at ? (struct rp_span){at + 1, rest->n - part.n - 1} : (struct rp_span){NULL, 0};
	return part;
}

enum { ROUTES_BYTES = 1 << 16 }; /* longest rule text; the rest is not read */

/* The words that mean no.  "on" is everything else, as the Python middleware had it. */
static bool is_off(struct rp_span value)
{
	static const char WORDS[][6] = {"", "0", "false", "no", "off", "skip"};

	for (size_t i = 0; i < sizeof(WORDS) / sizeof(*WORDS); i++)
		if (rp_framing_same(value, WORDS[i]))
			return true;
	return false;
}

RP_EARLY uint64_t rp_trigger_interval_ns(struct rp_span text)
{
	static const struct {
		char suffix[3];
		uint64_t ns;
	} UNITS[] = {{"us", 1000}, {"ms", 1000000}, {"s", 1000000000}};
	uint64_t value = 0;
	size_t n = 0;

	for (; n < text.n && n < 10 && text.at[n] >= '0' && text.at[n] <= '9'; n++)
		value = value * 10 + (uint64_t)(text.at[n] - '0');
	struct rp_span unit = {text.at + n, text.n - n};

	if (!n || !value)
		return 0;
	if (rp_framing_same(unit, "hz"))
		return 1000000000 / value;
	for (size_t i = 0; i < sizeof(UNITS) / sizeof(*UNITS); i++)
		if (rp_framing_same(unit, UNITS[i].suffix))
			return value * UNITS[i].ns;
	return 0;
}

/* A tag becomes part of names and pages: anything that would need escaping is no tag. */
static struct rp_span read_tag(struct rp_span text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.at[i], letter = c | 0x20;

		if (!(letter >= 'a' && letter <= 'z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '_' && c != '-')
			return (struct rp_span){NULL, 0};
	}
	return text.n <= RP_TAG_BYTES ? text : (struct rp_span){NULL, 0};
}

/* A mode, "force", or one of the words that mean yes; false for any other. */
static bool take_word(struct rp_trigger *out, struct rp_span word)
{
	static const char YES[][5] = {"1", "true", "yes", "on"};
	enum rp_mode mode = rp_mode_spelled(word);

	for (size_t i = 0; i < sizeof(YES) / sizeof(*YES); i++)
		if (rp_framing_same(word, YES[i]))
			return true;
	if (rp_framing_same(word, "force")) {
		out->force = true;
		return true;
	}
	if (mode == RP_N_MODES)
		return false;
	out->mode = mode;
	out->named = true;
	return true;
}

/* "name=value" with a name that we know; false for anything else (a secret may contain '='). */
static bool take_attribute(struct rp_trigger *out, struct rp_span part)
{
	struct rp_span value = part, name = rp_framing_trim(cut(&value, '='));

	if (!value.at)
		return false;
	value = rp_framing_trim(value);
	if (rp_framing_same(name, "interval"))
		out->interval_ns = rp_trigger_interval_ns(value);
	else if (rp_framing_same(name, "tag"))
		out->tag = read_tag(value);
	else if (rp_framing_same(name, "key"))
		out->key = value;
	else if (rp_framing_same(name, "mode"))
		(void)take_word(out, value);
	else
		return false;
	return true;
}

/* "html; interval=200us; tag=before; key=SECRET".  The first bare word that is none of ours is the
 * key when none is named, so that "X-Reqprof: SECRET" works. */
static void read_header(struct rp_trigger *out, struct rp_span value)
{
	struct rp_span rest = value, word = {NULL, 0};

	while (rest.at) {
		struct rp_span part = rp_framing_trim(cut(&rest, ';'));

		if (take_attribute(out, part))
			continue;
		if (is_off(part) && (part.n || part.at == rp_framing_trim(value).at))
			out->off = true;
		if (!take_word(out, part) && !word.n)
			word = part;
	}
	if (!out->key.at)
		out->key = word;
	out->kind = RP_TRIGGER_HEADER;
}

static bool same_bytes(struct rp_span a, const char *b, size_t n)
{
	return a.n == n && !memcmp(a.at, b, n);
}

static size_t length_of(const char *text, size_t cap)
{
	const char *end = memchr(text, 0, cap);

	return end ? (size_t)(end - text) : cap;
}

/* "1", "html", "text.SECRET", "html.force.TOKEN", "TOKEN": what is left behind our words, or all of
 * it, is the key.  A dot, since no client writes it in another way. */
static void read_value(struct rp_trigger *out, struct rp_span value)
{
	while (value.at) {
		struct rp_span rest = value, word = cut(&rest, '.');

		if (!take_word(out, word))
			break;
		value = rest;
	}
	out->key = value;
}

static void read_query(struct rp_trigger *out, struct rp_span query,
                       const struct rp_trigger_rules *rules)
{
	size_t n_name = length_of(rules->name, sizeof(rules->name));
	bool to_terminal = false;

	while (n_name && query.at) {
		struct rp_span value = cut(&query, '&'), key = cut(&value, '=');

		to_terminal |= same_bytes(key, "term", 4) && same_bytes(value, "1", 1);
		if (out->kind || !same_bytes(key, rules->name, n_name))
			continue;
		out->off = is_off(value);
		out->mode = RP_MODE_HTML;
		read_value(out, value);
		out->kind = RP_TRIGGER_QUERY;
	}
	if (to_terminal && out->kind && !out->named) {
		out->mode = RP_MODE_TERM;
		out->named = true;
	}
}

/* Splits TARGET into path and query; scheme, authority and fragment fall away. */
static struct rp_span split_target(struct rp_span target, struct rp_span *query)
{
	target = cut(&target, '#');
	*query = target;
	target = cut(query, '?');
	if (!target.n || *target.at == '/')
		return target;
	struct rp_span rest = target;

	cut(&rest, ':');
	if (rest.n < 2 || rest.at[0] != '/' || rest.at[1] != '/')
		return target;
	rest.at += 2;
	rest.n -= 2;
	const char *slash = rest.n ? memchr(rest.at, '/', rest.n) : NULL;

	if (!slash)
		return (struct rp_span){"/", 1};
	return (struct rp_span){slash, rest.n - (size_t)(slash - rest.at)};
}

/* Greedy with one way back: the last star takes one byte more.  At most PATTERN x TEXT steps. */
static bool matches(const char *pattern, size_t n_pattern, struct rp_span text)
{
	size_t p = 0, t = 0, star = n_pattern, retry = 0;

	while (t < text.n) {
		if (p < n_pattern && pattern[p] == '*') {
			star = p++;
			retry = t;
		} else if (p < n_pattern && pattern[p] == text.at[t]) {
			p++;
			t++;
		} else if (star < n_pattern) {
			p = star + 1;
			t = ++retry;
		} else {
			return false;
		}
	}
	while (p < n_pattern && pattern[p] == '*')
		p++;
	return p == n_pattern;
}

static bool is_routed(const struct rp_trigger_rules *rules, struct rp_span method,
                      struct rp_span path)
{
	for (size_t i = 0; i < rules->n_routes; i++) {
		const struct rp_route *r = &rules->routes[i];

		if ((!r->n_method || same_bytes(method, r->method, r->n_method)) &&
		    matches(r->pattern, r->n_pattern, path))
			return true;
	}
	return false;
}

enum rp_trigger_kind rp_trigger_judge(const struct rp_trigger_rules *rules,
                                      const struct rp_head *head, struct rp_trigger *out)
{
	struct rp_span query, path = split_target(head->target, &query);

	if (head->query.n)
		query = head->query;
	memset(out, 0, sizeof(*out));
	out->path = path;
	if (head->trigger.at)
		read_header(out, head->trigger);
	else if (query.at)
		read_query(out, query, rules);
	out->routed = rules->n_routes && !out->off && is_routed(rules, head->method, path);
	if (out->off)
		out->kind = RP_TRIGGER_NONE;
	else if (!out->kind && out->routed)
		out->kind = RP_TRIGGER_ROUTE;
	return out->kind;
}

/* KEY is SECRET, in the same time for any KEY of its length. */
static unsigned is_secret(struct rp_span key, const struct rp_secret *secret)
{
	unsigned differs = key.n != secret->n;

	for (size_t i = 0; i < RP_SECRET_MOST; i++) {
		unsigned char c = i < key.n ? (unsigned char)key.at[i] : 0;

		differs |= (unsigned)(c ^ secret->bytes[i]);
		/* or a compiler may leave the loop once the answer is known */
		__asm__("" : "+r"(differs));
	}
	return !differs & (secret->n > 0);
}

bool rp_trigger_secret_ok(const struct rp_trigger_rules *rules, struct rp_span key)
{
	unsigned found = 0;

	for (size_t s = 0; s < rules->n_secrets && s < RP_MAX_SECRETS; s++)
		found |= is_secret(key, &rules->secrets[s]);
	return found;
}

static bool say_why(struct rp_trigger_rules *rules, char *why, const char *text, size_t n)
{
	memcpy(why, text, n);
	rules->n_routes = 0;
	return false;
}

#define NO(text) say_why(rules, why, text, sizeof(text))

/* One rule: "GET /api" or "/slow*". */
static bool parse_route(struct rp_trigger_rules *rules, struct rp_span rule, char *why)
{
	struct rp_route *r = &rules->routes[rules->n_routes];
	struct rp_span pattern = rule, method = cut(&pattern, ' ');

	if (!pattern.at) {
		pattern = method;
		method.n = 0;
	}
	pattern = rp_framing_trim(pattern);
	if (method.n > sizeof(r->method))
		return NO("a route's method is longer than 20 bytes");
	if (!pattern.n || (pattern.at[0] != '/' && pattern.at[0] != '*'))
		return NO("a route is '/path' or 'METHOD /path', with '*' for any run of bytes");
	if (pattern.n > sizeof(r->pattern))
		return NO("a route's pattern is longer than 128 bytes");
	if (memchr(pattern.at, ' ', pattern.n) || memchr(pattern.at, '?', pattern.n))
		return NO("a route's pattern has a blank or a query, which paths have not");
	memset(r, 0, sizeof(*r));
	memcpy(r->method, method.at, method.n);
	memcpy(r->pattern, pattern.at, pattern.n);
	r->n_method = (uint8_t)method.n;
	r->n_pattern = (uint8_t)pattern.n;
	rules->n_routes++;
	return true;
}

bool rp_trigger_parse_routes(struct rp_trigger_rules *rules, const char *text, char *why)
{
	struct rp_span rest = {text, length_of(text, ROUTES_BYTES)};

	rules->n_routes = 0;
	while (rest.at) {
		struct rp_span rule = rp_framing_trim(cut(&rest, ','));

		if (!rule.n)
			continue;
		if (rules->n_routes == RP_MAX_ROUTES)
			return NO("more than 32 routes");
		if (!parse_route(rules, rule, why))
			return false;
	}
	return true;
}
