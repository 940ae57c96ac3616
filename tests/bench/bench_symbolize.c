/* bench_symbolize.c - what names cost: FILE N symbolizes N random .text addresses and prints times;
 * FILE N list prints those addresses; FILE - reads addresses and prints as addr2line -C -f -i does.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "symbolize/symbolize.h"

enum { MAX_ADDRS = 1 << 20 };

struct text {
	uint64_t addr, n_bytes;
};

static uint64_t addr[MAX_ADDRS];
static struct rp_frames out[MAX_ADDRS];

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static struct text text_of(const char *path)
{
	struct text text = {0, 0};
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf_Scn *scn = NULL;
	GElf_Shdr header;
	size_t names;

	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (elf && elf_getshdrstrndx(elf, &names) == 0)
		while ((scn = elf_nextscn(elf, scn)) && gelf_getshdr(scn, &header))
			if (strcmp(elf_strptr(elf, names, header.sh_name), ".text") == 0)
				text = (struct text){header.sh_addr, header.sh_size};
	elf_end(elf);
	close(fd);
	if (!text.n_bytes) {
		fprintf(stderr, "bench_symbolize: no .text in %s\n", path);
		exit(1);
	}
	return text;
}

/* The same addresses in every run and every tool. */
static void pick(const char *path, size_t n)
{
	struct text text = text_of(path);
	uint64_t state = 88172645463325252u; /* xorshift64 */

	for (size_t i = 0; i < n; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		addr[i] = text.addr + state % text.n_bytes;
	}
}

static void print_like_addr2line(const struct rp_frames *frames)
{
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];

		fputs_unlocked(f->function, stdout);
		putchar_unlocked('\n');
		fputs_unlocked(f->file ? f->file : "??", stdout);
		printf(":%" PRIu32 "\n", f->line);
	}
}

static int by_value(const void *left, const void *right)
{
	uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	return a < b ? -1 : a > b;
}

static size_t count_unique(size_t n)
{
	size_t unique = n ? 1 : 0;

	qsort(addr, n, sizeof(*addr), by_value);
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

static void symbolize(const char *path, size_t n, bool print)
{
	double began_ns = now_ns();
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = path};

	rp_sym_resolve(s, rp_sym_add(s, &module), addr, n, out);
	if (!print)
		report(n, now_ns() - began_ns);
	for (size_t i = 0; print && i < n; i++)
		print_like_addr2line(&out[i]);
	rp_sym_free(s);
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		fprintf(stderr, "usage: bench_symbolize FILE N|- [list]\n");
		return 2;
	}
	bool from_stdin = strcmp(argv[2], "-") == 0;
	size_t n = from_stdin ? 0 : strtoul(argv[2], NULL, 10);

	if (from_stdin)
		n = read_addresses();
	else
		pick(argv[1], n = n < MAX_ADDRS ? n : MAX_ADDRS);
	if (argc == 3)
		symbolize(argv[1], n, from_stdin);
	else
		for (size_t i = 0; i < n; i++)
			printf("0x%" PRIx64 "\n", addr[i]);
	return 0;
}
