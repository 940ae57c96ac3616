/* test_symbolize_peers.c - the same addresses asked of addr2line: frames must agree.
 *
 * Room: tests.  Compared are the number of frames and, of each, the function's last name, the
 * file's last name and the line.  Left out, because addr2line is known to differ there: clone
 * suffixes, and arguments and scopes of C++ names. SPDX-License-Identifier: MIT
 */
#include "symbolize/symbolize.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tests/support/symfood.h"

enum { N_ADDRS = 600, MAX_TEXT = 65536, MAX_NAME = 8192, MAX_SHOWN = 8 };

/* Every so many bytes inside functions that have a size: no padding, as in real samples. */
static size_t pick_addresses(uint64_t *addr)
{
	unsigned long long lo, n_bytes, total = 0, skip = 0;
	size_t n = 0;

	symfood_run("nm -S --defined-only peer | "
	            "awk '$3 ~ /^[tTwW]$/ { print $1, $2 }' | sort -u >peer.functions");
	FILE *list = fopen(symfood_path("peer.functions"), "r");

	ck_assert_ptr_nonnull(list);
	while (fscanf(list, "%llx %llx", &lo, &n_bytes) == 2)
		total += n_bytes;
	unsigned long long step = total / N_ADDRS + 1;

	rewind(list);
	while (fscanf(list, "%llx %llx", &lo, &n_bytes) == 2) {
		for (; skip < n_bytes && n < N_ADDRS; skip += step)
			addr[n++] = lo + skip;
		skip -= n_bytes < skip ? n_bytes : skip;
	}
	fclose(list);
	return n;
}

/* "shop::basket<int>::total() const [clone .cold]" and "void shop::total.part.0" are "total"; all
 * operators are "operator".  OUT has room for NAME. */
static void last_name(const char *name, char *out)
{
	char *to = out;
	int depth = 0;

	for (const char *at = name; *at; at++) {
		if (!depth && strncmp(at, "operator", 8) == 0) {
			strcpy(out, "operator");
			return;
		}
		if (strchr(">)}]", *at))
			depth--;
		else if (strchr("<({[", *at))
			depth++;
		else if (!depth && (*at == '.' || strcmp(at, " const") == 0))
			break;
		else if (!depth && (*at == ':' || (*at == ' ' && at[1] != '[')))
			to = out;
		else if (!depth && *at != ' ')
			*to++ = *at;
	}
	*to = '\0';
}

static void add_frame(char *text, const char *function, const char *file, unsigned line)
{
	static char name[MAX_NAME];
	const char *slash = file ? strrchr(file, '/') : NULL;
	size_t n = strlen(text);

	last_name(function, name);
	if (!file || strcmp(file, "??") == 0 || !line)
		snprintf(text + n, MAX_TEXT - n, "%s ??; ", name);
	else
		snprintf(text + n, MAX_TEXT - n, "%s %s:%u; ", name, slash ? slash + 1 : file,
		         line);
}

static void ask_ourselves(const struct rp_frames *frames, char *text)
{
	*text = '\0';
	for (uint32_t i = 0; i < frames->n; i++)
		add_frame(text, frames->frame[i].function, frames->frame[i].file,
		          frames->frame[i].line);
}

/* The frames of the next address of addr2line -a; HEAD holds its line, then the one after it. */
static void ask_addr2line(FILE *answers, char *head, char *text)
{
	static char place[MAX_NAME];

	*text = '\0';
	while (fgets(head, MAX_NAME, answers) && strncmp(head, "0x", 2) != 0 &&
	       fgets(place, MAX_NAME, answers)) {
		head[strcspn(head, "\n")] = '\0';
		char *colon = strrchr(place, ':');
		unsigned line = colon ? (unsigned)strtoul(colon + 1, NULL, 10) : 0;

		if (colon)
			*colon = '\0';
		add_frame(text, head, place, line);
	}
}

static size_t count_equal(const uint64_t *addr, const struct rp_frames *ours, size_t n)
{
	static char head[MAX_NAME], mine[MAX_TEXT], theirs[MAX_TEXT];
	FILE *answers = fopen(symfood_path("peer.answers"), "r");
	size_t n_equal = 0;

	ck_assert_ptr_nonnull(answers);
	ck_assert_ptr_nonnull(fgets(head, sizeof(head), answers));
	for (size_t i = 0; i < n; i++) {
		ask_addr2line(answers, head, theirs);
		ask_ourselves(&ours[i], mine);
		if (strcmp(mine, theirs) == 0)
			n_equal++;
		else if (i - n_equal < MAX_SHOWN)
			printf("  0x%" PRIx64 "\n    ours   %s\n    theirs %s\n", addr[i], mine,
			       theirs);
	}
	fclose(answers);
	return n_equal;
}

static void write_addresses(const uint64_t *addr, size_t n)
{
	FILE *out = fopen(symfood_path("peer.addresses"), "w");

	ck_assert_ptr_nonnull(out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "0x%" PRIx64 "\n", addr[i]);
	ck_assert_int_eq(fclose(out), 0);
}

static const struct {
	const char *what, *needs, *command;
} peers[] = {
        {"C, DWARF 5", "gcc",
         "gcc -O2 -gdwarf-5 -I\"$ROOT\" -D_GNU_SOURCE -rdynamic -o peer "
         "\"$ROOT\"/symbolize/*.c \"$ROOT\"/tests/bench/bench_symbolize.c "
         "-ldw -lelf -ldeflate -llzma -lzstd -liberty -lz"},
        {"C, DWARF 4", "gcc",
         "gcc -O3 -gdwarf-4 -I\"$ROOT\" -D_GNU_SOURCE -o peer "
         "\"$ROOT\"/symbolize/*.c \"$ROOT\"/tests/bench/bench_symbolize.c "
         "-ldw -lelf -ldeflate -llzma -lzstd -liberty -lz"},
        {"C++", "g++",
         "g++ -O2 -g '-DMARK(name)=' -o peer \"$ROOT/tests/unit/fixtures/symfood_cplus.cc\""},
        {"reqprof", "test", "cp \"$ROOT/build/reqprof\" peer"},
};

START_TEST(frames_agree_with_addr2line)
{
	static uint64_t addr[N_ADDRS];
	static struct rp_frames ours[N_ADDRS];

	if (!symfood_has("addr2line") || !symfood_has(peers[_i].needs))
		return;
	if (strcmp(peers[_i].what, "reqprof") == 0 && access("build/reqprof", R_OK) != 0) {
		printf("SKIP no build/reqprof here\n");
		return;
	}
	symfood_run("%s", peers[_i].command);
	size_t n = pick_addresses(addr);

	write_addresses(addr, n);
	symfood_run("addr2line -a -C -f -i -e peer <peer.addresses >peer.answers");
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_sym_module module = {.path = symfood_path("peer")};

	rp_sym_resolve(s, rp_sym_add(s, &module), addr, n, ours);
	size_t n_equal = count_equal(addr, ours, n);

	printf("%s: %zu of %zu addresses as addr2line says\n", peers[_i].what, n_equal, n);
	fflush(stdout); /* a failing test ends without */
	rp_sym_free(s);
	ck_assert_uint_gt(n, 100);
	ck_assert_uint_ge(n_equal * 100, n * 99);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize_peers");
	TCase *tc = tcase_create("addr2line");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, frames_agree_with_addr2line, 0, sizeof(peers) / sizeof(*peers));
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
