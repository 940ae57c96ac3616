/* test_object.c - how the things that are waited for are called.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/object.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/un.h>
#include <unistd.h>
#include "preload/hot/request.h"
#include "tests/support/guard.h"
#include "tests/support/suite.h"

static char text[RP_OBJECT_BYTES + 1];

static const char *name_of(struct rp_waited what)
{
	size_t n = rp_object_name(text, RP_OBJECT_BYTES, &what, 0);

	ck_assert_uint_le(n, RP_OBJECT_BYTES);
	text[n] = 0;
	return text;
}

static const char *name_of_fd(int fd)
{
	return name_of((struct rp_waited){.kind = RP_WAIT_READ, .fd = fd});
}

static const char *const v6[][2] = {
        {"::", "[::]:80"},
        {"::1", "[::1]:80"},
        {"fd00::2", "[fd00::2]:80"},
        {"2001:db8:0:1:1:1:1:1", "[2001:db8:0:1:1:1:1:1]:80"}, /* one zero is no run */
        {"2001:0:0:1:0:0:0:1", "[2001:0:0:1::1]:80"},
        {"2001:db8::1:0:0:1", "[2001:db8::1:0:0:1]:80"}, /* the first of equals */
        {"1:2:3:4:5:6::", "[1:2:3:4:5:6::]:80"},
        {"::ffff:10.1.2.3", "10.1.2.3:80"},
        {"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:80"},
};

START_TEST(ipv6_as_rfc_5952_writes_it)
{
	struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(80)};

	ck_assert_int_eq(inet_pton(AF_INET6, v6[_i][0], &a.sin6_addr), 1);
	text[rp_object_address(text, RP_OBJECT_BYTES, (void *)&a, sizeof(a))] = 0;
	ck_assert_str_eq(text, v6[_i][1]);
}
END_TEST

START_TEST(addresses_of_other_families)
{
	struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(65535)};
	struct sockaddr_un un = {.sun_family = AF_UNIX, .sun_path = "/run/x.sock"};
	struct sockaddr other = {.sa_family = AF_PACKET};

	inet_pton(AF_INET, "255.0.1.20", &in.sin_addr);
	text[rp_object_address(text, RP_OBJECT_BYTES, (void *)&in, sizeof(in))] = 0;
	ck_assert_str_eq(text, "255.0.1.20:65535");
	text[rp_object_address(text, RP_OBJECT_BYTES, (void *)&un, sizeof(un))] = 0;
	ck_assert_str_eq(text, "unix:/run/x.sock");
	text[rp_object_address(text, RP_OBJECT_BYTES, (void *)&un, 2)] = 0;
	ck_assert_str_eq(text, "unix");
	memcpy(un.sun_path, "\0abs", 4);
	text[rp_object_address(text, RP_OBJECT_BYTES, (void *)&un, 2 + 4)] = 0;
	ck_assert_str_eq(text, "unix:@abs");
	text[rp_object_address(text, RP_OBJECT_BYTES, &other, sizeof(other))] = 0;
	ck_assert_str_eq(text, "socket of another family");
	ck_assert_uint_eq(rp_object_address(text, RP_OBJECT_BYTES, &other, 0), 0);
}
END_TEST

START_TEST(descriptors_by_what_is_behind_them)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int ends[2], listener = socket(AF_INET, SOCK_STREAM, 0), client, served;
	char want[64];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_str_eq(name_of_fd(ends[0]), "pipe");
	ck_assert_str_eq(name_of_fd(eventfd(0, 0)), "eventfd");
	ck_assert_str_eq(name_of_fd(open("/dev/null", O_RDONLY)), "/dev/null");
	ck_assert_str_eq(name_of_fd(12345), "fd 12345");
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
	ck_assert_str_eq(name_of_fd(ends[0]), "unix");
	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	ck_assert_int_eq(bind(listener, (void *)&a, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (void *)&a, &n);
	snprintf(want, sizeof(want), "own tcp 127.0.0.1:%d", ntohs(a.sin_port));
	ck_assert_str_eq(name_of_fd(listener), want);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (void *)&a, n), 0);
	ck_assert_str_eq(name_of_fd(client), want + 4);
	served = accept(listener, (void *)&rp_requests[0].peer, &rp_requests[0].n_peer);
	rp_requests[0].n_peer = sizeof(struct sockaddr_storage);
	ck_assert_int_eq(getpeername(served, (void *)&rp_requests[0].peer, &rp_requests[0].n_peer),
	                 0);
	ck_assert_int_eq(strncmp(name_of_fd(served), "client tcp 127.0.0.1:", 21), 0);
}
END_TEST

