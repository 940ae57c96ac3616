/* test_maker.c - a page is made by another process, and the host sees nothing of it.
 *
 * Room: tests.  The tool is this program itself: the path of the session says how it behaves.  What
 * it finds around itself is in its answer.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/maker.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "preload/cold/sandboxed.h"
#include "preload/settings.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

/* What a sanitizer maps is more memory than the tool may have. */
#ifdef __SANITIZE_ADDRESS__
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif

enum { LATE_MS = 300 };

extern char **environ;

/* ---- as the tool ----------------------------------------------------------------------------- */

static void print_page(const char *body, size_t promised)
{
	printf("Content-Length: %zu\r\nContent-Type: text/plain\r\nX-Odd: a\r\n\r\n%s", promised,
	       body);
	fflush(stdout);
}

static unsigned long long mask_of(const char *name)
{
	char line[256];
	unsigned long long mask = ~0ull;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ":%llx", &mask);
	if (f)
		fclose(f);
	return mask;
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = -1; /* its own */

	for (struct dirent *e; d && (e = readdir(d));)
		n += e->d_name[0] != '.';
	if (d)
		closedir(d);
	return n;
}

static void tell_surroundings(void)
{
	char text[1024];
	size_t n = 0;

	for (char **e = environ; *e && n < sizeof(text); e++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s\n", *e);
	snprintf(
	        text + n, sizeof(text) - n,
	        "fds %d\nblocked %llx\nignored %llx\ncaught %llx\nnice %d\npolicy %d\nsession %d\n",
	        count_fds(), mask_of("SigBlk"), mask_of("SigIgn"), mask_of("SigCgt") & 0xffffffff,
	        getpriority(PRIO_PROCESS, 0), sched_getscheduler(0), getsid(0) == getpid());
	print_page(text, strlen(text));
}

static void burn(clockid_t clock, double seconds)
{
	struct timespec t;

	do
		clock_gettime(clock, &t);
	while ((double)t.tv_sec + (double)t.tv_nsec / 1e9 < seconds);
}

static void eat_memory(void)
{
	for (;;) {
		char *p = malloc(1 << 20);

		if (!p)
			abort();
		memset(p, 1, 1 << 20);
	}
}

static void fill_disk(void)
{
	static char some[1 << 20];

	while (fwrite(some, 1, sizeof(some), stdout))
		;
}

static void hang(bool deaf)
{
	for (int s = 1; deaf && s < 32; s++)
		signal(s, SIG_IGN);
	for (;;)
		pause();
}

static void act(const char *how)
{
	if (strcmp(how, "fine") == 0)
		print_page("hello", 5);
	else if (strcmp(how, "tell") == 0)
		tell_surroundings();
	else if (strcmp(how, "burn") == 0)
		burn(CLOCK_PROCESS_CPUTIME_ID, 0.3), print_page("hello", 5);
	else if (strcmp(how, "half") == 0)
		print_page("hello", 6);
	else if (strcmp(how, "crash") == 0)
		print_page("hello", 500), raise(SIGSEGV);
	else if (strcmp(how, "hang") == 0 || strcmp(how, "deaf") == 0)
		hang(how[0] == 'd');
	else if (strcmp(how, "memory") == 0)
		eat_memory();
	else if (strcmp(how, "disk") == 0)
		fill_disk();
	else if (strcmp(how, "orphan") == 0 && fork() == 0)
		usleep(100000);
	else if (strcmp(how, "orphan") == 0)
		print_page("hello", 5);
}

/* Before main: Check knows nothing of it. */
__attribute__((constructor)) static void be_the_tool(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "answer") != 0)
		return;
	act(argv[argc - 1]);
	_exit(0);
}

/* ---- as the host ----------------------------------------------------------------------------- */

static struct rp_made made;
static char body[4096];
static volatile sig_atomic_t n_sigchld;

static void on_sigchld(int s)
{
	(void)s;
	n_sigchld++;
}

static void use_tool(const char *path)
{
	snprintf(rp_settings.tool, sizeof(rp_settings.tool), "%s", path);
}

static void ready(void)
{
	struct sigaction sa = {.sa_handler = on_sigchld};
	char self[256] = "";

	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	use_tool(self);
	sigaction(SIGCHLD, &sa, NULL);
	n_sigchld = 0;
	rp_sandboxed_boot();
}

