/* witness.c - a server that tells all it can see of itself, and what calls return that go wrong.
 *
 * Room: tests/hosts.  /state, /calls (good and bad calls, each with errno), /pointers (calls with
 * pointers to nowhere), /exit (leaves by exit, with words of atexit).
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/uio.h>

extern char **environ;

static char told[1 << 16];
static size_t n_told;

__attribute__((format(printf, 1, 2))) static void tell(const char *form, ...)
{
	va_list args;

	va_start(args, form);
	n_told += (size_t)vsnprintf(told + n_told, sizeof(told) - n_told, form, args);
	va_end(args);
}

/* The lines of PATH that contain WORD. */
static void tell_lines(const char *path, const char *word)
{
	char line[1000];
	FILE *f = fopen(path, "r");

	while (f && fgets(line, sizeof(line), f))
		if (strstr(line, word))
			tell("%s", line);
	if (f)
		fclose(f);
}

static int count_entries(const char *path)
{
	DIR *d = opendir(path);
	int n = 0;

	while (d && readdir(d))
		n++;
	if (d)
		closedir(d);
	return n;
}

static void tell_signals(void)
{
	struct sigaction act;
	unsigned long bits;
	stack_t stack;
	sigset_t set;

	tell("mask %lx\n", http_mask());
	sigpending(&set);
	memcpy(&bits, &set, sizeof(bits));
	tell("pending %lx\n", bits);
	for (int sig = 1; sig < 65; sig++)
		if (sigaction(sig, NULL, &act) == 0 && act.sa_handler != SIG_DFL)
			tell("action %d %s\n", sig,
			     act.sa_handler == SIG_IGN ? "ignored" : "caught");
	sigaltstack(NULL, &stack);
	tell("altstack %d %zu\n", stack.ss_flags, stack.ss_size);
}

static bool serve_state(int fd)
{
	char name[64] = "", cwd[500] = "";
	struct rlimit limit;

	tell_signals();
	tell_lines("/proc/thread-self/status", "Sig");
	tell("fds %d\n", count_entries("/proc/self/fd"));
	tell("threads %d\n", count_entries("/proc/self/task"));
	tell_lines("/proc/self/timers", "ID");
	getrlimit(RLIMIT_NOFILE, &limit);
	prctl(PR_GET_NAME, name);
	mode_t mask = umask(0);

	umask(mask);
	tell("files %ld, name %s, umask %o, cwd %s\n", (long)limit.rlim_cur, name, mask,
	     getcwd(cwd, sizeof(cwd)));
	for (char **e = environ; *e; e++)
		tell("env %s\n", *e);
	return http_answer_text(fd, told);
}

