/* test_permit.c - every spelling against every reason to refuse it, and who the client is.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/permit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include "preload/hot/nonces.h"
#include "preload/settings.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

enum { NOW = 1800000000 };

static struct rp_secret *const own = &rp_settings.rules.secrets[0];

static struct rp_span span(const char *text)
{
	return (struct rp_span){text, text ? strlen(text) : 0};
}

static void ready(void)
{
	memset(&rp_settings, 0, sizeof(rp_settings));
	strcpy(rp_settings.rules.name, "profile");
}

static void know_secret(void)
{
	rp_settings.rules.has_secret = true;
	rp_settings.rules.n_secrets = 2;
	ck_assert(rp_secret_set(&rp_settings.rules.secrets[0], "0123456789abcdef", 16));
	ck_assert(
	        rp_secret_set(&rp_settings.rules.secrets[1], "the one before, in a rotation", 29));
}

static struct sockaddr_storage peer_of(const char *address)
{
	struct sockaddr_storage s;
	struct rp_address a = {0};

	rp_address_read(&a, span(address));
	ck_assert(rp_address_socket(&a, &s));
	return s;
}

struct asked {
	const char *peer, *named, *forwarded_for, *host, *target, *header;
	bool forwarded;
};

static struct rp_permit permit(struct asked q)
{
	struct rp_head head = {.method = span("GET"),
	                       .target = span(q.target ? q.target : "/api/x?profile=html"),
	                       .trigger = span(q.header),
	                       .host = span(q.host),
	                       .forwarded = q.forwarded || q.forwarded_for,
	                       .forwarded_for = span(q.forwarded_for)};
	struct sockaddr_storage peer = peer_of(q.peer ? q.peer : "127.0.0.1");
	struct rp_trigger t;
	struct rp_permit p;

	if (q.named)
		rp_address_read(&head.peer, span(q.named));
	ck_assert_int_ne(rp_trigger_judge(&rp_settings.rules, &head, &t), RP_TRIGGER_NONE);
	rp_permit(&p, &head, &t, &peer, NOW);
	return p;
}

/* The spellings of a mode and a key. */
static const struct {
	const char *target, *header;
} forms[] = {
        {"/api/x?profile=%s.%s", NULL},
        {"/api/x?a=b&profile=%s.force.%s&c", NULL},
        {"http://h/api/x?profile=%s.%s", NULL},
        {"/api/x", "%s; key=%s"},
        {"/api/x", "mode=%s; key=%s; tag=a; interval=2ms"},
        {"/api/x", "%s; %s"},
        {"/api/x", "%s; force; key=%s"},
        {"/api/x?profile=1", "%s; key=%s"},
};

static struct rp_permit spelled(unsigned form, const char *mode, const char *key, const char *peer)
{
	char target[512], header[512];

	snprintf(target, sizeof(target), forms[form].target, mode, key);
	if (forms[form].header)
		snprintf(header, sizeof(header), forms[form].header, mode, key);
	return permit((struct asked){
	        .target = target, .header = forms[form].header ? header : NULL, .peer = peer});
}

/* A token that differs from a good one for html on /api as the row of the matrix says. */
static const char *token(int64_t exp_after, enum rp_scope scope, const char *path, uint64_t nonce,
                         const struct rp_secret *secret)
{
	static char text[RP_TOKEN_BYTES + 1];
	struct rp_token t = {.exp_s = (uint64_t)(NOW + exp_after), .nonce = nonce, .scope = scope};

	t.n_path = (uint8_t)strlen(path);
	memcpy(t.path, path, t.n_path);
	text[rp_token_write(text, &t, secret)] = '\0';
	return text;
}

static const char *cut(const char *key)
{
	static char text[RP_TOKEN_BYTES + 1];

	strcpy(text, key);
	text[strlen(text) - 1] = '\0';
	return text;
}

