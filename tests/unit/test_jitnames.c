/* test_jitnames.c - perf maps, jitdumps and mappings: what is used is written, and no file that
 * somebody left in /tmp takes long or names what it does not hold.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/jitnames_parts.h"

#include <fcntl.h>
#include <stdio.h>
#include <gnu/libc-version.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "preload/cold/jitnames.h"
#include "preload/hot/clock.h"
#include "preload/hot/drops.h"
#include "store/reader.h"
#include "tests/support/suite.h"

enum { MOST = 64 };

static struct {
	uint64_t begin, size, since_ns, until_ns;
	char name[RP_CODE_NAME_BYTES + 1];
} code[MOST], mapping[MOST];
static unsigned n_code, n_mappings;
static char memory[RP_WRITER_BYTES] __attribute__((aligned(16)));
static char path[64];
static FILE *session;
static struct rp_jitnames j;

static void ready(void)
{
	static const struct rp_writer_os os = {write};
	struct rp_session_head head = {.pid = 1};

	session = tmpfile();
	ck_assert_ptr_nonnull(session);
	memset(&j, 0, sizeof(j));
	j.writer = rp_writer_make(memory, fileno(session), &head, 8 << 20, &os);
	ck_assert_ptr_nonnull(j.writer);
	j.until_ns = UINT64_MAX;
	snprintf(path, sizeof(path), "/tmp/perf-%d.map", (int)getpid());
	unlink(path);
}

static void remove_path(void)
{
	unlink(path);
}

/* What the session says of code and mappings, in its order. */
static void read_back(void)
{
	static char bytes[1 << 20];
	struct rp_why why;
	struct rp_item item;

	ck_assert(rp_writer_end(j.writer));
	ssize_t n = pread(fileno(session), bytes, sizeof(bytes), 0);
	struct rp_reader *r = rp_reader_open_bytes(bytes, (size_t)n, "names", &why);

	while (rp_reader_next(r, &item)) {
		if (item.kind == RP_ITEM_CODE && n_code < MOST) {
			code[n_code].begin = item.code.begin;
			code[n_code].size = item.code.size;
			code[n_code].since_ns = item.code.since_ns;
			code[n_code].until_ns = item.code.until_ns;
			memcpy(code[n_code++].name, item.code.name.at, item.code.name.n);
		} else if (item.kind == RP_ITEM_MAPPING && n_mappings < MOST) {
			mapping[n_mappings].begin = item.mapping.begin;
			mapping[n_mappings].size = item.mapping.size;
			memcpy(mapping[n_mappings++].name, item.mapping.name.at,
			       item.mapping.name.n);
		}
	}
	ck_assert_msg(rp_reader_complete(r, &why), "%s", why.text);
	rp_reader_close(r);
}

static void ask(const uint64_t *addr, uint32_t n)
{
	j.addr = addr;
	j.n = j.n_unnamed = n;
}

/* A nameless file with N bytes, at its begin again. */
static int file_of(const void *bytes, size_t n)
{
	int fd = memfd_create("map", MFD_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, bytes, n), (ssize_t)n);
	return fd;
}

static void read_map(const char *text, size_t n)
{
	int fd = file_of(text, n);

	rp_perfmap_read(&j, fd, n);
	close(fd);
	read_back();
}

START_TEST(the_last_line_that_holds_an_address_names_it)
{
	static const uint64_t addr[] = {0x1000, 0x1010, 0x107f, 0x2000, 0x3000};
	static const char map[] = "1000 100 old\n"
	                          "3000 10 third\r\n"
	                          "2000 8 two words\n"
	                          "0x1000 0x80 new\n"
	                          "5000 10 not met\n";

	ask(addr, 5);
	read_map(map, sizeof(map) - 1);
	ck_assert_uint_eq(n_code, 3); /* not what is overwritten or was not met */
	ck_assert_str_eq(code[0].name, "new");
	ck_assert_uint_eq(code[0].size, 0x80);
	ck_assert_uint_eq(code[0].since_ns, RP_NEVER);
	ck_assert_str_eq(code[1].name, "two words");
	ck_assert_str_eq(code[2].name, "third");
	ck_assert_uint_eq(j.n_unnamed, 0);
	ck_assert(!j.cut);
}
END_TEST

START_TEST(lines_that_are_none_name_nothing)
{
	static const uint64_t addr[] = {0x0, 0x10, 0x1000};
	static const char map[] = "zzz\n\n1000\n1000 10\n1000 10 \n1000 0 nothing\n-1000 10 minus\n"
	                          "ffffffffffffffff 10 around\nfffffffffffffffff 10 long\n"
	                          "0 fffffffffffffffff long\n1000 10 unfinished";

	ask(addr, 3);
	read_map(map, sizeof(map) - 1);
	ck_assert_uint_eq(n_code, 0);
}
END_TEST

