/* bench_aggregate.c - the same million samples as a session, as folded stacks (a line a sample) and
 * as a pprof profile (a message a sample): food for aggregate.sh, which times who turns them into a
 * page or a table.
 *
 * Room: tests.  bench_aggregate FOLDER [SAMPLES].  SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/writer.h"
#include "tools/random.h"

enum {
	DEPTH = 40,
	N_STACKS = 20000, /* distinct ones */
	N_FUNCTIONS = 3000,
	NAME_BYTES = 24,
};

/* Functions are offsets in a program that is not there: every tool shows the same names. */
static uint32_t stacks[N_STACKS][DEPTH], numbers[N_STACKS][DEPTH];
static char names[N_FUNCTIONS][NAME_BYTES];
static uint64_t seed = 1;

static uint64_t offset_of(uint32_t function)
{
	return 0x1000 + function * UINT64_C(0x40);
}

/* Each stack shares its outer part with the one before, as those of real code do. */
static void make_stacks(void)
{
	uint32_t next = 0;

	for (uint32_t i = 0; i < N_FUNCTIONS; i++)
		snprintf(names[i], NAME_BYTES, "app+0x%llx", (unsigned long long)offset_of(i));
	for (uint32_t i = 0; i < N_STACKS; i++) {
		uint32_t common = i ? 1 + rp_random_below(&seed, DEPTH - 1) : 0;

		for (uint32_t k = 0; k < DEPTH; k++) {
			bool same = k < common;

			stacks[i][k] =
			        same ? stacks[i - 1][k] : rp_random_below(&seed, N_FUNCTIONS);
			numbers[i][k] = same ? numbers[i - 1][k] : ++next;
		}
	}
}

/* Few stacks are met often, most seldom. */
static uint32_t pick(uint64_t *random)
{
	uint32_t a = rp_random_below(random, N_STACKS), b = rp_random_below(random, N_STACKS);

	return (uint32_t)((uint64_t)a * b / N_STACKS);
}

static FILE *create(const char *folder, const char *name)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "we");

	if (!file) {
		perror(path);
		exit(EXIT_FAILURE);
	}
	return file;
}

static void close_file(FILE *file)
{
	if (ferror(file) || fclose(file) != 0)
		exit(EXIT_FAILURE);
}

static void write_folded(const char *folder, uint32_t n)
{
	FILE *file = create(folder, "samples.folded");
	uint64_t random = 2;

	for (uint32_t i = 0; i < n; i++) {
		const uint32_t *stack = stacks[pick(&random)];

		for (uint32_t k = 0; k < DEPTH; k++) {
			if (k)
				putc_unlocked(';', file);
			fputs_unlocked(names[stack[k]], file);
		}
		fputs_unlocked(" 1\n", file);
	}
	close_file(file);
}

/* Protobuf, as much of it as a profile takes. */

static size_t put_varint(uint8_t *at, uint64_t value)
{
	size_t n = 0;

	for (; value >= 0x80; value >>= 7)
		at[n++] = (uint8_t)(value | 0x80);
	at[n++] = (uint8_t)value;
	return n;
}

static void put_field(FILE *file, unsigned field, const void *bytes, size_t n)
{
	uint8_t head[20];
	size_t n_head = put_varint(head, field << 3 | 2);

	n_head += put_varint(head + n_head, n);
	fwrite_unlocked(head, 1, n_head, file);
	fwrite_unlocked(bytes, 1, n, file);
}

static void put_sample(FILE *file, const uint32_t *stack)
{
	uint8_t ids[DEPTH * 5], sample[DEPTH * 5 + 16];
	size_t n_ids = 0, n = 0;

	for (uint32_t k = DEPTH; k-- > 0;) /* the leaf first */
		n_ids += put_varint(ids + n_ids, stack[k] + 1);
	sample[n++] = 1 << 3 | 2;
	n += put_varint(sample + n, n_ids);
	memcpy(sample + n, ids, n_ids);
	n += n_ids;
	sample[n++] = 2 << 3 | 2;
	sample[n++] = 1;
	sample[n++] = 1;
	put_field(file, 2, sample, n);
}

/* A message of two or three small numbers: {1: a, 2: b} or with a line {1: a, 4: {1: b}}. */
static void put_pair(FILE *file, unsigned field, uint64_t a, uint64_t b, bool line)
{
	uint8_t message[40], inner[12];
	size_t n = 0, n_inner = 0;

	message[n++] = 1 << 3;
	n += put_varint(message + n, a);
	if (line) {
		inner[n_inner++] = 1 << 3;
		n_inner += put_varint(inner + n_inner, b);
		message[n++] = 4 << 3 | 2;
		message[n++] = (uint8_t)n_inner;
		memcpy(message + n, inner, n_inner);
		n += n_inner;
	} else {
		message[n++] = 2 << 3;
		n += put_varint(message + n, b);
	}
	put_field(file, field, message, n);
}

