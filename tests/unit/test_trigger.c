/* test_trigger.c - who asked for a profile, in which words, and what of a target may be stored.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/trigger.h"

#include <stdio.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static struct rp_trigger_rules rules;

static struct rp_span span(int slot, const char *text)
{
	size_t n = text ? strlen(text) : 0;

	return (struct rp_span){text ? guard_put(slot, text, n) : NULL, n};
}

/* A request line with an X-Reqprof HEADER (NULL: none), each against an unmapped page. */
static struct rp_head head_of(const char *method, const char *target, const char *header)
{
	struct rp_head head = {0};

	head.method = span(0, method);
	head.target = span(1, target);
	head.trigger = span(2, header);
	return head;
}

static struct rp_trigger judge(const char *target, const char *header)
{
	struct rp_head head = head_of("GET", target, header);
	struct rp_trigger out;
	enum rp_trigger_kind kind = rp_trigger_judge(&rules, &head, &out);

	ck_assert_int_eq(kind, out.kind);
	return out;
}

static void fresh_rules(void)
{
	memset(&rules, 0, sizeof(rules));
	strcpy(rules.name, "profile");
}

static void add_secret(const char *text)
{
	rules.has_secret = true;
	rules.secrets[rules.n_secrets].n = (uint8_t)strlen(text);
	memcpy(rules.secrets[rules.n_secrets++].bytes, text, strlen(text));
}

enum { NONE = RP_TRIGGER_NONE, QUERY = RP_TRIGGER_QUERY, HEADER = RP_TRIGGER_HEADER, OFF = 9 };

static const struct {
	const char *target, *header;
	int said; /* a kind; OFF: none, because it was said so */
} spellings[] = {
        {"/", NULL, NONE},
        {"/?profile=1", NULL, QUERY},
        {"/?a=b&profile=yes&c", NULL, QUERY},
        {"/?profile=html", NULL, QUERY},
        {"/?profile=00", NULL, QUERY},
        {"http://h/x?profile=1", NULL, QUERY},
        {"/?profile=1#f", NULL, QUERY},
        {"/?profile", NULL, OFF},
        {"/?profile=", NULL, OFF},
        {"/?profile=0", NULL, OFF},
        {"/?profile=FALSE", NULL, OFF},
        {"/?profile=No", NULL, OFF},
        {"/?profile=off&profile=1", NULL, OFF},
        {"/?profile=skip", NULL, OFF},
        {"/?profile=0#1", NULL, OFF},
        {"/?Profile=1", NULL, NONE},
        {"/?xprofile=1", NULL, NONE},
        {"/?profile2=1", NULL, NONE},
        {"/?prof=ile=1", NULL, NONE},
        {"/?", NULL, NONE},
        {"/?&&", NULL, NONE},
        {"/profile=1", NULL, NONE},
        {"/#?profile=1", NULL, NONE},
        {"/?a=profile=1", NULL, NONE},
        {"*", NULL, NONE},
        {"/", "1", HEADER},
        {"/", "save; interval=200us", HEADER},
        {"/", "interval=200us", HEADER},
        {"/", "1;", HEADER},
        {"/", "key=x", HEADER},
        {"/", "0", OFF},
        {"/", "", OFF},
        {"/", " ", OFF},
        {"/", "; tag=x", OFF},
        {"/", "skip", OFF},
        {"/", "OFF ; tag=a", OFF},
        {"/", "tag=a; off", OFF},
        {"/?profile=1", "off", OFF},
        {"/?profile=1", "skip", OFF},
        {"/?profile=0", "1", HEADER},
        {"/?profile=1", "1", HEADER},
};

START_TEST(each_spelling_is_understood)
{
	fresh_rules();
	struct rp_trigger t = judge(spellings[_i].target, spellings[_i].header);

	ck_assert_msg(t.off == (spellings[_i].said == OFF), "%s, %s: off", spellings[_i].target,
	              spellings[_i].header);
	ck_assert_msg((int)t.kind == (t.off ? NONE : spellings[_i].said), "%s, %s: kind %d",
	              spellings[_i].target, spellings[_i].header, t.kind);
}
END_TEST

