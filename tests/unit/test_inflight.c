/* test_inflight.c - a table of requests in flight as the shim makes it, read as reqprof ps does.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/inflight.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "preload/cold/flights.h"
#include "preload/hot/clock.h"
#include "preload/hot/current.h"
#include "preload/hot/seat.h"
#include "preload/settings.h"
#include "tests/support/aloft.h"
#include "tests/support/flagged.h"
#include "tests/support/suite.h"
#include "tools/descriptor.h"

static struct rp_inflight_list list;
static uint32_t pid;
static char file[64];

/* A table of this process, as our thread makes it. */
static void ready(void)
{
	flagged_ready();
	rp_settings.ps = true;
	rp_settings.slow_ns = RP_NEVER;
	rp_flights_boot();
	rp_flights_make();
	atomic_store(&rp_flight_asleep, 0);
	pid = (uint32_t)getpid();
	snprintf(file, sizeof(file), RP_INFLIGHT_DIR "%u/%u", geteuid(), pid);
}

static void gone(void)
{
	rp_flights_remove();
}

static void read_own(void)
{
	rp_inflight_read(&list, &pid, 1);
	ck_assert_uint_eq(list.n_processes, 1);
}

START_TEST(the_file_is_ours_alone_and_goes_with_us)
{
	struct stat st;

	ck_assert_ptr_nonnull(atomic_load(&rp_flights));
	ck_assert_int_eq(stat(file, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0600);
	ck_assert_uint_eq((uint64_t)st.st_size, sizeof(struct rp_inflight));
	ck_assert_uint_ge((uint64_t)st.st_blocks * 512, sizeof(struct rp_inflight));
	read_own();
	ck_assert_uint_eq(list.n, 0);
	rp_inflight_free(&list);
	rp_flights_remove();
	ck_assert_int_ne(stat(file, &st), 0);
}
END_TEST

START_TEST(a_request_is_shown_with_its_thread_and_its_wait)
{
	struct aloft a = aloft_enter("/shop?password=x"), b = aloft_claim("/idle");
	char doing[400];
	struct rp_wait w;

	read_own();
	ck_assert_uint_eq(list.n, 2);
	ck_assert_str_eq(list.rows[0].method, "GET");
	ck_assert_str_eq(list.rows[0].path, "/shop");
	ck_assert_uint_eq(list.rows[0].tid, rp_self.tid);
	ck_assert_uint_eq(list.rows[0].since_ns, 0);
	ck_assert_str_eq(list.rows[1].path, "/idle");
	ck_assert_uint_eq(list.rows[1].tid, 0);
	rp_inflight_doing(&list.rows[0], doing, sizeof(doing));
	ck_assert_str_eq(doing, "runs");
	rp_inflight_doing(&list.rows[1], doing, sizeof(doing));
	ck_assert_str_eq(doing, "idle: no thread works for it");
	rp_inflight_free(&list);
	uint64_t before_ns = rp_mono_ns();

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, 20000000);
	read_own();
	ck_assert_uint_ge(list.rows[0].since_ns, before_ns);
	rp_inflight_doing(&list.rows[0], doing, sizeof(doing));
	ck_assert_str_eq(doing, "sleep 20.0 ms");
	rp_inflight_free(&list);
	rp_wait_leave(&w);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
	rp_current_over(b.number, b.serial, RP_END_COMPLETE);
	read_own();
	ck_assert_uint_eq(list.n, 0);
	rp_inflight_free(&list);
}
END_TEST

START_TEST(a_child_has_a_table_of_its_own_or_none)
{
	struct aloft a = aloft_enter("/");
	pid_t child = fork();

	if (child == 0) {
		rp_current_forked();
		rp_flight_forked();
		rp_flights_forked();
		_exit(atomic_load(&rp_flights) != NULL);
	}
	int status;

	waitpid(child, &status, 0);
	ck_assert_int_eq(status, 0);
	read_own(); /* and the parent's is as it was */
	ck_assert_uint_eq(list.n, 1);
	rp_inflight_free(&list);
	rp_current_over(a.number, a.serial, RP_END_COMPLETE);
}
END_TEST

START_TEST(a_table_of_another_process_under_our_number_is_removed)
{
	struct rp_inflight *table = atomic_load(&rp_flights);
	struct stat st;

	table->head.began_ticks++;
	rp_inflight_read(&list, &pid, 1);
	ck_assert_uint_eq(list.n_processes, 0);
	rp_inflight_free(&list);
	ck_assert_int_ne(stat(file, &st), 0);
}
END_TEST

START_TEST(what_is_no_table_is_passed_over)
{
	struct rp_inflight *table = atomic_load(&rp_flights);

	for (unsigned i = 0; i < sizeof(table->head.mark) + 24; i++) {
		((char *)&table->head)[i] ^= 0x55;
		rp_inflight_read(&list, &pid, 1);
		ck_assert_uint_eq(list.n_processes, 0);
		rp_inflight_free(&list);
		((char *)&table->head)[i] ^= 0x55;
	}
	read_own();
	rp_inflight_free(&list);
	ck_assert_int_eq(truncate(file, 4096), 0); /* by its own user, who may */
	rp_inflight_read(&list, &pid, 1);
	ck_assert_uint_eq(list.n_processes, 0);
	rp_inflight_free(&list);
}
END_TEST

START_TEST(descriptors_are_called_by_what_they_are)
{
	struct sockaddr_in a = {.sin_family = AF_INET};
	socklen_t n = sizeof(a);
	int pipes[2], listener = socket(AF_INET, SOCK_STREAM, 0);
	int client = socket(AF_INET, SOCK_STREAM, 0), event = eventfd(0, 0);
	int null = open("/dev/null", O_RDONLY), unbound = socket(AF_INET, SOCK_STREAM, 0), pair[2];
	char name[300], wanted[64];

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&a, &n);
	ck_assert_int_eq(connect(client, (struct sockaddr *)&a, n), 0);
	ck_assert_int_eq(pipe(pipes), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	snprintf(wanted, sizeof(wanted), "tcp 127.0.0.1:%u", ntohs(a.sin_port));
	const struct {
		int fd;
		const char *name;
	} rows[] = {{client, wanted},  {pipes[0], "pipe"}, {event, "eventfd"}, {null, "/dev/null"},
	            {pair[0], "unix"}, {99, "fd 99"},      {unbound, "socket"}};

	for (unsigned i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		rp_descriptor_name(pid, rows[i].fd, name, sizeof(name));
		ck_assert_str_eq(name, rows[i].name);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tools/inflight");
	TCase *tcase = tcase_create("all");

	tcase_add_checked_fixture(tcase, ready, gone);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, the_file_is_ours_alone_and_goes_with_us);
	tcase_add_test(tcase, a_request_is_shown_with_its_thread_and_its_wait);
	tcase_add_test(tcase, a_child_has_a_table_of_its_own_or_none);
	tcase_add_test(tcase, a_table_of_another_process_under_our_number_is_removed);
	tcase_add_test(tcase, what_is_no_table_is_passed_over);
	tcase_add_test(tcase, descriptors_are_called_by_what_they_are);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
