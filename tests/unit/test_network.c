/* test_network.c - lists of networks, and who is in them.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/network.h"

#include <string.h>
#include <sys/un.h>
#include "tests/support/guard.h"
#include "tests/support/suite.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static struct rp_span span(const char *text)
{
	return (struct rp_span){guard_put(0, text, strlen(text)), strlen(text)};
}

static struct rp_ip ip_of(const char *text)
{
	struct rp_address a = {0};
	struct rp_ip ip;

	rp_address_read(&a, span(text));
	ck_assert_msg(rp_ip_of_address(&ip, &a), "%s", text);
	return ip;
}

static const struct {
	const char *list, *ip;
	bool holds;
} cases[] = {
        {"10.0.0.0/8", "10.255.0.1", true},
        {"10.0.0.0/8", "11.0.0.1", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},
        {"10.0.0.0/8", "::a00:1", false},
        {"192.0.2.128/25", "192.0.2.127", false},
        {"192.0.2.128/25", "192.0.2.200", true},
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7", "192.0.2.6", false},
        {"0.0.0.0/0", "203.0.113.9", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "203.0.113.9", true},
        {"2001:db8::/33", "2001:db8:7fff::1", true},
        {"2001:db8::/33", "2001:db8:8000::1", false},
        {"::1", "::1", true},
        {"::1", "127.0.0.1", false},
        {"10.0.0.0/8, ::1 ,192.0.2.7/32", "::1", true},
        {"10.0.0.0/8, ::1 ,192.0.2.7/32", "192.0.2.7", true},
        {"10.0.0.0/8, ::1 ,192.0.2.7/32", "192.0.2.8", false},
};

START_TEST(who_is_in_a_list)
{
	struct rp_networks set;
	struct rp_ip ip = ip_of(cases[_i].ip);

	ck_assert(rp_networks_parse(&set, span(cases[_i].list)));
	ck_assert_msg(rp_networks_hold(&set, &ip) == cases[_i].holds, "%s in %s", cases[_i].ip,
	              cases[_i].list);
}
END_TEST

START_TEST(a_bad_list_holds_nobody)
{
	static const char *const bad[] = {"",
	                                  ",",
	                                  "10.0.0.0/8,,::1",
	                                  "10.0.0.0/33",
	                                  "::/129",
	                                  "10.0.0.0/",
	                                  "10.0.0/8",
	                                  "10.0.0.0/x",
	                                  "localhost",
	                                  "unix:/x",
	                                  "10.0.0.0/-1",
	                                  "10.0.0.0/0x8",
	                                  "10.0.0.0 /8",
	                                  "1.2.3.4;::1",
	                                  "10.0.0.0/1234"};
	struct rp_networks set;
	struct rp_ip ip = ip_of("10.0.0.1");

	for (size_t i = 0; i < COUNT(bad); i++) {
		ck_assert_msg(!rp_networks_parse(&set, span(bad[i])), "%s", bad[i]);
		ck_assert(set.given && !set.n && !rp_networks_hold(&set, &ip));
	}
}
END_TEST

START_TEST(a_list_has_at_most_32_networks)
{
	char text[16 * (RP_MAX_NETWORKS + 1)] = "";
	struct rp_networks set;

	for (int i = 0; i < RP_MAX_NETWORKS; i++)
		strcat(text, i ? ",10.0.0.1" : "10.0.0.1");
	ck_assert(rp_networks_parse(&set, span(text)));
	ck_assert_uint_eq(set.n, RP_MAX_NETWORKS);
	strcat(text, ",10.0.0.1");
	ck_assert(!rp_networks_parse(&set, span(text)));
}
END_TEST

START_TEST(who_is_this_machine)
{
	struct sockaddr_storage local = {.ss_family = AF_UNIX}, other = {.ss_family = AF_NETLINK};
	struct rp_ip ip = ip_of("127.255.0.1");

	ck_assert(rp_ip_is_loopback(&ip));
	ip = ip_of("::1");
	ck_assert(rp_ip_is_loopback(&ip));
	ip = ip_of("::127.0.0.1"); /* an old form, not the mapped one */
	ck_assert(!rp_ip_is_loopback(&ip));
	ip = ip_of("128.0.0.1");
	ck_assert(!rp_ip_is_loopback(&ip));
	ck_assert(rp_ip_of_socket(&ip, &local) && rp_ip_is_loopback(&ip));
	ck_assert(!rp_ip_of_socket(&ip, &other));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("network");
	TCase *tcase = tcase_create("network");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, who_is_in_a_list, 0, COUNT(cases));
	tcase_add_test(tcase, a_bad_list_holds_nobody);
	tcase_add_test(tcase, a_list_has_at_most_32_networks);
	tcase_add_test(tcase, who_is_this_machine);
	return suite_run(suite);
}
