/* bench_waits.c - what a wait costs a flagged request: a short one, one that is told, a lock.
 *
 * Room: tests.  Run under LD_PRELOAD with REQPROF_DIR an empty directory and the gate wide open:
 * the process serves itself, a request flagged and a request not, in turns.  With the word
 * "watched": what they take where nothing is flagged, in one line, for bench.sh, which sets
 * REQPROF_SLOW or REQPROF_PS, or neither.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include "tests/bench/self.h"

enum { N_PAIRS = 60, N_SHORT = 500, N_TOLD = 20, TOLD_NS = 40000, SETTLE_NS = 3000000 };

static struct self s;
static int zero;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static void pause_ns(long ns)
{
	struct timespec t = {0, ns};

	nanosleep(&t, NULL);
}

static double cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* CPU of one read, one sleep, one pair of lock and unlock. */
struct cost {
	double read_ns, sleep_ns, lock_ns;
};

static struct cost work(void)
{
	struct cost cost;
	double at_ns = cpu_ns();
	char bytes[16];

	for (int i = 0; i < N_SHORT; i++)
		if (read(zero, bytes, sizeof(bytes)) < 0)
			give_up("bench_waits: read");
	cost.read_ns = (cpu_ns() - at_ns) / N_SHORT;
	at_ns = cpu_ns();
	for (int i = 0; i < N_TOLD; i++)
		pause_ns(TOLD_NS);
	cost.sleep_ns = (cpu_ns() - at_ns) / N_TOLD;
	at_ns = cpu_ns();
	for (int i = 0; i < N_SHORT; i++) {
		pthread_mutex_lock(&mutex);
		pthread_mutex_unlock(&mutex);
	}
	cost.lock_ns = (cpu_ns() - at_ns) / N_SHORT;
	return cost;
}

/* Ticks are rare here: what they cost is told elsewhere. */
static struct cost serve(bool flagged)
{
	char head[128];
	struct cost cost;

	snprintf(head, sizeof(head), "GET /waits HTTP/1.1\r\nHost: self\r\n%s: interval=1s\r\n\r\n",
	         flagged ? "X-Reqprof" : "X-Nothing");
	send_whole(s.client, head);
	take_some(s.server);
	cost = work();
	send_whole(s.server, SMALL_RESPONSE);
	take_some(s.client);
	pause_ns(SETTLE_NS);
	return cost;
}

static void measure_watched(void)
{
	static double reads[N_PAIRS], sleeps[N_PAIRS], locks[N_PAIRS];

	serve(false);
	pause_ns(200000000); /* our thread runs, and has its tables */
	for (int i = 0; i < N_PAIRS; i++) {
		struct cost cost = serve(false);

		reads[i] = cost.read_ns;
		sleeps[i] = cost.sleep_ns;
		locks[i] = cost.lock_ns;
	}
	printf("%.1f %.1f %.1f\n", median_of(reads, N_PAIRS), median_of(sleeps, N_PAIRS),
	       median_of(locks, N_PAIRS));
}

int main(int argc, char **argv)
{
	s = self_open_tcp();
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	if (zero < 0)
		give_up("/dev/zero");
	if (argc == 2 && strcmp(argv[1], "watched") == 0) {
		measure_watched();
		return EXIT_SUCCESS;
	}
	serve(true); /* the first one builds the tables of stacks */
	pause_ns(200000000);
	for (int i = 0; i < N_PAIRS; i++) {
		struct cost cost[2];

		for (int turn = 0; turn < 2; turn++) {
			int which = (i ^ turn) & 1;

			cost[which] = serve(which == 0);
		}
		say_more("a wait that is only summed (read, 16 bytes)", "ns", "-", cost[0].read_ns,
		         cost[1].read_ns);
		say_more("a wait that is told, with its stack", "ns", "-", cost[0].sleep_ns,
		         cost[1].sleep_ns);
		say_more("an uncontended lock of a flagged request", "ns", "-", cost[0].lock_ns,
		         cost[1].lock_ns);
	}
	return EXIT_SUCCESS;
}