/* Lines meet the borders of windows at every place; every name is whole. */
START_TEST(windows_cut_no_line)
{
	static char map[400000];
	static uint64_t addr[40];
	size_t n = 0, line = 0;

	for (; n < sizeof(map) - 64; line++)
		n += (size_t)sprintf(map + n, "%zx 10 name-%zu%.*s\n", 0x10000 + line * 16, line,
		                     (int)(line % 17), "-----------------");
	for (size_t i = 0; i < 40; i++)
		addr[i] = 0x10000 + (i * (line - 1) / 39) * 16 + i % 16;
	ask(addr, 40);
	read_map(map, n);
	ck_assert_uint_eq(n_code, 40);
	for (size_t i = 0; i < 40; i++) {
		size_t of = (code[i].begin - 0x10000) / 16;
		char name[64];

		sprintf(name, "name-%zu%.*s", of, (int)(of % 17), "-----------------");
		ck_assert_str_eq(code[i].name, name);
	}
}
END_TEST

START_TEST(a_huge_name_is_cut_and_hides_no_other)
{
	static const uint64_t addr[] = {0x1000, 0x2000, 0x3000};
	static char map[300000];
	size_t n = (size_t)sprintf(map, "1000 10 first\n2000 10 ");

	memset(map + n, 'x', 200000);
	n += 200000;
	n += (size_t)sprintf(map + n, "\n3000 10 third\n");
	ask(addr, 3);
	read_map(map, n);
	ck_assert_uint_eq(n_code, 3);
	ck_assert_str_eq(code[0].name, "third");
	ck_assert_uint_eq(strlen(code[1].name), RP_CODE_NAME_BYTES);
	ck_assert_str_eq(code[2].name, "first");
}
END_TEST

START_TEST(garbage_and_holes_end_soon)
{
	static const uint64_t addr[] = {0x1000};
	int fd = file_of("1000 10 far away\n", 17);
	static char noise[200000];
	uint64_t size = UINT64_C(1) << 30;

	for (size_t i = 0; i < sizeof(noise); i++)
		noise[i] = (char)((i * 2654435761u >> 13) ^ i);
	ask(addr, 1);
	ck_assert_int_eq(ftruncate(fd, (off_t)size), 0);
	ck_assert_int_eq(pwrite(fd, noise, sizeof(noise), (off_t)(size - sizeof(noise))),
	                 sizeof(noise));
	rp_perfmap_read(&j, fd, size);
	ck_assert(j.cut); /* its begin is out of reach, and that is said */
	ck_assert_uint_eq(j.n_unnamed, 1);
	close(fd);
	j.cut = false;
	j.until_ns = rp_mono_ns();
	fd = file_of("2000 10 a\n1000 10 b\n", 20);
	rp_perfmap_read(&j, fd, 20);
	ck_assert(j.cut); /* no time */
	close(fd);
	read_back();
	ck_assert_uint_eq(n_code, 0);
}
END_TEST

/* ---- jitdump ---- */

struct dump {
	char bytes[8192];
	size_t n;
};

static void put(struct dump *d, const void *bytes, size_t n)
{
	memcpy(d->bytes + d->n, bytes, n);
	d->n += n;
}

static void put_head(struct dump *d, uint64_t at_ns, uint64_t flags)
{
	struct {
		uint32_t magic, version, size, machine, pad, pid;
		uint64_t at_ns, flags;
	} head = {0x4a695444, 1, 40, 62, 0, 1, at_ns, flags};

	put(d, &head, sizeof(head));
}

static void put_load(struct dump *d, uint64_t at_ns, uint64_t begin, uint64_t size, uint64_t index,
                     const char *name)
{
	struct {
		uint32_t id, total;
		uint64_t at_ns;
		uint32_t pid, tid;
		uint64_t vma, begin, size, index;
	} load = {0,     (uint32_t)(sizeof(load) + strlen(name) + 1 + 16),
	          at_ns, 1,
	          1,     begin,
	          begin, size,
	          index};

	put(d, &load, sizeof(load));
	put(d, name, strlen(name) + 1);
	put(d, "0123456789abcdef", 16); /* the code */
}

static void put_move(struct dump *d, uint64_t at_ns, uint64_t from, uint64_t to, uint64_t size,
                     uint64_t index)
{
	struct {
		uint32_t id, total;
		uint64_t at_ns;
		uint32_t pid, tid;
		uint64_t vma, from, to, size, index;
	} move = {1, sizeof(move), at_ns, 1, 1, to, from, to, size, index};

	put(d, &move, sizeof(move));
}

