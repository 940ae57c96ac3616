/* signals.c - a server that has plans of its own for signals, and counts what it gets.
 *
 * Room: tests/hosts.  `signals PORT MODE`: blocked (workers block everything), sigprof (a SIGPROF
 * timer), selfpipe (a handler that writes), realtime (handlers for all real-time signals),
 * realtime-late (installed in the first request), signalfd (reads all signals from one).
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>

enum { N_KICKS = 500 };

static const char *mode;
static int self_pipe[2], signals_fd;
static volatile sig_atomic_t n_profs, n_piped;
static int n_of[65]; /* by signal; written by the handler of the one thread that serves */

static int64_t thread_cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static void burn_us(int64_t us)
{
	int64_t end = thread_cpu_us() + us;

	while (thread_cpu_us() < end)
		;
}

static void *tell_mask(void *arg)
{
	*(unsigned long *)arg = http_mask();
	return NULL;
}

/* The mask that a child is born with. */
static unsigned long mask_of_child(void)
{
	unsigned long bits = 0;
	int fds[2];

	if (pipe(fds) != 0)
		return 0;
	pid_t pid = fork();

	if (pid == 0) {
		bits = http_mask();
		_exit(write(fds[1], &bits, sizeof(bits)) != sizeof(bits));
	}
	if (read(fds[0], &bits, sizeof(bits)) != sizeof(bits))
		bits = 1;
	waitpid(pid, NULL, 0);
	close(fds[0]);
	close(fds[1]);
	return bits;
}

/* Everything a thread can learn and do about its mask, during a request. */
static bool serve_blocked(int fd)
{
	unsigned long before = http_mask(), thread, child, inside, after;
	sigset_t none, old;
	pthread_t other;

	burn_us(20000);
	pthread_create(&other, NULL, tell_mask, &thread);
	pthread_join(other, NULL);
	child = mask_of_child();
	sigemptyset(&none);
	pthread_sigmask(SIG_SETMASK, &none, &old);
	burn_us(5000);
	inside = http_mask();
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	burn_us(5000);
	after = http_mask();
	return http_answer(fd,
	                   "mask %lx, of a thread %lx, of a child %lx, cleared %lx, after %lx\n",
	                   before, thread, child, inside, after);
}

static void on_prof(int sig)
{
	(void)sig;
	n_profs++;
}

/* ITIMER_PROF runs at 100 Hz of CPU time: 200 ms are about 20. */
static bool serve_sigprof(int fd)
{
	int before = n_profs;

	burn_us(200000);
	return http_answer(fd, "ticks %d\n", n_profs - before);
}

/* Errno must survive it, as must what it interrupts. */
static void on_kick(int sig)
{
	int kept = errno;

	(void)sig;
	n_piped++;
	if (write(self_pipe[1], "k", 1) != 1)
		n_piped += 1000000;
	errno = kept;
}

static void *kick_main(void *arg)
{
	for (int i = 0; i < N_KICKS; i++) {
		char byte;

		pthread_kill(*(pthread_t *)arg, SIGUSR1);
		if (read(self_pipe[0], &byte, 1) != 1)
			return "lost";
	}
	return NULL;
}

/* Signals hit this thread while it works, sleeps and reads; each is acknowledged by its byte. */
static bool serve_selfpipe(int fd)
{
	pthread_t self = pthread_self(), kicker;
	void *lost = NULL;
	int before = n_piped, n_errno = 0;

	pthread_create(&kicker, NULL, kick_main, &self);
	while (n_piped - before < N_KICKS) {
		errno = 77;
		burn_us(500);
		n_errno += errno != 77;
		usleep(200);
	}
	pthread_join(kicker, &lost);
	return http_answer(fd, "kicked %d times, %s, errno changed %d times\n", n_piped - before,
	                   lost ? "one lost" : "none lost", n_errno);
}

static void on_any(int sig, siginfo_t *info, void *context)
{
	(void)context;
	n_of[sig] += info->si_code == SI_TKILL || info->si_code == SI_QUEUE ? 1 : 1000;
}

static void install_realtime(void)
{
	struct sigaction act = {.sa_sigaction = on_any, .sa_flags = SA_SIGINFO | SA_RESTART};

	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
		sigaction(sig, &act, NULL);
}

/* Sends itself each real-time signal, thrice, and asks what it installed. */
static bool serve_realtime(int fd)
{
	int right = 0, installed = 0;
	struct sigaction act;

	if (strcmp(mode, "realtime-late") == 0)
		install_realtime();
	memset(n_of, 0, sizeof(n_of));
	for (int i = 0; i < 3; i++) {
		burn_us(10000);
		for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++)
			pthread_kill(pthread_self(), sig);
	}
	burn_us(10000);
	for (int sig = SIGRTMIN; sig <= SIGRTMAX; sig++) {
		right += n_of[sig] == 3;
		sigaction(sig, NULL, &act);
		installed += act.sa_sigaction == on_any;
	}
	return http_answer(fd, "%d signals came thrice, %d handlers are mine\n", right, installed);
}

/* All signals are blocked and read; whatever is read and was not sent is said. */
static bool serve_signalfd(int fd)
{
	struct signalfd_siginfo info;
	int mine = 0, foreign = 0;

	for (int i = 0; i < 10; i++) {
		burn_us(3000);
		kill(getpid(), SIGUSR1);
		usleep(1000);
		while (read(signals_fd, &info, sizeof(info)) == sizeof(info))
			if (info.ssi_signo == SIGUSR1)
				mine++;
			else
				foreign++;
	}
	return http_answer(fd, "read %d of mine, %d others, mask %lx\n", mine, foreign,
	                   http_mask());
}

static bool serve(int fd, const struct http_request *q)
{
	(void)q;
	return strcmp(mode, "blocked") == 0    ? serve_blocked(fd)
	       : strcmp(mode, "sigprof") == 0  ? serve_sigprof(fd)
	       : strcmp(mode, "selfpipe") == 0 ? serve_selfpipe(fd)
	       : strcmp(mode, "signalfd") == 0 ? serve_signalfd(fd)
	                                       : serve_realtime(fd);
}

static void prepare(void)
{
	struct itimerval hundred = {{0, 10000}, {0, 10000}};
	struct sigaction act = {.sa_flags = SA_RESTART};
	sigset_t all;

	sigfillset(&all);
	if (strcmp(mode, "blocked") == 0 || strcmp(mode, "signalfd") == 0)
		pthread_sigmask(SIG_SETMASK, &all, NULL); /* the threads inherit it */
	if (strcmp(mode, "signalfd") == 0)
		signals_fd = signalfd(-1, &all, SFD_NONBLOCK);
	act.sa_handler = on_prof;
	sigaction(SIGPROF, &act, NULL);
	if (strcmp(mode, "sigprof") == 0)
		setitimer(ITIMER_PROF, &hundred, NULL);
	act.sa_handler = on_kick;
	sigaction(SIGUSR1, &act, NULL);
	if (strcmp(mode, "realtime") == 0)
		install_realtime();
}

int main(int argc, char **argv)
{
	mode = argc > 2 ? argv[2] : "blocked";
	if (pipe(self_pipe) != 0)
		return 1;
	int listener = http_listen(argc, argv);

	prepare();
	http_threads(listener, serve);
	return 0;
}
