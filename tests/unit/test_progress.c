/* test_progress.c - a bar on a terminal that goes again, and nothing anywhere else.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tests/support/suite.h"

static char seen[1 << 16];
static size_t n_seen;

/* What comes out of FD until it has come to END, or for PATIENCE_MS nothing comes. */
static bool read_to(int fd, const char *end, int patience_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	while (!strstr(seen, end) && n_seen + 1 < sizeof(seen) &&
	       poll(&ready, 1, patience_ms) == 1) {
		ssize_t n = read(fd, seen + n_seen, sizeof(seen) - 1 - n_seen);

		if (n <= 0)
			break;
		n_seen += (size_t)n;
		seen[n_seen] = '\0';
	}
	return strstr(seen, end) != NULL;
}

static int open_terminal(void)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(master, 0);
	ck_assert_int_eq(grantpt(master), 0);
	ck_assert_int_eq(unlockpt(master), 0);
	int slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert_int_ge(slave, 0);
	ck_assert_int_eq(dup2(slave, STDERR_FILENO), STDERR_FILENO);
	close(slave);
	setenv("TERM", "xterm", 1);
	return master;
}

START_TEST(long_work_has_a_bar_that_is_erased)
{
	struct rp_progress progress;
	int master = open_terminal();

	rp_progress_begin(&progress, "reading symbols", 10);
	rp_progress_at(&progress, 5, "/lib/lib\033[2Jx.so");
	ck_assert(read_to(master, "\\x1B[2Jx.so", 20000)); /* made harmless */
	ck_assert_ptr_nonnull(strstr(seen, "reading symbols [##########          ]  50 %"));
	rp_progress_end(&progress);
	n_seen = 0;
	seen[0] = '\0';
	ck_assert(read_to(master, "\r\033[K", 20000));
	while (read_to(master, "never", 100))
		;
	ck_assert_str_eq(seen + n_seen - 4, "\r\033[K"); /* and nothing after it */
	close(master);
}
END_TEST

START_TEST(short_work_has_none)
{
	struct rp_progress progress;
	int master = open_terminal();

	for (int i = 0; i < 100; i++) {
		rp_progress_begin(&progress, "reading symbols", 10);
		rp_progress_at(&progress, 9, "x");
		rp_progress_end(&progress);
		ck_assert(!progress.runs);
	}
	close(master);
}
END_TEST

START_TEST(where_there_is_no_terminal_nothing_is_drawn)
{
	struct rp_progress progress;
	int ends[2];

	ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
	ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	rp_progress_begin(&progress, "reading symbols", 10);
	ck_assert(!progress.runs);
	rp_progress_end(&progress);
	open_terminal();
	setenv("TERM", "dumb", 1);
	rp_progress_begin(&progress, "reading symbols", 10);
	ck_assert(!progress.runs);
	rp_progress_end(&progress);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("progress");
	TCase *t = tcase_create("progress");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, long_work_has_a_bar_that_is_erased);
	tcase_add_test(t, short_work_has_none);
	tcase_add_test(t, where_there_is_no_terminal_nothing_is_drawn);
	return suite_run(suite);
}
