/* bench_tick.c - what one expiry of a per-thread timer costs with a handler that does nothing.
 *
 * Room: tests.  Run without the shim: the part of a tick that is the machine's, not ours.
 * SPDX-License-Identifier: MIT
 */
#include <signal.h>
#include <string.h>
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
	return EXIT_SUCCESS;
}