/* What is in OUT afterwards is in MADE and BODY. */
static enum rp_made_how make(const char *how, enum rp_mode mode)
{
	int out = memfd_create("page", MFD_CLOEXEC);
	struct rp_maker_job job = {.mode = mode, .session = how, .out = out, .most_ms = 0};

	if (how && (strcmp(how, "hang") == 0 || strcmp(how, "deaf") == 0))
		job.most_ms = LATE_MS;
	ck_assert(rp_maker_make(&job, &made));
	ck_assert_uint_lt(made.n_body, sizeof(body));
	ck_assert_int_eq(pread(out, body, made.n_body, (off_t)made.body), (ssize_t)made.n_body);
	body[made.n_body] = '\0';
	close(out);
	return made.how;
}

/* Nothing of it: no signal, no child, not even one to wait for, no descriptor. */
static void assert_unseen(int fds_before)
{
	ck_assert_int_eq(n_sigchld, 0);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG | __WALL), -1);
	ck_assert_int_eq(count_fds(), fds_before);
}

START_TEST(a_page_is_made_and_the_host_sees_nothing)
{
	int before = count_fds();
	char head[256];
	int out = memfd_create("page", MFD_CLOEXEC);
	struct rp_maker_job job = {.mode = RP_MODE_TEXT, .session = "fine", .out = out};

	ck_assert(rp_maker_make(&job, &made));
	ck_assert_int_eq(made.how, RP_MADE);
	ck_assert_int_eq(pread(out, head, made.n_head, (off_t)made.head), (ssize_t)made.n_head);
	head[made.n_head] = '\0';
	ck_assert_str_eq(head, "Content-Type: text/plain\r\nX-Odd: a\r\n");
	ck_assert_uint_eq(made.n_body, 5);
	close(out);
	assert_unseen(before);
}
END_TEST

START_TEST(the_tool_gets_nothing_of_the_host)
{
	sigset_t all;
	int before, kept = open("/dev/null", O_RDONLY); /* to be inherited, if anything were */

	setenv("LD_PRELOAD", "", 1);
	setenv("DATABASE_PASSWORD", "secret", 1);
	signal(SIGPIPE, SIG_IGN);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	before = count_fds();
	ck_assert_int_eq(make("tell", RP_MODE_TEXT), RP_MADE);
	ck_assert_str_eq(body, "PATH=/usr/bin:/bin\nLC_ALL=C.UTF-8\nfds 3\nblocked 0\nignored 0\n"
	                       "caught 0\nnice 19\npolicy 3\nsession 1\n");
	assert_unseen(before);
	close(kept);
}
END_TEST

START_TEST(its_time_is_not_the_hosts)
{
	struct rusage children;

	ck_assert_int_eq(make("burn", RP_MODE_TEXT), RP_MADE);
	getrusage(RUSAGE_CHILDREN, &children);
	ck_assert_int_eq(children.ru_utime.tv_sec, 0);
	ck_assert_int_lt(children.ru_utime.tv_usec + children.ru_stime.tv_usec, 100000);
}
END_TEST

static const struct {
	const char *how;
	enum rp_made_how is;
} bad[] = {
        {"half", RP_MADE_BROKEN}, {"crash", RP_MADE_BROKEN}, {"silent", RP_MADE_BROKEN},
        {"disk", RP_MADE_BROKEN}, {"hang", RP_MADE_LATE},    {"deaf", RP_MADE_LATE},
        {NULL, RP_MADE_NO_FILE},
};

START_TEST(whatever_it_does_there_is_a_small_page)
{
	int before = count_fds();

	ck_assert_int_eq(make(bad[_i].how, RP_MODE_TEXT), bad[_i].is);
	ck_assert_ptr_nonnull(strstr(body, rp_maker_why(bad[_i].is)));
	if (bad[_i].how) {
		char command[64];

		snprintf(command, sizeof(command), "\n    reqprof show %s\n", bad[_i].how);
		ck_assert_ptr_nonnull(strstr(body, command));
	}
	assert_unseen(before);
}
END_TEST

START_TEST(its_memory_is_bounded)
{
	rp_settings.log[0] = '\0';
	ck_assert_int_eq(make("memory", RP_MODE_TEXT), RP_MADE_BROKEN);
}
END_TEST