START_TEST(without_a_name_no_query_triggers)
{
	fresh_rules();
	rules.name[0] = '\0';
	ck_assert_int_eq(judge("/?=1&profile=1", NULL).kind, NONE);
	strcpy(rules.name, "pyprof");
	ck_assert_int_eq(judge("/?pyprof=1", NULL).kind, QUERY);
	ck_assert_int_eq(judge("/?profile=1", NULL).kind, NONE);
}
END_TEST

static void same_text(struct rp_span got, const char *wanted)
{
	ck_assert_msg(got.n == strlen(wanted) && (!got.n || !memcmp(got.at, wanted, got.n)),
	              "wanted '%s', got '%.*s'", wanted, (int)got.n, got.n ? got.at : "");
}

#define TAG63 "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789."

static const struct {
	const char *header, *tag, *key;
	uint64_t interval_ns;
} attributes[] = {
        {"1", "", "", 0},
        {"save; interval=200us; tag=before; key=SEC-RET", "before", "SEC-RET", 200000},
        {"save;Interval=1MS;TAG=a.b_c-9", "a.b_c-9", "", 1000000},
        {"s3cret", "", "s3cret", 0},
        {"YWJj==; tag=x", "x", "YWJj==", 0},
        {"tag = x ; 1 ; 2", "x", "2", 0},
        {"1; tag=not/ok", "", "", 0},
        {"1; tag=" TAG63 "x", TAG63 "x", "", 0},
        {"1; tag=" TAG63 "xy", "", "", 0},
        {"1; tag=a;\r\n interval=2s", "a", "", 2000000000},
        {"1; mode=cpu; unknown=x", "", "unknown=x", 0},
        {"1; interval=", "", "", 0},
};

START_TEST(the_header_has_attributes)
{
	fresh_rules();
	struct rp_trigger t = judge("/", attributes[_i].header);

	ck_assert_int_eq(t.kind, HEADER);
	same_text(t.tag, attributes[_i].tag);
	same_text(t.key, attributes[_i].key);
	ck_assert_uint_eq(t.interval_ns, attributes[_i].interval_ns);
}
END_TEST