static const struct {
	struct rp_waited what;
	const char *name;
} things[] = {
        {{RP_WAIT_SLEEP, -1, NULL, 20000000, NULL}, "20 ms"},
        {{RP_WAIT_SLEEP, -1, NULL, 1500000, NULL}, "1500 us"},
        {{RP_WAIT_SLEEP, -1, NULL, 20150000, NULL}, "20 ms"},
        {{RP_WAIT_SLEEP, -1, NULL, 50000, NULL}, "50 us"},
        {{RP_WAIT_SLEEP, -1, NULL, 0, NULL}, ""},
        {{RP_WAIT_SLEEP, -1, NULL, 999999, NULL}, "1 ms"},
        {{RP_WAIT_GETADDRINFO, -1, "example.org", 0, NULL}, "example.org"},
        {{RP_WAIT_MUTEX, -1, (void *)0x7fff12345678, 0, NULL}, "0x345678"},
        {{RP_WAIT_WAITPID, -1, NULL, 4711, NULL}, "4711"},
        {{RP_WAIT_SEMOP, -1, NULL, 0, NULL}, "0"},
        {{RP_WAIT_OTHER, -1, NULL, 0, NULL}, ""},
};

START_TEST(other_things)
{
	ck_assert_str_eq(name_of(things[_i].what), things[_i].name);
}
END_TEST

START_TEST(sets_of_descriptors_name_the_first_that_count)
{
	int ends[2];
	struct pollfd fds[6];

	ck_assert_int_eq(pipe(ends), 0);
	for (unsigned i = 0; i < 6; i++)
		fds[i] = (struct pollfd){.fd = ends[0]};
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_POLL, -1, fds, 1, NULL}), "pipe");
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_POLL, -1, fds, 2, NULL}),
	                 "2 fds: pipe, pipe");
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_POLL, -1, fds, 6, NULL}),
	                 "6 fds: pipe, pipe, pipe, ...");
	fds[0].fd = -1; /* poll passes over it; so do we */
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_POLL, -1, fds, 2, NULL}), "pipe");
}
END_TEST

START_TEST(a_select_names_the_first_descriptors)
{
	int ends[2];
	uint64_t fds = 0;

	ck_assert_int_eq(pipe(ends), 0);
	for (int i = 0; i < 5; i++)
		fds = rp_object_add_fd(fds, i, i == 1 ? 1000 : ends[0]);
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_SELECT, -1, NULL, fds | 2, NULL}),
	                 "2 fds: pipe, fd 1000");
	ck_assert_str_eq(name_of((struct rp_waited){RP_WAIT_SELECT, -1, NULL, fds | 5, NULL}),
	                 "5 fds: pipe, fd 1000, pipe, ...");
}
END_TEST

/* Only what was waited for long, and is not yet on the other side, is slow. */
START_TEST(a_client_that_reads_slowly_is_told)
{
	static char bytes[1 << 20];
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int listener = socket(AF_INET, SOCK_STREAM, 0), client, served;

	inet_pton(AF_INET, "127.0.0.1", &a.sin_addr);
	ck_assert_int_eq(bind(listener, (void *)&a, n) | listen(listener, 1), 0);
	getsockname(listener, (void *)&a, &n);
	client = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(connect(client, (void *)&a, n), 0);
	served = accept(listener, NULL, NULL);
	rp_requests[0].n_peer = sizeof(struct sockaddr_storage);
	getpeername(served, (void *)&rp_requests[0].peer, &rp_requests[0].n_peer);

	struct rp_waited what = {RP_WAIT_SEND, served, NULL, 5000000, NULL};

	ck_assert_ptr_null(strstr(name_of(what), "slowly"));
	while (send(served, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
		;
	ck_assert_ptr_nonnull(strstr(name_of(what), " (peer reads slowly)"));
	ck_assert_int_eq(strncmp(text, "client tcp 127.0.0.1:", 21), 0);
	what.n = 1000;
	ck_assert_ptr_null(strstr(name_of(what), "slowly"));
	what = (struct rp_waited){RP_WAIT_RECV, served, NULL, 5000000, NULL};
	ck_assert_ptr_null(strstr(name_of(what), "slowly"));
}
END_TEST

START_TEST(names_are_cut_never_overrun)
{
	struct rp_waited what = {RP_WAIT_GETADDRINFO, -1, "a-very-long-name.example.org", 0, NULL};

	for (size_t cap = 0; cap < 40; cap++) {
		char *at = (char *)(uintptr_t)guard_put(0, text, cap); /* CAP bytes, no more */
		size_t n = rp_object_name(at, cap, &what, 0);

		ck_assert_uint_eq(n, cap < strlen(what.at) ? cap : strlen(what.at));
		ck_assert_int_eq(memcmp(at, what.at, n), 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("object");
	TCase *tcase = tcase_create("object");

	suite_add_tcase(suite, tcase);
	tcase_add_loop_test(tcase, ipv6_as_rfc_5952_writes_it, 0, sizeof(v6) / sizeof(*v6));
	tcase_add_test(tcase, addresses_of_other_families);
	tcase_add_test(tcase, descriptors_by_what_is_behind_them);
	tcase_add_loop_test(tcase, other_things, 0, sizeof(things) / sizeof(*things));
	tcase_add_test(tcase, sets_of_descriptors_name_the_first_that_count);
	tcase_add_test(tcase, a_select_names_the_first_descriptors);
	tcase_add_test(tcase, a_client_that_reads_slowly_is_told);
	tcase_add_test(tcase, names_are_cut_never_overrun);
	return suite_run(suite);
}
