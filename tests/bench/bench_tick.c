/* bench_tick.c - what a tick costs with a handler that does nothing: by a timer a thread, and by a
 * thread that sends signals to the others; and how many of the ticks that are due come.
 *
 * Room: tests.  Run without the shim: the part of a tick that is the machine's, not ours.
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "tests/bench/burn.h"

enum { N_PAIRS = 11, BURN_NS = 60000000, PERIOD_NS = 100000 };

static volatile long ticks;

static void tick(int sig)
{
	(void)sig;
	ticks++;
}

static timer_t make_timer(void)
{
	struct sigaction action = {.sa_handler = tick, .sa_flags = SA_RESTART};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 1};
	timer_t timer;

	event._sigev_un._tid = gettid();
	if (sigaction(event.sigev_signo, &action, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer))
		give_up("bench_tick: timer");
	return timer;
}

static double burn_ns(timer_t timer, long period_ns, unsigned long turns)
{
	struct itimerspec on = {{0, period_ns}, {0, period_ns}}, off = {{0, 0}, {0, 0}};

	timer_settime(timer, 0, &on, NULL);
	double began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	burn(turns);
	double took_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns;

	timer_settime(timer, 0, &off, NULL);
	return took_ns;
}

/* --- the two sources side by side: N threads burn for the same CPU time --- */

enum { MOST_THREADS = 16, ROUNDS = 3, ROUND_NS = 40000000 };

static pthread_barrier_t together;
static _Atomic bool by_timer, by_sender, stop_sender;
static _Atomic long came;
static _Atomic int tids[MOST_THREADS];
static int n_threads;
static long period_ns;
static unsigned long share;

static void count(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	came += 1 + (info->si_code == SI_TIMER ? info->si_overrun : 0);
}

static void *worker(void *arg)
{
	struct itimerspec on = {{0, period_ns}, {0, period_ns}};
	struct sigevent event = {.sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGRTMIN + 2};
	timer_t timer;

	event._sigev_un._tid = gettid();
	*(_Atomic int *)arg = gettid();
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		give_up("bench_tick: timer");
	pthread_barrier_wait(&together);
	if (by_timer)
		timer_settime(timer, 0, &on, NULL);
	burn(share);
	timer_delete(timer);
	*(_Atomic int *)arg = 0;
	return NULL;
}

/* As a sampling thread would: sleeps to the next moment, signals who is at work. */
static void *sender(void *arg)
{
	struct timespec next;

	clock_gettime(CLOCK_MONOTONIC, &next);
	while (!stop_sender) {
		next.tv_nsec += period_ns;
		next.tv_sec += next.tv_nsec / 1000000000;
		next.tv_nsec %= 1000000000;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
		for (int i = 0; i < n_threads; i++) {
			siginfo_t info = {.si_code = SI_QUEUE, .si_pid = getpid()};
			int tid = tids[i];

			if (tid)
				syscall(SYS_rt_tgsigqueueinfo, getpid(), tid, SIGRTMIN + 2, &info);
		}
	}
	return arg;
}

/* CPU time of the process for one round, and its wall time. */
static double round_ns(double *wall_ns)
{
	pthread_t threads[MOST_THREADS], sends;

	came = 0;
	stop_sender = false;
	pthread_barrier_init(&together, NULL, (unsigned)n_threads + 1);
	for (int i = 0; i < n_threads; i++)
		pthread_create(&threads[i], NULL, worker, &tids[i]);
	double cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID), began_ns = clock_ns(CLOCK_MONOTONIC);

	pthread_barrier_wait(&together);
	if (by_sender)
		pthread_create(&sends, NULL, sender, NULL);
	for (int i = 0; i < n_threads; i++)
		pthread_join(threads[i], NULL);
	*wall_ns = clock_ns(CLOCK_MONOTONIC) - began_ns;
	cpu_ns = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu_ns;
	stop_sender = true;
	if (by_sender)
		pthread_join(sends, NULL);
	return cpu_ns;
}

static void compare(const char *what, bool timer)
{
	char name[96];

	for (int i = 0; i < ROUNDS; i++) {
		double wall_ns, bare_ns;

		by_timer = by_sender = false;
		bare_ns = round_ns(&wall_ns);
		by_timer = timer;
		by_sender = !timer;
		double cpu_ns = round_ns(&wall_ns);

		if (!came)
			continue;
		snprintf(name, sizeof(name), "tick by %s, %d thread%s, %ld us", what, n_threads,
		         n_threads == 1 ? "" : "s", period_ns / 1000);
		say_value(name, "us", "-", (cpu_ns - bare_ns) / (double)came / 1e3);
		strcat(name, ": came");
		say_value(name, "%", "-",
		          (double)came * (double)period_ns * 100 / wall_ns / n_threads);
	}
}

static void compare_all(unsigned long turns)
{
	static const int threads[] = {1, 4, 16};
	static const long periods[] = {1000000, 100000};
	struct sigaction action = {.sa_sigaction = count, .sa_flags = SA_RESTART | SA_SIGINFO};

	sigaction(SIGRTMIN + 2, &action, NULL);
	for (int i = 0; i < 3; i++)
		for (int p = 0; p < 2; p++) {
			n_threads = threads[i];
			period_ns = periods[p];
			share = turns / (unsigned long)n_threads;
			compare("timer", true);
			compare("sender", false);
		}
}

int main(void)
{
	timer_t timer = make_timer();
	unsigned long turns = (unsigned long)(BURN_NS * burn_turns_per_ns());

	for (int i = 0; i < N_PAIRS; i++) {
		double ns[2]; /* with ticks, without */

		ticks = 0;
		for (int turn = 0; turn < 2; turn++) {
			int which = (i ^ turn) & 1;

			ns[which] = burn_ns(timer, which ? 0 : PERIOD_NS, turns);
		}
		if (ticks)
			say_value("a tick with an empty handler, no shim", "us", "-",
			          (ns[0] - ns[1]) / (double)ticks / 1e3);
	}
	compare_all((unsigned long)(2 * ROUND_NS * burn_turns_per_ns()));
	return EXIT_SUCCESS;
}
