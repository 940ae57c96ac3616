/* test_gate.c - who may have a request recorded, and how many.
 *
 * Room: tests.  Real sockets of every kind of peer.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/gate.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>
#include "preload/hot/drops.h"
#include "preload/hot/self.h"
#include "preload/settings.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"

static unsigned n_starts;
static bool may_start = true;

static bool start(void)
{
	n_starts++;
	return may_start;
}

static void ready(void)
{
	flagged_ready();
	rp_gate_start = start;
	rp_settings.rate_milli = rp_settings.burst = 1000000;
	rp_settings.concurrent = RP_MAX_REQUESTS;
}

static struct rp_span span(const char *text)
{
	return (struct rp_span){text, text ? strlen(text) : 0};
}

static struct rp_head head_of(const char *target, const char *header)
{
	return (struct rp_head){.method = span("GET"),
	                        .target = span(target),
	                        .protocol = span("HTTP/1.1"),
	                        .trigger = span(header)};
}

/* The accepted end of a connection to ADDRESS of this machine; -1: there is no such address. */
static int accepted(int family, const char *address, const char *connect_to)
{
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6};
	struct sockaddr_in in = {.sin_family = AF_INET};
	struct sockaddr *a = family == AF_INET ? (void *)&in : (void *)&in6;
	socklen_t n = family == AF_INET ? sizeof(in) : sizeof(in6);
	int listener = socket(family, SOCK_STREAM, 0), client, no = 0;

	inet_pton(family, address,
	          family == AF_INET ? (void *)&in.sin_addr : (void *)&in6.sin6_addr);
	setsockopt(listener, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(listener, a, n) != 0 || listen(listener, 1) != 0 ||
	    getsockname(listener, a, &n) != 0)
		return -1;
	if (connect_to) { /* an IPv4 client of an IPv6 listener */
		in.sin_port = in6.sin6_port;
		inet_pton(AF_INET, connect_to, &in.sin_addr);
		a = (void *)&in;
		n = sizeof(in);
	}
	client = socket(a->sa_family, SOCK_STREAM, 0);
	return connect(client, a, n) == 0 ? accept(listener, NULL, NULL) : -1;
}

static int unix_pair(void)
{
	int ends[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	return ends[0];
}

static struct rp_request *admit(int fd, const char *target, const char *header, bool forwarded)
{
	struct rp_head head = head_of(target, header);

	head.forwarded = forwarded;
	return rp_gate_admit(fd, &head, 0, RP_NEVER);
}

static const struct {
	int family;
	const char *listen, *connect;
} locals[] = {
        {AF_INET, "127.0.0.1", NULL},  {AF_INET, "127.9.8.7", NULL}, {AF_INET6, "::1", NULL},
        {AF_INET6, "::", "127.0.0.1"}, {AF_UNIX, NULL, NULL},
};

static int local_peer(int i)
{
	return locals[i].family == AF_UNIX
	               ? unix_pair()
	               : accepted(locals[i].family, locals[i].listen, locals[i].connect);
}

START_TEST(peers_of_this_machine_may)
{
	int fd = local_peer(_i);
	struct rp_request *r;

	if (fd < 0 && locals[_i].family == AF_INET6) {
		printf("SKIP: no IPv6 here\n");
		return;
	}
	ck_assert_int_ge(fd, 0);
	r = admit(fd, "/slow?profile=1", NULL, false);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(atomic_load(&r->state), RP_REQUEST_LIVE);
	ck_assert_uint_eq(r->trigger, RP_TRIGGER_QUERY);
	ck_assert_uint_gt(r->n_peer, 0);
	ck_assert_uint_eq(r->interval_ns, rp_settings.interval_ns);
	ck_assert_uint_eq(atomic_load(&r->course.first_byte_ns), atomic_load(&r->course.head_ns));
	r = admit(fd, "/slow", "1", false);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->trigger, RP_TRIGGER_HEADER);
	ck_assert_uint_eq(n_starts, 2);
	ck_assert_ptr_null(admit(fd, "/slow", NULL, false));
	ck_assert_ptr_null(admit(fd, "/slow?profile=0", NULL, false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 0);
}
END_TEST

START_TEST(nobody_may_through_a_proxy)
{
	int fd = local_peer(_i);

	if (fd < 0)
		return; /* said above */
	ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, true));
	ck_assert_ptr_null(admit(fd, "/slow", "1", true));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 2);
	ck_assert_uint_eq(n_starts, 0);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
}
END_TEST