static void write_pprof(const char *folder, uint32_t n)
{
	FILE *file = create(folder, "samples.pb");
	uint64_t random = 2;

	put_pair(file, 1, 1, 2, false); /* the type of a sample: text 1 in 2 */
	for (uint32_t i = 0; i < n; i++)
		put_sample(file, stacks[pick(&random)]);
	for (uint32_t i = 0; i < N_FUNCTIONS; i++) {
		put_pair(file, 4, i + 1, i + 1, true);
		put_pair(file, 5, i + 1, i + 3, false);
	}
	put_field(file, 6, "", 0);
	put_field(file, 6, "samples", 7);
	put_field(file, 6, "count", 5);
	for (uint32_t i = 0; i < N_FUNCTIONS; i++)
		put_field(file, 6, names[i], strlen(names[i]));
	close_file(file);
}

static void put(struct rp_writer *w, struct rp_item item)
{
	if (!rp_writer_put(w, &item)) {
		fputs("bench_aggregate: the session cannot be written\n", stderr);
		exit(EXIT_FAILURE);
	}
}

static void put_nodes(struct rp_writer *w)
{
	uint32_t most = 0;

	for (uint32_t i = 0; i < N_STACKS; i++)
		for (uint32_t k = 0; k < DEPTH; k++) {
			if (numbers[i][k] <= most)
				continue;
			most = numbers[i][k];
			put(w, (struct rp_item){.kind = RP_ITEM_STACK,
			                        .stack = {.stack = most,
			                                  .parent = k ? numbers[i][k - 1] : 0,
			                                  .module = 1,
			                                  .pc_rel = offset_of(stacks[i][k]),
			                                  .exact = true}});
		}
}

static void write_session(const char *folder, uint32_t n)
{
	static _Alignas(16) uint8_t memory[RP_WRITER_BYTES];
	struct rp_session_head head = {.began_mono_ns = 1000000000, .pid = 4711};
	FILE *file = create(folder, "samples.reqprof");
	struct rp_writer *w = rp_writer_make(memory, fileno(file), &head, 1 << 30, NULL);
	uint64_t random = 2;

	if (!w)
		exit(EXIT_FAILURE);
	put(w, (struct rp_item){.kind = RP_ITEM_REQUEST,
	                        .request = {.method = rp_slice_of("GET"),
	                                    .target = rp_slice_of("/deep"),
	                                    .server = rp_slice_of("deepd"),
	                                    .interval_ns = 1000000,
	                                    .pid = 4711}});
	put(w, (struct rp_item){.kind = RP_ITEM_THREAD,
	                        .thread = {.tid = 4711, .name = rp_slice_of("worker")}});
	put(w, (struct rp_item){.kind = RP_ITEM_MODULE,
	                        .module = {.module = 1,
	                                   .flags = RP_MODULE_MAIN,
	                                   .size = 1 << 24,
	                                   .path = rp_slice_of("/nowhere/app")}});
	put_nodes(w);
	for (uint32_t i = 0; i < n; i++)
		put(w, (struct rp_item){.kind = RP_ITEM_SAMPLE,
		                        .sample = {.stack = numbers[pick(&random)][DEPTH - 1],
		                                   .at_ns = head.began_mono_ns +
		                                            (i + 1) * UINT64_C(1000000),
		                                   .weight = 1,
		                                   .cpu_ns = 1000000}});
	put(w,
	    (struct rp_item){.kind = RP_ITEM_SEGMENT,
	                     .segment = {.begin_ns = head.began_mono_ns,
	                                 .end_ns = head.began_mono_ns + (n + 1) * UINT64_C(1000000),
	                                 .cpu_ns = n * UINT64_C(1000000)}});
	if (!rp_writer_end(w))
		exit(EXIT_FAILURE);
	close_file(file);
}

int main(int argc, char **argv)
{
	uint32_t n = argc > 2 ? (uint32_t)atol(argv[2]) : 1000000;

	if (argc < 2) {
		fputs("usage: bench_aggregate FOLDER [SAMPLES]\n", stderr);
		return 2;
	}
	make_stacks();
	write_session(argv[1], n);
	write_folded(argv[1], n);
	write_pprof(argv[1], n);
	return EXIT_SUCCESS;
}
