/* bench_store.c - what a sample costs on disk and in time, on realistic stacks.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "tests/bench/pairs.h"
#include "tests/support/session.h"

enum { N_SAMPLES = 20000, N_ROUNDS = 15 };

static uint64_t n_puts, n_bytes;

static ssize_t count_bytes(int fd, const void *bytes, size_t n)
{
	(void)fd, (void)bytes;
	n_bytes += n;
	return (ssize_t)n;
}

/* Bytes of the whole session of SAMPLES samples over the same stacks; best time in *NS. */
static uint64_t measure(struct session_shape shape, double *best_ns)
{
	static _Alignas(16) uint8_t memory[RP_WRITER_BYTES];
	struct rp_session_head head = session_head(&shape);
	struct rp_writer_os os = {count_bytes};

	*best_ns = HUGE_VAL;
	for (unsigned i = 0; i < N_ROUNDS; i++) {
		double began_ns = now_ns();

		n_bytes = 0;
		struct rp_writer *w = rp_writer_make(memory, -1, &head, shape.max_bytes, &os);

		session_put(w, &shape);
		if (!rp_writer_end(w) || rp_writer_error(w))
			exit(EXIT_FAILURE);
		double took_ns = now_ns() - began_ns;

		*best_ns = took_ns < *best_ns ? took_ns : *best_ns;
	}
	return n_bytes;
}

int main(void)
{
	struct session_shape shape = session_shape();
	double all_ns, few_ns;

	/* 600 distinct stacks of 30 frames, flushed every 200 ms as the shim does. */
	shape.leaves = 600;
	shape.depth = 30;
	shape.waits = 0;
	shape.flush_every = 200;
	shape.samples = N_SAMPLES;
	uint64_t all = measure(shape, &all_ns);

	shape.samples = N_SAMPLES / 2; /* every stack is there already: the rest is samples */
	uint64_t half = measure(shape, &few_ns);
	uint64_t more = N_SAMPLES - shape.samples;

	n_puts = N_SAMPLES + shape.leaves * 15;
	printf("store: %.2f bytes a sample, %.2f with stacks and all (%d samples, %u stacks)\n",
	       (double)(all - half) / (double)more, (double)all / N_SAMPLES, N_SAMPLES,
	       shape.leaves);
	printf("store: %.0f ns a put (%llu puts)\n", all_ns / (double)n_puts,
	       (unsigned long long)n_puts);
	return EXIT_SUCCESS;
}