/* The first address of this machine that is not loopback, of FAMILY, into TEXT. */
static bool own_address(int family, char *text)
{
	struct ifaddrs *all, *a;
	bool found = false;

	if (getifaddrs(&all) != 0)
		return false;
	for (a = all; a && !found; a = a->ifa_next) {
		struct sockaddr_in *in = (void *)a->ifa_addr;
		struct sockaddr_in6 *in6 = (void *)a->ifa_addr;

		if (!in || in->sin_family != family || (a->ifa_flags & IFF_LOOPBACK) ||
		    (family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&in6->sin6_addr)))
			continue;
		found = inet_ntop(family,
		                  family == AF_INET ? (void *)&in->sin_addr
		                                    : (void *)&in6->sin6_addr,
		                  text, INET6_ADDRSTRLEN);
	}
	freeifaddrs(all);
	return found;
}

START_TEST(other_addresses_may_not)
{
	static const int families[] = {AF_INET, AF_INET6, AF_INET};
	char own[INET6_ADDRSTRLEN];
	int fd = -1;

	if (own_address(families[_i], own))
		fd = _i < 2 ? accepted(families[_i], own, NULL) : accepted(AF_INET6, "::", own);
	if (fd < 0) {
		printf("SKIP: no address but loopback here (%d)\n", _i);
		return;
	}
	ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, false));
	ck_assert_ptr_null(admit(fd, "/slow", "1", false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 2);
	ck_assert_ptr_null(admit(fd, "/slow", NULL, false)); /* asked nothing: refused nothing */
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 2);
	ck_assert_uint_eq(n_starts, 0);
}
END_TEST

/* Who is connected and who is named must both be of this machine. */
START_TEST(a_gateway_names_its_client_but_cannot_make_one_local)
{
	static const struct {
		const char *named;
		bool local;
	} clients[] = {{"127.0.0.1", true},
	               {"::1", true},
	               {"::ffff:127.9.9.9", true},
	               {"unix:", true},
	               {"10.0.0.1", false},
	               {"2001:db8::1", false},
	               {"::ffff:10.0.0.1", false},
	               {"?", false},
	               {"", false}};
	struct rp_head head = head_of("/slow?profile=1", NULL);
	char own[INET6_ADDRSTRLEN];
	int local = unix_pair(), fd;

	for (size_t i = 0; i < sizeof(clients) / sizeof(*clients); i++) {
		rp_address_read(&head.peer, span(clients[i].named));
		struct rp_request *r = rp_gate_admit(local, &head, 0, RP_NEVER);

		ck_assert_msg(!r == !clients[i].local, "%s", clients[i].named);
		if (r)
			ck_assert_uint_eq(r->client.kind, head.peer.kind);
		if (r)
			rp_request_free(r);
	}
	if (!own_address(AF_INET, own)) {
		printf("SKIP: no address but loopback here\n");
		return;
	}
	fd = accepted(AF_INET, own, NULL);
	ck_assert_int_ge(fd, 0);
	rp_address_read(&head.peer, span("127.0.0.1"));
	ck_assert_ptr_null(rp_gate_admit(fd, &head, 0, RP_NEVER));
}
END_TEST

START_TEST(what_is_no_connection_is_not_served)
{
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	errno = 4242;
	ck_assert_ptr_null(admit(ends[0], "/slow?profile=1", NULL, false));
	ck_assert_ptr_null(admit(socket(AF_INET, SOCK_STREAM, 0), "/slow?profile=1", NULL, false));
	ck_assert_ptr_null(admit(-1, "/slow?profile=1", NULL, false));
	ck_assert_int_eq(errno, 4242);
	ck_assert_uint_eq(n_starts, 0);
}
END_TEST