/* What CALL returned and left in errno, which was 77. */
#define TRY(call)                                                                                  \
	do {                                                                                       \
		errno = 77;                                                                        \
		long ret_ = (long)(call);                                                          \
		int errno_ = errno;                                                                \
		tell("%s: %ld %d\n", #call, ret_, errno_);                                         \
	} while (0)

static void try_descriptors(void)
{
	char buf[64];
	int fds[2], file = open("/dev/null", O_RDWR);
	volatile int minus = -1;
	struct epoll_event e;

	if (pipe(fds) != 0)
		return;
	TRY(write(fds[1], "abc", 3));
	TRY(read(fds[0], buf, sizeof(buf)));
	TRY(fcntl(fds[0], F_SETFL, O_NONBLOCK));
	TRY(read(fds[0], buf, sizeof(buf)));
	TRY(write(fds[0], "abc", 3));
	TRY(recv(fds[0], buf, sizeof(buf), 0));
	TRY(send(fds[1], buf, 1, 0));
	TRY(accept(fds[0], NULL, NULL));
	TRY(lseek(fds[0], 0, SEEK_SET));
	TRY(pread(fds[0], buf, 1, 0));
	TRY(fsync(fds[0]));
	TRY(dup2(fds[0], 250));
	TRY(dup2(-1, 250));
	TRY(dup3(fds[0], fds[0], 0));
	TRY(close(250));
	TRY(close(250));
	TRY(close(-1));
	TRY(read(-1, buf, 1));
	TRY(writev(file, NULL, 0));
	TRY(readv(fds[0], NULL, minus));
	TRY(shutdown(fds[0], SHUT_RDWR));
	TRY(epoll_wait(fds[0], &e, 1, 0));
	TRY(epoll_ctl(-1, EPOLL_CTL_ADD, fds[0], NULL));
	TRY(epoll_create1(-1));
	TRY(eventfd(0, -1));
	TRY(close_range(9, 3, 0));
	TRY(open("/nowhere/at/all", O_RDONLY));
	TRY(openat(-1, "x", O_RDONLY));
	close(fds[0]);
	close(fds[1]);
	close(file);
}

static void try_waits(void)
{
	struct timespec wrong = {0, 2000000000}, little = {0, 100000};
	struct pollfd p = {.fd = 999, .events = POLLIN};
	struct timeval none = {0, 0};
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	sigset_t set;

	sigemptyset(&set);
	TRY(poll(&p, 1, 0));
	TRY(poll(NULL, 0, 1));
	TRY(ppoll(&p, 1, &wrong, NULL));
	TRY(select(-1, NULL, NULL, NULL, &none));
	TRY(select(0, NULL, NULL, NULL, &none));
	TRY(nanosleep(&wrong, NULL));
	TRY(nanosleep(&little, NULL));
	TRY(clock_nanosleep(99, 0, &little, NULL));
	TRY(usleep(100));
	TRY(sigtimedwait(&set, NULL, &little));
	TRY(pthread_mutex_lock(&m));
	TRY(pthread_mutex_timedlock(&m, &little));
	TRY(pthread_cond_timedwait(&c, &m, &little));
	TRY(pthread_mutex_unlock(&m));
	TRY(pthread_join(pthread_self(), NULL));
	TRY(sigaction(0, NULL, NULL));
	TRY(sigaction(SIGKILL, &(struct sigaction){.sa_handler = SIG_IGN}, NULL));
	TRY(pthread_sigmask(99, &set, NULL));
	TRY(signalfd(999, &set, 0));
}

/* Addresses where nothing is: the kernel says EFAULT. */
static void try_pointers(void)
{
	void *volatile hidden = (void *)8;
	void *nowhere = hidden;
	int fds[2], ep = epoll_create1(0);

	if (pipe(fds) != 0 || write(fds[1], "abcdef", 6) != 6)
		return;
	TRY(read(fds[0], nowhere, 3));
	TRY(write(fds[1], nowhere, 3));
	TRY(readv(fds[0], nowhere, 1));
	TRY(writev(fds[1], nowhere, 2));
	TRY(recvmsg(fds[0], nowhere, 0));
	TRY(sendmsg(fds[1], nowhere, 0));
	TRY(poll(nowhere, 1, 1));
	TRY(select(5, nowhere, NULL, NULL, NULL));
	TRY(nanosleep(nowhere, NULL));
	TRY(open(nowhere, O_RDONLY));
	TRY(connect(fds[0], nowhere, 16));
	TRY(accept(fds[0], nowhere, nowhere));
	TRY(pipe(nowhere));
	TRY(epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], nowhere));
	TRY(epoll_pwait(ep, nowhere, 1, 1, nowhere));
	TRY(sigtimedwait(nowhere, NULL, NULL));
	close(fds[0]);
	close(fds[1]);
	close(ep);
}

static void last_words(void)
{
	printf("last words\n");
}

static bool serve(int fd, const struct http_request *q)
{
	n_told = 0;
	told[0] = 0;
	if (strcmp(q->path, "/state") == 0)
		return serve_state(fd);
	if (strcmp(q->path, "/calls") == 0) {
		try_descriptors();
		try_waits();
	} else if (strcmp(q->path, "/pointers") == 0) {
		try_pointers();
	} else if (strcmp(q->path, "/exit") == 0) {
		http_answer(fd, "leaving\n");
		atexit(last_words);
		exit(3);
	} else {
		return http_not_found(fd);
	}
	return http_answer_text(fd, told);
}

int main(int argc, char **argv)
{
	http_serial(http_listen(argc, argv), serve);
	return 0;
}
