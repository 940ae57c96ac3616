/* bench_page.c - the page of a large session: how many bytes, how many milliseconds.  Called with a
 * path it leaves the session there.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/why.h"
#include "store/writer.h"
#include "tests/bench/pairs.h"
#include "tools/page.h"
#include "tools/random.h"

enum { N_SAMPLES = 20000, DEPTH = 60, N_ROUNDS = 5, N_WAYS = 3, MOST_STACKS = 1 << 21 };

extern char __executable_start, etext; /* of the linker */

/* One node of the tree of stacks: where a child stands, by which of its ways. */
static uint32_t children[MOST_STACKS][N_WAYS], n_stacks;

static uint32_t random_below(uint32_t n)
{
	static uint64_t state = 20261128;

	return rp_random_below(&state, n);
}

static void put(struct rp_writer *w, struct rp_item item)
{
	if (!rp_writer_put(w, &item))
		exit(EXIT_FAILURE);
}

/* A callee of PARENT: one of few, at addresses of our own functions. */
static uint32_t step(struct rp_writer *w, uint32_t parent, uint32_t depth)
{
	uint32_t way = random_below(N_WAYS), *child = &children[parent][way];
	uint64_t span = (uint64_t)(&etext - &__executable_start) / 2;

	if (*child)
		return *child;
	*child = ++n_stacks;
	put(w, (struct rp_item){.kind = RP_ITEM_STACK,
	                        .stack = {.stack = *child,
	                                  .parent = parent,
	                                  .module = 1,
	                                  .pc_rel = (uint64_t)(&etext - &__executable_start) - 1 -
	                                            random_below((uint32_t)span),
	                                  .exact = depth + 1 == DEPTH}});
	return *child;
}

static void put_head(struct rp_writer *w, uint64_t began_ns)
{
	static char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	put(w, (struct rp_item){.kind = RP_ITEM_REQUEST,
	                        .request = {.method = rp_slice_of("GET"),
	                                    .target = rp_slice_of("/deep"),
	                                    .protocol = rp_slice_of("HTTP/1.1"),
	                                    .peer = rp_slice_of("127.0.0.1:52110"),
	                                    .local = rp_slice_of("127.0.0.1:8080"),
	                                    .server = rp_slice_of("deepd"),
	                                    .trigger = rp_slice_of("query"),
	                                    .interval_ns = 1000000,
	                                    .pid = 4711}});
	put(w, (struct rp_item){.kind = RP_ITEM_THREAD,
	                        .thread = {.tid = 4711, .name = rp_slice_of("worker")}});
	put(w, (struct rp_item){.kind = RP_ITEM_MODULE,
	                        .module = {.module = 1,
	                                   .flags = RP_MODULE_MAIN,
	                                   .size = (uint64_t)(&etext - &__executable_start),
	                                   .path = {self, n > 0 ? (size_t)n : 0}}});
	put(w, (struct rp_item){.kind = RP_ITEM_PHASES,
	                        .phases = {RP_NEVER, began_ns, began_ns, began_ns, RP_NEVER,
	                                   began_ns + N_SAMPLES * 1000000ull}});
}

/* Each stack shares all but the last few frames with the one before, as those of real code do. */
static void put_samples(struct rp_writer *w, uint64_t began_ns)
{
	uint32_t path[DEPTH + 1] = {0}, common = 0;

	for (uint32_t i = 0; i < N_SAMPLES; i++) {
		for (uint32_t depth = common; depth < DEPTH; depth++)
			path[depth + 1] = step(w, path[depth], depth);
		put(w, (struct rp_item){.kind = RP_ITEM_SAMPLE,
		                        .sample = {.stack = path[DEPTH],
		                                   .at_ns = began_ns + (i + 1) * 1000000ull +
		                                            random_below(40000),
		                                   .weight = 1,
		                                   .cpu_ns = 950000 + random_below(50000)}});
		common = random_below(16) ? DEPTH - 1 - random_below(6) : DEPTH / 4;
	}
}

static void write_session(const char *path)
{
	static _Alignas(16) uint8_t memory[RP_WRITER_BYTES];
	struct rp_session_head head = {.began_wall_ns = UINT64_C(1795369292123000000),
	                               .began_mono_ns = UINT64_C(86400000000000),
	                               .pid = 4711};
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct rp_writer *w = fd < 0 ? NULL : rp_writer_make(memory, fd, &head, 64 << 20, NULL);

	if (!w)
		exit(EXIT_FAILURE);
	put_head(w, head.began_mono_ns);
	put_samples(w, head.began_mono_ns);
	put(w, (struct rp_item){.kind = RP_ITEM_SEGMENT,
	                        .segment = {.begin_ns = head.began_mono_ns,
	                                    .end_ns = head.began_mono_ns + N_SAMPLES * 1000000ull,
	                                    .cpu_ns = N_SAMPLES * 970000ull}});
	put(w, (struct rp_item){.kind = RP_ITEM_RESPONSE, .response = {.status = 200}});
	if (!rp_writer_end(w) || close(fd) != 0)
		exit(EXIT_FAILURE);
}

/* Bytes of the page; the best times of reading the session and of writing it. */
static size_t measure(char *path, double *read_ns, double *write_ns)
{
	struct rp_page_how how = {.no_source = true};
	struct rp_profile_how quiet = {.no_cache = true};
	struct rp_why why;
	struct rp_profile p;
	char *page;
	size_t n = 0;

	*read_ns = *write_ns = 1e15;
	for (int i = 0; i < N_ROUNDS; i++) {
		double began_ns = now_ns();

		if (!rp_profile_open_as(&p, &path, 1, &quiet, &why))
			exit(EXIT_FAILURE);
		double opened_ns = now_ns();
		FILE *out = open_memstream(&page, &n);

		if (!out || !rp_page_write(out, &p, &how) || fclose(out) != 0)
			exit(EXIT_FAILURE);
		double done_ns = now_ns();

		*read_ns = opened_ns - began_ns < *read_ns ? opened_ns - began_ns : *read_ns;
		*write_ns = done_ns - opened_ns < *write_ns ? done_ns - opened_ns : *write_ns;
		free(page);
		rp_profile_close(&p);
	}
	return n;
}

int main(int argc, char **argv)
{
	char own[] = "/tmp/bench-page-XXXXXX", *path = argc > 1 ? argv[1] : own;
	int fd = argc > 1 ? -1 : mkostemp(own, O_CLOEXEC);
	double read_ns, write_ns;

	if (fd >= 0)
		close(fd);
	write_session(path);
	size_t n = measure(path, &read_ns, &write_ns);

	if (argc < 2)
		unlink(own);
	printf("page of %d samples x %d frames, %u nodes: %.2f MB, read in %.0f ms, written in "
	       "%.0f ms\n",
	       N_SAMPLES, DEPTH, n_stacks, (double)n / 1e6, read_ns / 1e6, write_ns / 1e6);
	return EXIT_SUCCESS;
}