START_TEST(asleep_or_on_our_own_thread_nothing_is_flagged)
{
	rp_awake = false;
	ck_assert_ptr_null(admit(unix_pair(), "/slow?profile=1", NULL, false));
	rp_awake = true;
	rp_self.ours = true;
	ck_assert_ptr_null(admit(unix_pair(), "/slow?profile=1", NULL, false));
	rp_self.ours = false;
	ck_assert_ptr_nonnull(admit(unix_pair(), "/slow?profile=1", NULL, false));
}
END_TEST

#define SECRET "0123456789abcdef0"

static void know_secret(void)
{
	rp_settings.rules.has_secret = true;
	rp_settings.rules.n_secrets = 1;
	rp_settings.rules.secrets[0].n = sizeof(SECRET) - 1;
	memcpy(rp_settings.rules.secrets[0].bytes, SECRET, sizeof(SECRET) - 1);
}

START_TEST(a_secret_opens_for_whoever_knows_it_and_nobody_else)
{
	char own[INET6_ADDRSTRLEN];
	int fd = own_address(AF_INET, own) ? accepted(AF_INET, own, NULL) : unix_pair();

	know_secret();
	ck_assert_ptr_nonnull(admit(fd, "/slow?profile=" SECRET, NULL, false));
	ck_assert_ptr_nonnull(admit(fd, "/slow?profile=" SECRET, NULL, true));
	ck_assert_ptr_nonnull(admit(fd, "/slow", SECRET, true));
	ck_assert_ptr_nonnull(admit(fd, "/slow", "save; key=" SECRET, true));
	fd = unix_pair(); /* being local is not enough any more */
	ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, false));
	ck_assert_ptr_null(admit(fd, "/slow", "1", false));
	ck_assert_ptr_null(admit(fd, "/slow?profile=" SECRET "1", NULL, false));
	ck_assert_ptr_null(admit(fd, "/slow?profile=0123456789abcdef", NULL, false));
	rp_settings.rules.n_secrets = 0; /* the file was bad: nobody knows it */
	ck_assert_ptr_null(admit(fd, "/slow?profile=" SECRET, NULL, false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_refused]), 5);
}
END_TEST

START_TEST(a_route_asks_nobody_and_is_left_when_the_trigger_is_refused)
{
	char why[RP_TRIGGER_WHY];
	struct rp_request *r;

	ck_assert(rp_trigger_parse_routes(&rp_settings.rules, "/slow*", why));
	r = admit(unix_pair(), "/slow", NULL, true);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->trigger, RP_TRIGGER_ROUTE);
	r = admit(unix_pair(), "/slow?profile=1", "save; interval=100us; tag=mine", true);
	ck_assert_ptr_nonnull(r);
	ck_assert_uint_eq(r->trigger, RP_TRIGGER_ROUTE);
	ck_assert_uint_eq(r->interval_ns, rp_settings.interval_ns); /* not what was asked */
	ck_assert_uint_eq(r->tag.n, 0);
	ck_assert_ptr_null(admit(unix_pair(), "/slow?profile=0", NULL, false));
}
END_TEST

/* Without a secret a local client may save; REQPROF_OPEN=loopback gives it the rest. */
START_TEST(a_mode_beyond_the_scope_saves)
{
	static const struct {
		const char *target, *header;
		enum rp_mode open, shut;
	} cases[] = {{"/slow?profile=1", NULL, RP_MODE_HTML, RP_MODE_SAVE},
	             {"/slow?profile=text", NULL, RP_MODE_TEXT, RP_MODE_SAVE},
	             {"/slow?profile=1&term=1", NULL, RP_MODE_TERM, RP_MODE_SAVE},
	             {"/slow?profile=save", NULL, RP_MODE_SAVE, RP_MODE_SAVE},
	             {"/slow", "1", RP_MODE_SAVE, RP_MODE_SAVE},
	             {"/slow", "html", RP_MODE_HTML, RP_MODE_SAVE}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		rp_settings.open_loopback = true;
		ck_assert_uint_eq(admit(unix_pair(), cases[i].target, cases[i].header, false)->mode,
		                  cases[i].open);
		rp_settings.open_loopback = false;
		ck_assert_uint_eq(admit(unix_pair(), cases[i].target, cases[i].header, false)->mode,
		                  cases[i].shut);
	}
}
END_TEST