START_TEST(intervals_have_units)
{
	static const struct {
		const char *text;
		uint64_t ns;
	} cases[] = {
	        {"200us", 200000},
	        {"1ms", 1000000},
	        {"3s", 3000000000},
	        {"1000hz", 1000000},
	        {"4Hz", 250000000},
	        {"9999999999s", 9999999999000000000u},
	        {"2000000000hz", 0},
	        {"200", 0},
	        {"us", 0},
	        {"0us", 0},
	        {"-1us", 0},
	        {"1.5ms", 0},
	        {"1 ms", 0},
	        {"1msx", 0},
	        {"99999999999us", 0},
	        {"", 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		ck_assert_msg(rp_trigger_interval_ns(span(0, cases[i].text)) == cases[i].ns, "%s",
		              cases[i].text);
}
END_TEST

static const struct {
	const char *routes, *method, *target;
	bool routed;
} routes[] = {
        {"/slow", "GET", "/slow", true},
        {"/slow", "GET", "/slow?profile=", false}, /* off in words */
        {"/slow", "POST", "/slow?a=/fast", true},
        {"/slow", "GET", "/slow/", false},
        {"/slow", "GET", "/slo", false},
        {"/slow", "GET", "/fast?/slow", false},
        {"GET /api/*", "GET", "/api/", true},
        {"GET /api/*", "GET", "/api/a/b", true},
        {"GET /api/*", "GET", "/api", false},
        {"GET /api/*", "POST", "/api/a", false},
        {"GET /api/*", "get", "/api/a", false},
        {"GET /api/*, /slow", "GET", "/slow", true},
        {" POST  /x ,, GET /y", "GET", "/y", true},
        {"*", "GET", "/", true},
        {"*", "OPTIONS", "*", true},
        {"*.php", "GET", "/a/b.php?x", true},
        {"*.php", "GET", "/a.php/b", false},
        {"/a*b*c", "GET", "/abbbcbc", true},
        {"/a*b*c", "GET", "/abbbcbd", false},
        {"/a**", "GET", "/a", true},
        {"/x", "GET", "http://h:80/x?y", true},
        {"/", "GET", "http://h", true},
        {"/x", "GET", "/x#y", true},
        {"/x", "CONNECT", "h:80", false},
        {"", "GET", "/", false},
};

START_TEST(a_query_may_come_apart_from_its_target)
{
	struct rp_head head = head_of("GET", _i & 1 ? "/a?profile=1" : "/a", NULL);
	static const char *const queries[] = {"", "x=1&profile=1", "x=1"};
	struct rp_trigger t;

	fresh_rules();
	head.query = span(3, queries[_i / 2]);
	ck_assert_int_eq(rp_trigger_judge(&rules, &head, &t), _i >= 1 && _i <= 3 ? QUERY : NONE);
}
END_TEST

START_TEST(routes_match_method_and_path)
{
	char why[RP_TRIGGER_WHY];
	struct rp_head head = head_of(routes[_i].method, routes[_i].target, NULL);
	struct rp_trigger out;

	fresh_rules();
	ck_assert(rp_trigger_parse_routes(&rules, routes[_i].routes, why));
	enum rp_trigger_kind kind = rp_trigger_judge(&rules, &head, &out);

	ck_assert_msg(out.routed == routes[_i].routed, "%s on %s", routes[_i].routes,
	              routes[_i].target);
	ck_assert_int_eq(kind, routes[_i].routed ? RP_TRIGGER_ROUTE : RP_TRIGGER_NONE);
}
END_TEST

START_TEST(who_asks_on_a_route_is_told_apart)
{
	char why[RP_TRIGGER_WHY];

	fresh_rules();
	ck_assert(rp_trigger_parse_routes(&rules, "/slow", why));
	struct rp_trigger asked = judge("/slow?profile=1", NULL), skipped = judge("/slow", "skip");

	ck_assert_int_eq(asked.kind, QUERY);
	ck_assert(asked.routed);
	ck_assert_int_eq(skipped.kind, NONE);
	ck_assert(skipped.off && !skipped.routed);
}
END_TEST

START_TEST(bad_routes_say_why)
{
	static const char *const bad[] = {"slow",     "GET slow",
	                                  "GET",      "/ok, GET  ",
	                                  "/a b",     "/a?b",
	                                  "GET /a b", "METHODLONGERTHANTWENTY /x"};
	char why[RP_TRIGGER_WHY];

	for (size_t i = 0; i < COUNT(bad); i++) {
		fresh_rules();
		memset(why, 'x', sizeof(why));
		ck_assert_msg(!rp_trigger_parse_routes(&rules, bad[i], why), "%s", bad[i]);
		ck_assert_uint_eq(rules.n_routes, 0);
		ck_assert(!strncmp(why, "a route", 7) && memchr(why, 0, sizeof(why)));
	}
}
END_TEST

START_TEST(there_are_at_most_32_routes_of_128_bytes)
{
	char why[RP_TRIGGER_WHY], text[256] = "", longer[140];

	for (int i = 0; i < RP_MAX_ROUTES; i++)
		strcat(text, "/a,");
	ck_assert(rp_trigger_parse_routes(&rules, text, why));
	ck_assert_uint_eq(rules.n_routes, RP_MAX_ROUTES);
	strcat(text, "/b");
	ck_assert(!rp_trigger_parse_routes(&rules, text, why));
	ck_assert_str_eq(why, "more than 32 routes");
	memset(longer, '/', sizeof(longer));
	longer[128] = '\0';
	ck_assert(rp_trigger_parse_routes(&rules, longer, why));
	longer[128] = '/';
	longer[129] = '\0';
	ck_assert(!rp_trigger_parse_routes(&rules, longer, why));
}
END_TEST

START_TEST(every_spelling_of_a_secret_is_checked_by_one_function)
{
	static const struct {
		const char *target, *header;
		bool ok;
	} cases[] = {
	        {"/?profile=opensesame", NULL, true},
	        {"/?profile=second", NULL, true},
	        {"/?profile=1", NULL, false},
	        {"/?profile=opensesam", NULL, false},
	        {"/?profile=opensesamee", NULL, false},
	        {"/?profile=opensesbme", NULL, false},
	        {"/?profile=OPENSESAME", NULL, false},
	        {"/?profile=opensesame%00", NULL, false},
	        {"/", "opensesame", true},
	        {"/", "save; key=opensesame", true},
	        {"/", "opensesame; tag=x", true},
	        {"/", "key=second", true},
	        {"/", "1", false},
	        {"/", "save; key=", false},
	        {"/", "opensesame; key=wrong", false},
	        {"/?profile=opensesame", "1", false},
	};

	fresh_rules();
	add_secret("opensesame");
	add_secret("second");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rp_trigger t = judge(cases[i].target, cases[i].header);

		ck_assert_int_ne(t.kind, NONE);
		ck_assert_msg(rp_trigger_secret_ok(&rules, t.key) == cases[i].ok, "%s %s",
		              cases[i].target, cases[i].header);
	}
}
END_TEST

START_TEST(nobody_has_a_secret_that_is_empty_or_missing)
{
	char longest[RP_SECRET_MOST + 2];

	fresh_rules();
	rules.has_secret = true;
	ck_assert(!rp_trigger_secret_ok(&rules, span(0, "")));
	ck_assert(!rp_trigger_secret_ok(&rules, span(0, NULL)));
	rules.n_secrets = 1;
	ck_assert(!rp_trigger_secret_ok(&rules, span(0, "")));
	rules.n_secrets = 0;
	memset(longest, 's', sizeof(longest));
	longest[RP_SECRET_MOST] = '\0';
	add_secret(longest);
	ck_assert(rp_trigger_secret_ok(&rules, span(0, longest)));
	longest[RP_SECRET_MOST] = 's';
	longest[RP_SECRET_MOST + 1] = '\0';
	ck_assert(!rp_trigger_secret_ok(&rules, span(0, longest)));
}
END_TEST

static const struct {
	const char *target, *shown;
} masks[] = {
        {"/", "/"},
        {"", ""},
        {"*", "*"},
        {"/a?b=c&d", "/a?b=c&d"},
        {"/a?", "/a?"},
        {"/a?profile=1", "/a"},
        {"/a?profile", "/a"},
        {"/a?profile=1&b=2", "/a?b=2"},
        {"/a?b=2&profile=S", "/a?b=2"},
        {"/a?b=2&profile=S&c=3", "/a?b=2&c=3"},
        {"/a?profile=1&profile=2", "/a"},
        {"/a?b=1;profile=S;T&c=2", "/a?b=1&c=2"},
        {"/a?%70rofile=S", "/a"},
        {"/a?profiles=1", "/a?profiles=1"},
        {"/a?access_token=x&b=1", "/a?access_token=***&b=1"},
        {"/a?API_KEY=x", "/a?API_KEY=***"},
        {"/a?to%6ben=x", "/a?to%6ben=***"},
        {"/a?client_secret=x=y", "/a?client_secret=***"},
        {"/a?Password=", "/a?Password=***"},
        {"/a?pwd=x", "/a?pwd=***"},
        {"/a?X-Amz-Signature=ab&X-Amz-Credential=c", "/a?X-Amz-Signature=***&X-Amz-Credential=***"},
        {"/a?PHPSESSID=x&session=y&sid=z", "/a?PHPSESSID=***&session=***&sid=***"},
        {"/a?jwt=x&oauth=y", "/a?jwt=***&oauth=***"},
        {"/a?code=x&zipcode=1&pin=2&shipping=3", "/a?code=***&zipcode=1&pin=***&shipping=3"},
        {"/a?token=x;y=z&b=1", "/a?token=***&b=1"},
        {"/a?b=1;token=x&c=2", "/a?b=1;token=***&c=2"},
        {"/a?token", "/a?token"},
        {"/a;jsessionid=S/b;v=1?c", "/a;jsessionid=***/b;v=1?c"},
        {"/a;session=S;T/b", "/a;session=***/b"},
        {"/profile=1", "/profile=1"},
        {"http://user:pw@h/x", "http://***@h/x"},
        {"http://u:p@q@h/x?@", "http://***@h/x?@"},
        {"http://h/@", "http://h/@"},
        {"user:pw@h:443", "***@h:443"},
        {"h:443", "h:443"},
        {"/a#access_token=x", "/a"},
        {"/a?b#profile=1", "/a?b"},
        {"/a\x01\x7f\x1b[31m b", "/a%01%7F%1B[31m%20b"},
        {"/k\xc3\xa4se\xff?\"<>", "/k%C3%A4se%FF?\"<>"},
};

START_TEST(a_target_is_stored_without_its_secrets)
{
	char out[RP_TARGET_SHOWN];
	size_t n = rp_trigger_mask_target(out, sizeof(out), span(0, masks[_i].target), "profile");

	same_text((struct rp_span){out, n}, masks[_i].shown);
}
END_TEST

START_TEST(a_key_too_long_to_read_is_masked)
{
	char target[300] = "/?", wanted[300], out[RP_TARGET_SHOWN];

	memset(target + 2, 'k', 129);
	strcpy(target + 131, "=x");
	memcpy(wanted, target, 132);
	strcpy(wanted + 132, "***");
	size_t n = rp_trigger_mask_target(out, sizeof(out), span(0, target), "profile");

	same_text((struct rp_span){out, n}, wanted);
}
END_TEST

/* For every capacity: never longer, never half an escape, the whole text when it fits. */
START_TEST(a_target_is_cut_between_its_bytes)
{
	static const char whole[] = "/a%01%02?b=%03&key=***";
	struct rp_span target = span(0, "/a\x01\x02?b=\x03&key=x");
	char out[64];

	for (size_t cap = 0; cap < sizeof(whole) + 3; cap++) {
		memset(out, '!', sizeof(out));
		size_t n = rp_trigger_mask_target(out, cap, target, "profile");

		ck_assert_uint_le(n, cap);
		ck_assert_int_eq(out[cap], '!');
		if (cap >= sizeof(whole) - 1) {
			ck_assert_uint_eq(n, sizeof(whole) - 1);
			ck_assert_mem_eq(out, whole, n);
		} else if (cap >= 3) {
			ck_assert_mem_eq(out + n - 3, "...", 3);
			ck_assert_mem_eq(out, whole, n - 3);
			ck_assert(n < 4 || out[n - 4] != '%');
			ck_assert(n < 5 || out[n - 5] != '%');
		}
	}
}
END_TEST

START_TEST(a_target_of_64_kib_is_cut_at_2048)
{
	static char target[RP_HEAD_MAX], out[2 * RP_TARGET_SHOWN];

	memset(target, '/', sizeof(target));
	struct rp_span at = {guard_put(0, target, sizeof(target)), sizeof(target)};

	ck_assert_uint_eq(rp_trigger_mask_target(out, sizeof(out), at, "profile"), RP_TARGET_SHOWN);
	ck_assert_mem_eq(out + RP_TARGET_SHOWN - 4, "/...", 4);
}
END_TEST

static void add_tests(TCase *tcase)
{
	tcase_add_loop_test(tcase, each_spelling_is_understood, 0, COUNT(spellings));
	tcase_add_test(tcase, without_a_name_no_query_triggers);
	tcase_add_loop_test(tcase, the_header_has_attributes, 0, COUNT(attributes));
	tcase_add_test(tcase, intervals_have_units);
	tcase_add_loop_test(tcase, a_query_may_come_apart_from_its_target, 0, 6);
	tcase_add_loop_test(tcase, routes_match_method_and_path, 0, COUNT(routes));
	tcase_add_test(tcase, who_asks_on_a_route_is_told_apart);
	tcase_add_test(tcase, bad_routes_say_why);
	tcase_add_test(tcase, there_are_at_most_32_routes_of_128_bytes);
	tcase_add_test(tcase, every_spelling_of_a_secret_is_checked_by_one_function);
	tcase_add_test(tcase, nobody_has_a_secret_that_is_empty_or_missing);
	tcase_add_loop_test(tcase, a_target_is_stored_without_its_secrets, 0, COUNT(masks));
	tcase_add_test(tcase, a_key_too_long_to_read_is_masked);
	tcase_add_test(tcase, a_target_is_cut_between_its_bytes);
	tcase_add_test(tcase, a_target_of_64_kib_is_cut_at_2048);
}

int main(void)
{
	Suite *suite = suite_create("trigger");
	TCase *tcase = tcase_create("judge and mask");

	add_tests(tcase);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