static void read_dump(const struct dump *d)
{
	int fd = file_of(d->bytes, d->n);

	rp_jitdump_read(&j, fd, d->n, 1000000);
	close(fd);
	read_back();
}

START_TEST(a_jitdump_says_when)
{
	static const uint64_t addr[] = {0x1000, 0x5008};
	struct dump d = {.n = 0};

	put_head(&d, UINT64_MAX, 0); /* not asked: V8 has another clock there */
	put_load(&d, 200, 0x1000, 0x10, 1, "first");
	put_load(&d, 300, 0x9000, 0x10, 2, "elsewhere");
	put_move(&d, 400, 0x1000, 0x5000, 0x10, 1);
	put_load(&d, 500, 0x1000, 0x20, 3, "second");
	ask(addr, 2);
	read_dump(&d);
	ck_assert_uint_eq(n_code, 3);
	ck_assert_str_eq(code[0].name, "second");
	ck_assert_uint_eq(code[0].since_ns, 500);
	ck_assert_uint_eq(code[0].until_ns, RP_NEVER);
	ck_assert_str_eq(code[1].name, "first");
	ck_assert_uint_eq(code[1].begin, 0x5000);
	ck_assert_uint_eq(code[1].since_ns, 400);
	ck_assert_str_eq(code[2].name, "first");
	ck_assert_uint_eq(code[2].since_ns, 200);
	ck_assert_uint_eq(code[2].until_ns, 400);
}
END_TEST

START_TEST(moved_code_has_the_name_it_was_loaded_with)
{
	static const uint64_t addr[] = {0x5008};
	struct dump d = {.n = 0};

	put_head(&d, 100, 0);
	put_load(&d, 200, 0x1000, 0x10, 7, "mover");
	put_load(&d, 250, 0x2000, 0x10, 8, "stays");
	put_move(&d, 400, 0x1000, 0x5000, 0x10, 7);
	put_load(&d, 450, 0x3000, 0x10, 7, "later"); /* the number again */
	ask(addr, 1);
	read_dump(&d);
	ck_assert_uint_eq(n_code, 1);
	ck_assert_str_eq(code[0].name, "mover");
}
END_TEST

START_TEST(moments_of_another_clock_are_not_used)
{
	static const uint64_t addr[] = {0x1000};
	struct dump d = {.n = 0};

	put_head(&d, 100, _i); /* ticks of the processor, or ahead of us */
	put_load(&d, _i ? 200 : 2000000, 0x1000, 0x10, 1, "old");
	put_load(&d, _i ? 300 : 3000000, 0x1000, 0x10, 2, "new");
	ask(addr, 1);
	read_dump(&d);
	ck_assert_uint_eq(n_code, 2);
	ck_assert_str_eq(code[0].name, "new"); /* the newest first: that one counts */
	ck_assert_uint_eq(code[0].since_ns, RP_NEVER);
}
END_TEST

START_TEST(no_cut_or_flipped_jitdump_hurts)
{
	static const uint64_t addr[] = {0x1000, 0x5008};
	struct dump d = {.n = 0}, bad;

	put_head(&d, 100, 0);
	put_load(&d, 200, 0x1000, 0x10, 1, "first");
	put_move(&d, 400, 0x1000, 0x5000, 0x10, 1);
	for (size_t at = 0; at < d.n; at++) {
		for (int way = 0; way < 3; way++) {
			bad = d;
			if (way == 0)
				bad.n = at;
			else
				bad.bytes[at] ^= (char)(way == 1 ? 0xff : 0x01);
			int fd = file_of(bad.bytes, bad.n);

			memset(j.named, 0, sizeof(j.named));
			ask(addr, 2);
			rp_jitdump_read(&j, fd, bad.n, 1000000);
			close(fd);
		}
	}
	read_back();
	ck_assert_uint_gt(n_code, 0);
}
END_TEST

/* ---- all of it ---- */

static struct rp_nodes nodes;
static struct rp_request request;

/* A node for each of N addresses of no module. */
static void meet(const uint64_t *addr, uint32_t n)
{
	nodes.n_found = n;
	for (uint32_t i = 0; i < n; i++)
		nodes.found[i] = RP_FOUND(addr[i], 0);
}

static bool is_mapping(const char *name)
{
	for (unsigned i = 0; i < n_mappings; i++)
		if (strstr(mapping[i].name, name))
			return true;
	return false;
}

/* Where a library was, another may stand by now; but not where code beside was known.  No sanitizer
 * stands in front of this function of libc. */