START_TEST(an_interval_of_the_client_has_a_floor)
{
	static const struct {
		const char *header;
		uint64_t ns;
	} cases[] = {{"save; interval=1us", 100000},      {"save; interval=99us", 100000},
	             {"save; interval=100us", 100000},    {"save; interval=101us", 101000},
	             {"save; interval=100000hz", 100000}, {"save; interval=2s", 2000000000},
	             {"save; interval=0", 1000000},       {"save", 1000000}};

	for (unsigned i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct rp_request *r = admit(unix_pair(), "/slow", cases[i].header, false);

		ck_assert_ptr_nonnull(r);
		ck_assert_uint_eq(r->interval_ns, cases[i].ns);
	}
	rp_settings.interval_ns = 50000; /* of the environment: below the floor of clients */
	ck_assert_uint_eq(admit(unix_pair(), "/slow", "1", false)->interval_ns, 50000);
}
END_TEST

START_TEST(a_burst_then_the_rate)
{
	int fd = unix_pair();

	rp_settings.rate_milli = 1; /* one in a thousand seconds */
	rp_settings.burst = 3;
	for (unsigned i = 0; i < 3; i++)
		ck_assert_ptr_nonnull(admit(fd, "/slow?profile=1", NULL, false));
	for (unsigned i = 0; i < 3; i++)
		ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_over_rate]), 3);
	rp_settings.rate_milli = 1000000; /* a thousand a second: the bucket fills at once */
	rp_settings.burst = 4000000;
	ck_assert_ptr_nonnull(admit(fd, "/slow?profile=1", NULL, false));
}
END_TEST

START_TEST(no_more_at_once_than_allowed)
{
	int fd = unix_pair();
	struct rp_request *r[3];

	rp_settings.concurrent = 2;
	r[0] = admit(fd, "/slow?profile=1", NULL, false);
	r[1] = admit(fd, "/slow?profile=1", NULL, false);
	ck_assert(r[0] && r[1] && r[0] != r[1]);
	ck_assert_uint_ne(atomic_load(&r[0]->serial), atomic_load(&r[1]->serial));
	ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_over_concurrent]), 1);
	rp_request_end(r[0], RP_END_COMPLETE, 1);
	r[2] = admit(fd, "/slow?profile=1", NULL, false); /* the first is not written yet */
	ck_assert(r[2] && r[2] != r[0]);
	ck_assert_ptr_null(admit(fd, "/slow?profile=1", NULL, false));
}
END_TEST

START_TEST(without_our_thread_the_request_is_let_go)
{
	may_start = false;
	for (unsigned i = 0; i < 2 * RP_MAX_REQUESTS; i++)
		ck_assert_ptr_null(admit(unix_pair(), "/slow?profile=1", NULL, false));
	ck_assert_uint_eq(atomic_load(&rp_drops[RP_DROP_no_thread]), 2 * RP_MAX_REQUESTS);
	ck_assert_uint_eq(atomic_load(&rp_n_requests), 0);
	may_start = true;
	ck_assert_ptr_nonnull(admit(unix_pair(), "/slow?profile=1", NULL, false));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("gate");
	TCase *tcase = tcase_create("gate");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_loop_test(tcase, peers_of_this_machine_may, 0, 5);
	tcase_add_loop_test(tcase, nobody_may_through_a_proxy, 0, 5);
	tcase_add_loop_test(tcase, other_addresses_may_not, 0, 3);
	tcase_add_test(tcase, a_gateway_names_its_client_but_cannot_make_one_local);
	tcase_add_test(tcase, what_is_no_connection_is_not_served);
	tcase_add_test(tcase, asleep_or_on_our_own_thread_nothing_is_flagged);
	tcase_add_test(tcase, a_secret_opens_for_whoever_knows_it_and_nobody_else);
	tcase_add_test(tcase, a_route_asks_nobody_and_is_left_when_the_trigger_is_refused);
	tcase_add_test(tcase, a_mode_beyond_the_scope_saves);
	tcase_add_test(tcase, an_interval_of_the_client_has_a_floor);
	tcase_add_test(tcase, a_burst_then_the_rate);
	tcase_add_test(tcase, no_more_at_once_than_allowed);
	tcase_add_test(tcase, without_our_thread_the_request_is_let_go);
	return suite_run(suite);
}
