/* bench_symbols.c - FILE: reads addresses from stdin and prints their frames as addr2line -a -i -f
 * -C does; FILE all N, FILE hot N: prints N addresses of its .text, random ones or such as a
 * profile has: ten in each of N / 10 windows of 200 bytes.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "symbolize/symbolize.h"

enum { MAX_ADDRS = 1 << 20, WINDOW_BYTES = 200, IN_WINDOW = 10 };

struct text {
	uint64_t addr, n_bytes;
};

static uint64_t addr[MAX_ADDRS];
static struct rp_frames out[MAX_ADDRS];

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
	if (text.n_bytes <= WINDOW_BYTES) {
		fprintf(stderr, "bench_symbols: no .text in %s\n", path);
		exit(1);
	}
	return text;
}

static uint64_t next_random(void)
{
	static uint64_t state = 88172645463325252u; /* xorshift64 */

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

/* The same addresses in every run and for every tool. */
static void pick(const char *path, bool hot, size_t n)
{
	struct text text = text_of(path);
	uint64_t window = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % IN_WINDOW == 0)
			window = next_random() % (text.n_bytes - WINDOW_BYTES);
		uint64_t at =
		        hot ? window + next_random() % WINDOW_BYTES : next_random() % text.n_bytes;

		printf("0x%" PRIx64 "\n", text.addr + at);
	}
}

static size_t read_addresses(void)
{
	char line[64];
	size_t n = 0;

	while (n < MAX_ADDRS && fgets(line, sizeof(line), stdin))
		addr[n++] = strtoull(line, NULL, 16);
	return n;
}

/* printf of a number costs as much as finding a name. */
static void print_number(uint64_t value, unsigned base, int least_digits)
{
	char text[24];
	int at = sizeof(text);

	for (; value || least_digits > 0; value /= base, least_digits--)
		text[--at] = "0123456789abcdef"[value % base];
	fwrite_unlocked(text + at, 1, sizeof(text) - (size_t)at, stdout);
}

static void print_frames(uint64_t at, const struct rp_frames *frames)
{
	fputs_unlocked("0x", stdout);
	print_number(at, 16, 16);
	putchar_unlocked('\n');
	for (uint32_t i = 0; i < frames->n; i++) {
		const struct rp_frame *f = &frames->frame[i];

		fputs_unlocked(f->named ? f->function : "??", stdout);
		putchar_unlocked('\n');
		fputs_unlocked(f->file ? f->file : "??", stdout);
		putchar_unlocked(':');
		print_number(f->line, 10, 1);
		putchar_unlocked('\n');
	}
}

/* What we and the process that reads for us had at most, as if both had it at once. */
static void tell_peak(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	fprintf(stderr, "peak-kib %ld\n", self.ru_maxrss + children.ru_maxrss);
}

static void symbolize(const char *path)
{
	size_t n = read_addresses();
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = path};

	rp_sym_resolve(s, rp_sym_add(s, &module), addr, n, out);
	for (size_t i = 0; i < n; i++)
		print_frames(addr[i], &out[i]);
	rp_sym_free(s);
	tell_peak();
}

int main(int argc, char **argv)
{
	if (argc == 4)
		pick(argv[1], strcmp(argv[2], "hot") == 0, strtoul(argv[3], NULL, 10));
	else if (argc == 2)
		symbolize(argv[1]);
	else
		return fprintf(stderr, "usage: bench_symbols FILE [all|hot N]\n"), 2;
	return 0;
}