START_TEST(a_file_does_not_name_what_was_strange)
{
	uint64_t libc = (uintptr_t)gnu_get_libc_version, stack = (uintptr_t)&libc;

	meet((uint64_t[]){stack, libc, libc + (uint64_t)_i}, 3);
	nodes.found[0] |= 1;
	nodes.found[1] |= 1;
	rp_jitnames_put(&request, &nodes, j.writer);
	read_back();
	ck_assert(is_mapping("[stack]"));
	ck_assert_int_eq(is_mapping("libc"), _i);
}
END_TEST

START_TEST(what_is_met_is_looked_up_in_the_own_map)
{
	char *at = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t begin = (uint64_t)(uintptr_t)at;
	uint64_t addr[] = {begin + 5000, begin + 16, begin + 5000, begin + 16};
	FILE *f = fopen(path, "we");

	fprintf(f, "%llx 20 mine\n", (unsigned long long)begin);
	fclose(f);
	meet(addr, 4);
	rp_jitnames_put(&request, &nodes, j.writer);
	read_back();
	ck_assert_uint_eq(n_code, 1);
	ck_assert_str_eq(code[0].name, "mine");
	ck_assert_uint_eq(n_mappings, 1);
	ck_assert_uint_le(mapping[0].begin, begin);
	ck_assert_uint_ge(mapping[0].begin + mapping[0].size, begin + 8192);
	ck_assert_int_eq(mapping[0].name[0], '[');
	ck_assert_uint_eq(atomic_load(&request.drops[RP_DROP_names_cut]), 0);
}
END_TEST

START_TEST(a_map_that_is_no_file_of_ours_is_not_read)
{
	uint64_t addr[] = {0x1000};
	char other[80];
	struct stat st = {.st_uid = geteuid()}; /* as it stays where chown is refused */

	snprintf(other, sizeof(other), "%s.real", path);
	FILE *f = fopen(_i == 1 ? path : other, "we");

	fputs("1000 10 theirs\n", f);
	fclose(f);
	if (_i == 0)
		ck_assert_int_eq(symlink(other, path), 0);
	if (_i == 1 &&
	    (chown(path, 12345, (gid_t)-1) != 0 || stat(path, &st) != 0 || st.st_uid == geteuid()))
		puts("SKIP: only root gives files away");
	else if (_i == 2)
		ck_assert_int_eq(mkfifo(path, 0600), 0);
	if (_i != 1 || st.st_uid != geteuid()) {
		meet(addr, 1);
		rp_jitnames_put(&request, &nodes, j.writer);
		read_back();
		ck_assert_uint_eq(n_code, 0);
	}
	unlink(other);
}
END_TEST

START_TEST(a_jitdump_is_found_where_it_is_mapped)
{
	struct dump d = {.n = 0};
	char name[64];
	uint64_t addr[] = {0x1004};

	snprintf(name, sizeof(name), "/tmp/jit-%d.dump", (int)getpid());
	put_head(&d, 1, 0);
	put_load(&d, 2, 0x1000, 0x10, 1, "dumped");
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, d.bytes, d.n), (ssize_t)d.n);
	void *sign = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, fd, 0);

	ck_assert_ptr_ne(sign, MAP_FAILED);
	meet(addr, 1);
	rp_jitnames_put(&request, &nodes, j.writer);
	unlink(name);
	close(fd);
	read_back();
	ck_assert_uint_eq(n_code, 1);
	ck_assert_str_eq(code[0].name, "dumped");
	ck_assert_uint_eq(code[0].since_ns, 2);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("jitnames");
	TCase *t = tcase_create("jitnames");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, ready, remove_path);
	tcase_add_test(t, the_last_line_that_holds_an_address_names_it);
	tcase_add_test(t, lines_that_are_none_name_nothing);
	tcase_add_test(t, windows_cut_no_line);
	tcase_add_test(t, a_huge_name_is_cut_and_hides_no_other);
	tcase_add_test(t, garbage_and_holes_end_soon);
	tcase_add_test(t, a_jitdump_says_when);
	tcase_add_test(t, moved_code_has_the_name_it_was_loaded_with);
	tcase_add_loop_test(t, moments_of_another_clock_are_not_used, 0, 2);
	tcase_add_test(t, no_cut_or_flipped_jitdump_hurts);
	tcase_add_test(t, what_is_met_is_looked_up_in_the_own_map);
	tcase_add_loop_test(t, a_file_does_not_name_what_was_strange, 0, 2);
	tcase_add_loop_test(t, a_map_that_is_no_file_of_ours_is_not_read, 0, 3);
	tcase_add_test(t, a_jitdump_is_found_where_it_is_mapped);
	return suite_run(suite);
}