START_TEST(the_matrix)
{
	struct rp_secret strange;
	const char *good, *far = "203.0.113.9";
	uint64_t nonce = 100 * (uint64_t)(_i + 1);

	know_secret();
	ck_assert(rp_secret_set(&strange, "fedcba9876543210", 16));
#define WHY(key, mode) (int)spelled((unsigned)_i, mode, key, far).why
	ck_assert_int_eq(WHY("0123456789abcdef", "html"), RP_REFUSAL_NONE);
	ck_assert_int_eq(WHY("the one before, in a rotation", "html"), RP_REFUSAL_NONE);
	ck_assert_int_eq(WHY("", "html"), RP_REFUSAL_no_key);
	ck_assert_int_eq(WHY("0123456789abcde", "html"), RP_REFUSAL_wrong_key);
	ck_assert_int_eq(WHY("0123456789abcdef0", "html"), RP_REFUSAL_wrong_key);
	ck_assert_int_eq(WHY("0123456789abcdee", "html"), RP_REFUSAL_wrong_key);
	good = token(600, RP_SCOPE_HTML, "/api", nonce, own);
	ck_assert_int_eq(WHY(good, "html"), RP_REFUSAL_NONE);
	ck_assert_int_eq(WHY(cut(good), "html"), RP_REFUSAL_wrong_key);
	ck_assert_int_eq(rp_nonce_take(nonce, NOW + 600 + RP_TOKEN_SKEW_S, NOW), RP_NONCE_NEW);
	ck_assert_int_eq(WHY(good, "html"), RP_REFUSAL_replayed);
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_HTML, "/api", nonce + 1, &strange), "html"),
	                 RP_REFUSAL_unknown);
	memcpy(strange.kid, own->kid, sizeof(strange.kid));
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_HTML, "/api", nonce + 1, &strange), "html"),
	                 RP_REFUSAL_forged);
	ck_assert_int_eq(WHY(token(-61, RP_SCOPE_HTML, "/api", nonce + 1, own), "html"),
	                 RP_REFUSAL_expired);
	ck_assert_int_eq(WHY(token(961, RP_SCOPE_HTML, "/api", nonce + 1, own), "html"),
	                 RP_REFUSAL_early);
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_HTML, "/other", nonce + 1, own), "html"),
	                 RP_REFUSAL_path);
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_SAVE, "/api", nonce + 1, own), "html"),
	                 RP_REFUSAL_scope);
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_TEXT, "/api", nonce + 1, own), "html"),
	                 RP_REFUSAL_scope);
	ck_assert_int_eq(WHY(token(600, RP_SCOPE_TEXT, "/api", nonce + 1, own), "json"),
	                 RP_REFUSAL_NONE);
#undef WHY
	ready();
	ck_assert_int_eq(spelled((unsigned)_i, "html", "0123456789abcdef", far).why,
	                 RP_REFUSAL_peer);
}
END_TEST

START_TEST(a_token_that_names_no_mode_gets_what_it_may)
{
	char target[512];

	know_secret();
	snprintf(target, sizeof(target), "/x?profile=%s", token(9, RP_SCOPE_SAVE, "", 1, own));
	struct rp_permit p = permit((struct asked){.target = target});

	ck_assert_int_eq(p.why, RP_REFUSAL_NONE);
	ck_assert(p.has_token && p.token.nonce == 1);
	ck_assert_int_eq(p.mode, RP_MODE_SAVE);
	snprintf(target, sizeof(target), "/x?profile=%s", token(9, RP_SCOPE_HTML, "", 2, own));
	ck_assert_int_eq(permit((struct asked){.target = target}).mode, RP_MODE_HTML);
	rp_settings.keep_answers = true;
	ck_assert_int_eq(permit((struct asked){.target = target}).mode, RP_MODE_SAVE);
}
END_TEST

/* Who the client is, and through whom. */
static const struct {
	struct asked q;
	const char *allow, *proxies;
	int why;
} places[] = {
        {{.peer = "127.0.0.1"}, NULL, NULL, RP_REFUSAL_NONE},
        {{.peer = "10.0.0.1"}, NULL, NULL, RP_REFUSAL_peer},
        {{.peer = "127.0.0.1", .forwarded = true}, NULL, NULL, RP_REFUSAL_proxy},
        {{.peer = "127.0.0.1", .forwarded_for = "127.0.0.1"}, NULL, NULL, RP_REFUSAL_proxy},
        {{.peer = "10.0.0.1"}, "10.0.0.0/8", NULL, RP_REFUSAL_NONE},
        {{.peer = "11.0.0.1"}, "10.0.0.0/8", NULL, RP_REFUSAL_network},
        {{.peer = "127.0.0.1"}, "10.0.0.0/8", NULL, RP_REFUSAL_network},
        {{.peer = "10.0.0.1", .forwarded = true}, "10.0.0.0/8", NULL, RP_REFUSAL_proxy},
        {{.peer = "10.0.0.1", .forwarded_for = "10.0.0.9"}, "10.0.0.0/8", NULL, RP_REFUSAL_proxy},
        {{.peer = "10.0.0.1"}, "!", NULL, RP_REFUSAL_network}, /* a bad list */
        {{.peer = "10.0.0.1", .forwarded_for = "127.0.0.1"}, NULL, "10.0.0.1", RP_REFUSAL_NONE},
        {{.peer = "10.0.0.1", .forwarded_for = "127.0.0.1, 192.0.2.1"},
         NULL,
         "10.0.0.1",
         RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .forwarded_for = "192.0.2.1,127.0.0.1, 10.0.0.1"},
         NULL,
         "10.0.0.1",
         RP_REFUSAL_NONE},
        {{.peer = "10.0.0.2", .forwarded_for = "127.0.0.1"}, NULL, "10.0.0.1", RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .forwarded_for = "unknown"}, NULL, "10.0.0.1", RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .forwarded_for = "127.0.0.1,"}, NULL, "10.0.0.1", RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .forwarded = true}, NULL, "10.0.0.1", RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .forwarded_for = "192.0.2.7"},
         "192.0.2.0/24",
         "10.0.0.1",
         RP_REFUSAL_NONE},
        {{.peer = "10.0.0.1", .forwarded_for = "192.0.3.7"},
         "192.0.2.0/24",
         "10.0.0.1",
         RP_REFUSAL_network},
        {{.peer = "unix:", .forwarded_for = "192.0.2.7"},
         "192.0.2.0/24",
         "127.0.0.1",
         RP_REFUSAL_NONE},
        {{.peer = "unix:", .named = "127.0.0.1"}, NULL, NULL, RP_REFUSAL_NONE},
        {{.peer = "unix:", .named = "192.0.2.7"}, NULL, NULL, RP_REFUSAL_peer},
        {{.peer = "unix:", .named = "?"}, NULL, NULL, RP_REFUSAL_proxy},
        {{.peer = "10.0.0.1", .named = "127.0.0.1"}, NULL, NULL, RP_REFUSAL_peer},
        {{.peer = "10.0.0.1", .named = "127.0.0.1"}, NULL, "10.0.0.1", RP_REFUSAL_NONE},
        {{.peer = "unix:", .named = "192.0.2.7"}, "192.0.2.7", NULL, RP_REFUSAL_NONE},
};

