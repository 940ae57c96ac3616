/* test_delim_address.c - addresses as gateways write them, against libc's own reading.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_address.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include "preload/hot/delim.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

static struct rp_address read_text(const char *text)
{
	struct rp_address a = {.port = 7};
	size_t n = strlen(text);

	memset(a.bytes, 0xaa, sizeof(a.bytes));
	rp_address_read(&a, (struct rp_span){guard_put(0, text, n), n});
	ck_assert_uint_eq(a.port, 7);
	return a;
}

static void check_like_libc(const char *text)
{
	struct rp_address a = read_text(text);
	uint8_t bytes[16] = {0};
	int kind = inet_pton(AF_INET, text, bytes) == 1    ? RP_ADDRESS_IP4
	           : inet_pton(AF_INET6, text, bytes) == 1 ? RP_ADDRESS_IP6
	                                                   : RP_ADDRESS_UNKNOWN;

	if (kind == RP_ADDRESS_UNKNOWN)
		memset(bytes, 0, sizeof(bytes));
	ck_assert_msg(a.kind == kind, "%s is of kind %d and not %d", text, a.kind, kind);
	ck_assert_msg(!memcmp(a.bytes, bytes, sizeof(bytes)), "%s", text);
}

START_TEST(as_libc_reads_them)
{
	static const char *const texts[] = {
	        "127.0.0.1",
	        "255.255.255.255",
	        "1.2.3",
	        "1.2.3.4.5",
	        "1.2.3.256",
	        "1..2.3",
	        "1.2.3.",
	        ".1.2.3",
	        "1.2.3.4 ",
	        "0.0.0.0",
	        "",
	        ":",
	        "::",
	        ":::",
	        "::1",
	        "1::",
	        "1:",
	        ":1",
	        "1::2::3",
	        "1:2:3:4:5:6:7:8",
	        "1:2:3:4:5:6:7",
	        "1:2:3:4:5:6:7:8:9",
	        "1:2:3:4:5:6:7::",
	        "::2:3:4:5:6:7:8",
	        "fe80::dead:BEEF",
	        "2001:db8::12345",
	        "::ffff:127.0.0.1",
	        "::127.0.0.1",
	        "1:2:3:4:5:6:1.2.3.4",
	        "1:2:3:4:5:6:7:1.2.3.4",
	        "1:2:3:4:5:1.2.3.4",
	        "::ffff:1.2.3",
	        "::1.2.3.4:1",
	        "fe80::1%lo",
	        "g::1",
	        "01.2.3.4",
	        "localhost",
	        "[::1]",
	};

	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
		check_like_libc(texts[i]);
}
END_TEST

/* Whatever can be made of the signs that addresses have. */
START_TEST(as_libc_reads_any_mixture)
{
	static const char SIGNS[] = "::::....0011f9a25";
	unsigned state = 1;

	for (unsigned i = 0; i < 200000; i++) {
		char text[24] = "";
		unsigned n = (unsigned)rand_r(&state) % 20;

		for (unsigned k = 0; k < n; k++)
			text[k] = SIGNS[(unsigned)rand_r(&state) % (sizeof(SIGNS) - 1)];
		check_like_libc(text);
	}
}
END_TEST

START_TEST(a_socket_without_a_number)
{
	ck_assert_uint_eq(read_text("unix:").kind, RP_ADDRESS_UNIX);
	ck_assert_uint_eq(read_text("unix:/run/x").kind, RP_ADDRESS_UNIX);
	ck_assert_uint_eq(read_text("unix").kind, RP_ADDRESS_UNKNOWN);
}
END_TEST

START_TEST(ports_are_digits)
{
	static const struct {
		const char *text;
		unsigned port;
	} ports[] = {{"80", 80}, {"65535", 65535}, {"65536", 0}, {"", 0},
	             {"8x", 0},  {"-1", 0},        {"0080", 80}, {"99999999999999999999", 0}};

	for (size_t i = 0; i < sizeof(ports) / sizeof(*ports); i++) {
		size_t n = strlen(ports[i].text);
		struct rp_span text = {guard_put(0, ports[i].text, n), n};

		ck_assert_uint_eq(rp_address_port(text), ports[i].port);
	}
}
END_TEST

START_TEST(the_kernel_gets_them_as_it_writes_them)
{
	struct sockaddr_storage s;
	char text[64];
	struct rp_address a = read_text("192.0.2.7");

	ck_assert_uint_eq(rp_address_socket(&a, &s), sizeof(struct sockaddr_in));
	ck_assert_str_eq(inet_ntop(AF_INET, &((struct sockaddr_in *)&s)->sin_addr, text, 64),
	                 "192.0.2.7");
	ck_assert_uint_eq(ntohs(((struct sockaddr_in *)&s)->sin_port), 7);
	a = read_text("2001:db8::7");
	ck_assert_uint_eq(rp_address_socket(&a, &s), sizeof(struct sockaddr_in6));
	ck_assert_str_eq(inet_ntop(AF_INET6, &((struct sockaddr_in6 *)&s)->sin6_addr, text, 64),
	                 "2001:db8::7");
	ck_assert_uint_eq(ntohs(((struct sockaddr_in6 *)&s)->sin6_port), 7);
	a = read_text("unix:");
	ck_assert_uint_eq(rp_address_socket(&a, &s), sizeof(s.ss_family));
	ck_assert_uint_eq(s.ss_family, AF_UNIX);
	a = read_text("?");
	ck_assert_uint_eq(rp_address_socket(&a, &s), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_address");
	TCase *tcase = tcase_create("addresses");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, as_libc_reads_them);
	tcase_add_test(tcase, as_libc_reads_any_mixture);
	tcase_add_test(tcase, a_socket_without_a_number);
	tcase_add_test(tcase, ports_are_digits);
	tcase_add_test(tcase, the_kernel_gets_them_as_it_writes_them);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
