/* bench_symbolize.c - what names cost: FILE <ADDRESSES finds the frames of each, and prints times.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include "symbolize/symbolize.h"
#include "tests/bench/pairs.h"

enum { MAX_ADDRS = 1 << 20 };

static uint64_t addr[MAX_ADDRS];
static struct rp_frames out[MAX_ADDRS];

static int by_address(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static size_t count_unique(size_t n)
{
	size_t unique = n ? 1 : 0;

	qsort(addr, n, sizeof(*addr), by_address);
	for (size_t i = 1; i < n; i++)
		unique += addr[i] != addr[i - 1];
	return unique;
}

static void report(size_t n, double total_ns)
{
	size_t unique = count_unique(n), frames = 0, named = 0, lines = 0;

	for (size_t i = 0; i < n; i++) {
		frames += out[i].n;
		named += out[i].frame[0].named;
		lines += out[i].frame[0].line != 0;
	}
	printf("%zu addresses, %zu unique: %.0f ns each, %.1f ms in all (%zu frames, %zu named, "
	       "%zu with a line)\n",
	       n, unique, total_ns / (double)unique, total_ns / 1e6, frames, named, lines);
}

static size_t read_addresses(void)
{
	static char line[64];
	size_t n = 0;

	while (n < MAX_ADDRS && fgets(line, sizeof(line), stdin))
		addr[n++] = strtoull(line, NULL, 16);
	return n;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: bench_symbolize FILE <ADDRESSES\n");
		return 2;
	}
	size_t n = read_addresses();
	double began_ns = now_ns();
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = argv[1]};

	rp_sym_resolve(s, rp_sym_add(s, &module), addr, n, out);
	report(n, now_ns() - began_ns);
	rp_sym_free(s);
	return 0;
}