START_TEST(who_the_client_is)
{
	if (places[_i].allow)
		rp_networks_parse(&rp_settings.allow, span(places[_i].allow));
	if (places[_i].proxies)
		ck_assert(rp_networks_parse(&rp_settings.proxies, span(places[_i].proxies)));
	ck_assert_int_eq(permit(places[_i].q).why, places[_i].why);
}
END_TEST

START_TEST(a_list_of_clients_binds_those_who_know_the_secret)
{
	struct asked q = {.peer = "10.0.0.1", .target = "/x?profile=0123456789abcdef"};

	know_secret();
	ck_assert_int_eq(permit(q).why, RP_REFUSAL_NONE);
	ck_assert(rp_networks_parse(&rp_settings.allow, span("192.0.2.0/24")));
	ck_assert_int_eq(permit(q).why, RP_REFUSAL_network);
	q.peer = "192.0.2.1";
	ck_assert_int_eq(permit(q).why, RP_REFUSAL_NONE);
	q.forwarded = true;
	ck_assert_int_eq(permit(q).why, RP_REFUSAL_proxy);
}
END_TEST

/* REQPROF_OPEN=loopback: a page of somebody else whose name leads here is no local client. */
static const struct {
	struct asked q;
	enum rp_mode mode;
	int doubt;
} opened[] = {
        {{.host = NULL}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "localhost"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "LOCALHOST:8080"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "shop.localhost:8080"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "127.0.0.1:8080"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "127.1.2.3"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "[::1]:8080"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "[::1]"}, RP_MODE_HTML, RP_REFUSAL_NONE},
        {{.host = "evil.example"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "evillocalhost"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "127.0.0.1.evil.example"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "10.0.0.1"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "[::2]"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "[::1"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = ":80"}, RP_MODE_SAVE, RP_REFUSAL_host},
        {{.host = "evil.example", .header = "save"}, RP_MODE_SAVE, RP_REFUSAL_NONE},
        {{.host = "localhost", .header = "text"}, RP_MODE_TEXT, RP_REFUSAL_NONE},
        {{.host = "localhost", .peer = "10.0.0.1", .forwarded_for = "127.0.0.1"},
         RP_MODE_SAVE,
         RP_REFUSAL_NONE},
};

START_TEST(open_for_whoever_is_here)
{
	rp_settings.open_loopback = true;
	ck_assert(rp_networks_parse(&rp_settings.proxies, span("10.0.0.1")));
	struct rp_permit p = permit(opened[_i].q);

	ck_assert_int_eq(p.why, RP_REFUSAL_NONE);
	ck_assert_int_eq(p.mode, opened[_i].mode);
	ck_assert_int_eq(p.doubt, opened[_i].doubt);
	rp_settings.keep_answers = true;
	ck_assert_int_eq(permit(opened[_i].q).mode, RP_MODE_SAVE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("permit");
	TCase *tcase = tcase_create("permit");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_loop_test(tcase, the_matrix, 0, COUNT(forms));
	tcase_add_test(tcase, a_token_that_names_no_mode_gets_what_it_may);
	tcase_add_loop_test(tcase, who_the_client_is, 0, COUNT(places));
	tcase_add_test(tcase, a_list_of_clients_binds_those_who_know_the_secret);
	tcase_add_loop_test(tcase, open_for_whoever_is_here, 0, COUNT(opened));
	return suite_run(suite);
}