/* Orphans go to the next reaper of orphans above: were that the host, it would be told. */
START_TEST(a_host_that_reaps_orphans_sees_nothing)
{
	int before = count_fds();

	ck_assert_int_eq(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 0);
	ck_assert_int_eq(make("orphan", RP_MODE_TEXT), RP_MADE);
	assert_unseen(before);
	ck_assert_int_eq(make("deaf", RP_MODE_TEXT), RP_MADE_LATE);
	assert_unseen(before);
}
END_TEST

/* ---- where it cannot be ---------------------------------------------------------------------- */

static void forbid(int call)
{
	struct sock_filter steps[] = {
	        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)call, 0, 1),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
	        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog all = {.len = 4, .filter = steps};

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &all), 0);
}

static const int forbidden[] = {SYS_clone, SYS_execveat, SYS_memfd_create + 100000};

START_TEST(a_sandbox_that_was_there_first_is_tried)
{
	int before = count_fds();

	forbid(forbidden[_i]);
	rp_sandboxed_boot();
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), _i == 2 ? RP_MADE : RP_MADE_NO_PROCESS);
	assert_unseen(before);
}
END_TEST

START_TEST(a_sandbox_of_the_hosts_own_is_not_tried)
{
	forbid(SYS_memfd_create + 100000);
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_SANDBOXED);
}
END_TEST

START_TEST(a_tool_that_others_may_change_is_not_run)
{
	char path[64], file[128];
	int dir = folder_make(path, sizeof(path), "test_maker");

	snprintf(file, sizeof(file), "%s/reqprof", path);
	use_tool(file);
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_TOOL);
	close(open(file, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_TOOL);
	chmod(file, 0777);
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_TOOL);
	chmod(file, 0755);
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_PROCESS); /* an empty file */
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(file, 1, 1), 0);
		ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_TOOL);
	}
	unlink(file);
	mkdir(file, 0755);
	ck_assert_int_eq(make("fine", RP_MODE_TEXT), RP_MADE_NO_TOOL);
	rmdir(file);
	folder_remove(dir, path);
}
END_TEST

START_TEST(small_pages_keep_strange_paths_harmless)
{
	const char *path = "/tmp/<b>&'\"\\\n\x80";

	use_tool("/nowhere");
	make(path, RP_MODE_HTML);
	ck_assert_ptr_nonnull(strstr(body, "<pre>reqprof html --open &#x27;/tmp/&#x3c;b&#x3e;&#x26;"
	                                   "&#x27;&#x5c;&#x27;&#x27;&#x22;&#x5c;&#x0a;&#x80;&#x27;"
	                                   "</pre>"));
	make(path, RP_MODE_JSON);
	ck_assert_ptr_nonnull(
	        strstr(body, "\"command\": \"reqprof show --json \\u0027/tmp/\\u003cb"));
	make(NULL, RP_MODE_JSON);
	ck_assert_ptr_nonnull(strstr(body, "\"command\": null}"));
	make("/tmp/a.reqprof", RP_MODE_HTML);
	ck_assert_ptr_nonnull(strstr(body, "<pre>reqprof html --open /tmp/a.reqprof</pre>"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("maker");
	TCase *tcase = tcase_create("maker");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, ready, NULL);
	if (!IS_SANITIZED) {
		tcase_add_test(tcase, a_page_is_made_and_the_host_sees_nothing);
		tcase_add_test(tcase, the_tool_gets_nothing_of_the_host);
		tcase_add_test(tcase, its_time_is_not_the_hosts);
		tcase_add_loop_test(tcase, whatever_it_does_there_is_a_small_page, 0,
		                    sizeof(bad) / sizeof(bad[0]));
		tcase_add_test(tcase, its_memory_is_bounded);
		tcase_add_test(tcase, a_host_that_reaps_orphans_sees_nothing);
		tcase_add_loop_test(tcase, a_sandbox_that_was_there_first_is_tried, 0, 3);
	}
	tcase_add_test(tcase, a_sandbox_of_the_hosts_own_is_not_tried);
	tcase_add_test(tcase, a_tool_that_others_may_change_is_not_run);
	tcase_add_test(tcase, small_pages_keep_strange_paths_harmless);
	return suite_run(suite);
}
