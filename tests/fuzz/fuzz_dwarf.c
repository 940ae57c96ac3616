/* fuzz_dwarf.c - any bytes as a module: reading it ends, crashes never, and its answers are whole
 * and the same twice.  The reader itself, not the process that usually holds it.
 *
 * Room: tests.  Needs: symbolize/[a-z]*.c -ldw -lelf -ldeflate -llzma -lzstd -lz -liberty
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbolize/resolve.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* The code of the seeds lies in their first pages. */
enum { N_ADDRS = 300, STEP_BYTES = 7 };

static uint64_t add_text(uint64_t sum, const char *text)
{
	for (; text && *text; text++)
		sum = sum * 31 + (unsigned char)*text;
	return sum * 31;
}

static uint64_t sum_up(const struct rp_frames *frames)
{
	uint64_t sum = frames->n;

	if (!frames->n)
		abort();
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];

		if (!f->function)
			abort();
		sum = add_text(add_text(sum, f->function), f->file) + f->line + f->func_line * 7u;
	}
	if (frames->frame[frames->n - 1].inlined)
		abort(); /* into nothing */
	return sum;
}

static void take_sum(void *sums, size_t at, const struct rp_frames *frames)
{
	uint64_t *sum = (uint64_t *)sums + at;

	if (at >= N_ADDRS || *sum)
		abort(); /* told twice */
	*sum = 1 + sum_up(frames);
}

static void end_unit(void *sums)
{
	(void)sums;
}

static uint64_t read_all(const uint8_t *bytes, size_t n)
{
	struct rp_sym_module module = {.path = "[fuzz]", .image = bytes, .n_image = n};
	struct rp_resolver *r = rp_resolve_make();
	int handle = rp_resolve_add(r, &module);
	uint64_t *addr = malloc(N_ADDRS * sizeof(*addr)), sums[N_ADDRS] = {0}, sum = 0;
	struct rp_resolve_sink sink = {take_sum, end_unit, sums};

	for (unsigned i = 0; i < N_ADDRS; i++)
		addr[i] = (uint64_t)i * STEP_BYTES;
	rp_resolve_batch(r, handle, addr, N_ADDRS, &sink);
	for (unsigned i = 0; i < N_ADDRS; i++)
		sum = sum * 31 + sums[i];
	if (rp_resolve_state(r, handle, NULL) > RP_SYM_BAD_FILE)
		abort();
	rp_resolve_free(r);
	return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	unsetenv("DEBUGINFOD_URLS");
	if (n && read_all(bytes, n) != read_all(bytes, n))
		abort();
	return 0;
}
