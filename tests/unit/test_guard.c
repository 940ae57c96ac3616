/* test_guard.c - a module that the reader cannot stand costs that module its names, and no other;
 * what the reader answers is believed in no point.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "symbolize/guard_wire.h"
#include "symbolize/sandbox.h"
#include "tests/support/suite.h"
#include "tests/support/symfood.h"

extern void __asan_init(void) __attribute__((weak));

/* Half of what a sanitizer's own runtime takes would not do. */
static const struct rp_guard_limits gentle = {.memory_bytes = 512 << 20,
                                              .cpu_ns = UINT64_C(1000000000)};

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void loop(void)
{
	for (volatile unsigned i = 0;; i++)
		;
}

/* As pool.c does it; a sanitizer's malloc knows no limit. */
static void eat(void)
{
	size_t n = 64 << 20;

	for (;;) {
		void *volatile bytes = __asan_init ? NULL : malloc(n);

		if (!bytes)
			abort();
	}
}

static void leave(void)
{
	_exit(3);
}

static const struct {
	void (*read)(void);
	const char *why;
} bad[] = {
        {crash, "the reader crashed on it"},
        {loop, "reading it takes too long"},
        {eat, "reading it takes too much memory"},
        {leave, "the reader ended on it"},
};

enum { N_BAD = sizeof(bad) / sizeof(*bad) };

static int bad_one;
static bool bad_when_plain;

static void read_badly(const char *path, bool plain)
{
	if (strstr(path, "bad") && (!plain || bad_when_plain))
		bad[bad_one].read();
}

/* Two modules alike but for their names. */
static struct rp_symbolizer *two_modules(int at, bool when_plain, int *good_handle, int *bad_handle)
{
	struct rp_guard_limits limits = gentle;

	symfood_run("gcc -g -O0 -o good \"$ROOT/tests/unit/fixtures/symfood_inline.c\" && "
	            "cp good bad");
	bad_one = at;
	bad_when_plain = when_plain;
	limits.before_read = read_badly;
	struct rp_symbolizer *s = rp_guard_make(&limits);

	*good_handle = rp_sym_add(s, &(struct rp_sym_module){.path = symfood_path("good")});
	*bad_handle = rp_sym_add(s, &(struct rp_sym_module){.path = symfood_path("bad")});
	return s;
}

static void check_good(struct rp_symbolizer *s, int handle, uint64_t addr)
{
	struct rp_frames at;

	rp_sym_resolve(s, handle, &addr, 1, &at);
	ck_assert_str_eq(at.frame[0].function, "main");
	ck_assert_uint_ne(at.frame[0].line, 0);
	ck_assert_int_eq(rp_sym_state(s, handle, NULL), RP_SYM_DEBUG);
	ck_assert_ptr_null(rp_sym_why(s, handle));
}

START_TEST(a_bad_module_keeps_its_symbols_and_the_others_everything)
{
	int good_handle, bad_handle;
	struct rp_symbolizer *s = two_modules(_i, false, &good_handle, &bad_handle);
	uint64_t addr = symfood_symbol(symfood_path("good"), "main") + 1;
	struct rp_frames at;

	check_good(s, good_handle, addr);
	rp_sym_resolve(s, bad_handle, &addr, 1, &at);
	ck_assert_str_eq(at.frame[0].function, "main");
	ck_assert_uint_eq(at.frame[0].line, 0);
	ck_assert_int_eq(rp_sym_state(s, bad_handle, NULL), RP_SYM_REFUSED);
	ck_assert_str_eq(rp_sym_why(s, bad_handle), bad[_i].why);
	check_good(s, good_handle, addr);
	ck_assert_uint_eq(rp_guard_starts(s), 2);
	rp_sym_free(s);
}
END_TEST

START_TEST(a_module_that_is_always_bad_has_no_names)
{
	int good_handle, bad_handle;
	struct rp_symbolizer *s = two_modules(_i, true, &good_handle, &bad_handle);
	uint64_t addr[] = {0x1234, 0x10};
	struct rp_frames at[2];

	rp_sym_resolve(s, bad_handle, addr, 2, at);
	ck_assert_uint_eq(at[1].n, 1);
	ck_assert_str_eq(at[0].frame[0].function, "bad+0x1234");
	ck_assert_str_eq(at[1].frame[0].function, "bad+0x10");
	ck_assert(!at[0].frame[0].named);
	rp_sym_resolve(s, bad_handle, addr, 2, at);
	ck_assert_int_eq(rp_sym_state(s, bad_handle, NULL), RP_SYM_REFUSED);
	ck_assert_str_eq(rp_sym_why(s, bad_handle), bad[_i].why);
	ck_assert_uint_eq(rp_guard_starts(s), 2);
	check_good(s, good_handle, symfood_symbol(symfood_path("good"), "main") + 1);
	ck_assert_uint_eq(rp_guard_starts(s), 3);
	rp_sym_free(s);
}
END_TEST

START_TEST(nothing_is_started_before_it_is_needed_and_nothing_is_left)
{
	struct rp_symbolizer *s = rp_sym_make();
	uint64_t addr = 1;
	struct rp_frames at;
	int handle = rp_sym_add(s, &(struct rp_sym_module){.path = "/nowhere/libgone.so"});

	ck_assert_uint_eq(rp_guard_starts(s), 0);
	rp_sym_resolve(s, handle, &addr, 1, &at);
	ck_assert_str_eq(at.frame[0].function, "libgone.so+0x1");
	ck_assert_int_eq(rp_sym_state(s, handle, NULL), RP_SYM_NO_FILE);
	ck_assert_uint_eq(rp_guard_starts(s), 1);
	rp_sym_free(s);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
}
END_TEST

/* What must not work inside; each gives 0 when it did work. */
static int write_file(void)
{
	return open("/tmp/reqprof-sandbox-leak", O_WRONLY | O_CREAT, 0600) < 0;
}

static int connect_out(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int run_program(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static int make_process(void)
{
	return fork() < 0;
}

static int make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int kill_parent(void)
{
	return kill(getppid(), 0) != 0;
}

static int use_old_descriptor(void)
{
	return fcntl(9, F_GETFD) < 0;
}

static int take_memory(void)
{
	return mmap(NULL, 1 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	       MAP_FAILED;
}

static int read_file(void)
{
	char byte;
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	return fd >= 0 && read(fd, &byte, 1) == 1;
}

/* Links to the file of another package's debug information are followed. */
static int find_real_path(void)
{
	char real[PATH_MAX];

	return realpath("/proc/self/cwd", real) != NULL;
}

static int (*const tries[])(void) = {write_file, connect_out,   run_program,        make_process,
                                     make_code,  kill_parent,   use_old_descriptor, take_memory,
                                     read_file,  find_real_path};

START_TEST(the_sandbox_lets_files_be_read_and_nothing_else)
{
	int ends[2], status;

	if (__asan_init) {
		printf("SKIP a sanitizer does not live in a sandbox\n");
		return;
	}
	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(dup2(ends[0], 9), 9);
	pid_t pid = fork();

	if (pid == 0) {
		rp_sandbox_enter(ends[1], 256 << 20);
		_exit(tries[_i]() ? 7 : 8);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 7);
	close(ends[0]);
	close(ends[1]);
	close(9);
}
END_TEST

static const struct rp_frame chain[] = {
        {"inner", "a.c", 1, 2, true, true, NULL},
        {"outer", NULL, 3, 0, false, true, ".cold"},
        {"lib.so+0x1", NULL, 0, 0, false, false, NULL},
};

static const struct rp_frames lists[] = {{chain, 2}, {chain + 2, 1}, {chain, 2}};

/* A part of an answer as it goes over the wire. */
struct part {
	struct rp_wire_sizes sizes;
	char bytes[1024];
	size_t n;
};

static void take_part(struct rp_wire_packer *packer, struct part *part)
{
	struct rp_wire_part made = rp_wire_part(packer);

	part->sizes = made.sizes;
	part->n = 0;
	for (int i = 0; i < 4; i++) {
		memcpy(part->bytes + part->n, made.piece[i], made.n_bytes[i]);
		part->n += made.n_bytes[i];
	}
}

/* An answer to three addresses, in one part. */
static struct part wire(void)
{
	struct rp_wire_packer *packer = rp_wire_packer_make();
	struct part part;

	for (size_t i = 0; i < 3; i++)
		rp_wire_pack(packer, i, &lists[i]);
	take_part(packer, &part);
	rp_wire_packer_free(packer);
	return part;
}

static void expect_as_sent(const struct rp_frames *out)
{
	ck_assert_uint_eq(out[0].n, 2);
	ck_assert_uint_eq(out[1].n, 1);
	for (int i = 0; i < 2; i++) {
		const struct rp_frame *f = &out[0].frame[i];

		ck_assert_str_eq(f->function, chain[i].function);
		ck_assert_uint_eq(f->line, chain[i].line);
		ck_assert_uint_eq(f->func_line, chain[i].func_line);
		ck_assert_int_eq(f->inlined, chain[i].inlined);
	}
	ck_assert_str_eq(out[0].frame[0].file, "a.c");
	ck_assert_ptr_null(out[0].frame[1].file);
	ck_assert_ptr_null(out[0].frame[0].suffix);
	ck_assert_str_eq(out[0].frame[1].suffix, ".cold");
	ck_assert(!out[1].frame[0].named);
}

START_TEST(frames_arrive_as_they_were_sent)
{
	struct part part = wire();
	struct rp_pool pool = {0};
	struct rp_frames out[3];
	struct rp_wire_answer answer = rp_wire_answer(&pool, out, 3);

	ck_assert(rp_wire_unpack(&answer, &part.sizes, part.bytes, part.n));
	ck_assert(rp_wire_answer_end(&answer));
	ck_assert_uint_eq(part.sizes.n_lists, 2);
	ck_assert_ptr_eq(out[0].frame, out[2].frame);
	expect_as_sent(out);
	rp_pool_free(&pool);
}
END_TEST

START_TEST(an_answer_in_parts_is_put_together)
{
	struct rp_wire_packer *packer = rp_wire_packer_make();
	static const size_t order[] = {2, 1, 0};
	struct rp_pool pool = {0};
	struct rp_frames out[3];
	struct rp_wire_answer answer = rp_wire_answer(&pool, out, 3);
	struct rp_frame other[2];
	size_t n_text = 0;

	memcpy(other, chain, sizeof(other));
	for (int i = 0; i < 3; i++) {
		struct rp_frames there = lists[order[i]];
		struct part part;

		if (i == 2)
			there.frame = other; /* the same texts by another way */
		ck_assert_uint_eq(rp_wire_n_bytes(packer), 0);
		rp_wire_pack(packer, order[i], &there);
		ck_assert_uint_gt(rp_wire_n_bytes(packer), 0);
		rp_wire_forget(packer);
		take_part(packer, &part);
		ck_assert(rp_wire_unpack(&answer, &part.sizes, part.bytes, part.n));
		n_text += part.sizes.n_text;
	}
	ck_assert_uint_eq(n_text, wire().sizes.n_text); /* each was sent once */
	ck_assert(rp_wire_answer_end(&answer));
	expect_as_sent(out);
	rp_wire_packer_free(packer);
	rp_pool_free(&pool);
}
END_TEST

START_TEST(an_answer_that_leaves_an_address_out_is_none)
{
	struct part part = wire();
	struct rp_pool pool = {0};
	struct rp_frames out[4];
	struct rp_wire_answer answer = rp_wire_answer(&pool, out, 4);

	ck_assert(rp_wire_unpack(&answer, &part.sizes, part.bytes, part.n));
	ck_assert(!rp_wire_answer_end(&answer));
	rp_pool_free(&pool);
}
END_TEST

/* Reads everything that an answer points at: a sanitizer, or a crash, tells when it should not. */
static size_t weigh(const struct rp_frames *out)
{
	size_t n = 0;

	for (int i = 0; i < 3; i++)
		for (uint32_t k = 0; k < out[i].n; k++) {
			const struct rp_frame *f = &out[i].frame[k];

			n += strlen(f->function) + (f->file ? strlen(f->file) : 0);
		}
	return n;
}

/* Is it taken?  Then all of it is read. */
static bool is_taken(const struct rp_wire_sizes *sizes, const char *bytes, size_t n)
{
	struct rp_pool pool = {0};
	struct rp_frames out[3];
	struct rp_wire_answer answer = rp_wire_answer(&pool, out, 3);
	bool taken = rp_wire_unpack(&answer, sizes, bytes, n);

	taken &= rp_wire_answer_end(&answer);
	if (taken)
		ck_assert_uint_lt(weigh(out), 1000);
	rp_pool_free(&pool);
	return taken;
}

START_TEST(an_answer_that_lies_is_refused_or_harmless)
{
	struct part good = wire(), part;
	size_t n = good.n, refused = 0;
	static const unsigned char values[] = {0, 1, 2, 3, 0x7f, 0x80, 0xff};

	for (size_t at = 0; at < n + sizeof(good.sizes); at++)
		for (size_t v = 0; v < sizeof(values); v++) {
			part = good;
			if (at < n)
				part.bytes[at] = (char)values[v];
			else
				((unsigned char *)&part.sizes)[at - n] = values[v];
			refused += !is_taken(&part.sizes, part.bytes, n);
		}
	ck_assert_uint_gt(refused, 100);
	for (size_t cut = 0; cut < n; cut++)
		ck_assert(!is_taken(&good.sizes, good.bytes, cut));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("guard");
	TCase *tc = tcase_create("guard");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_bad_module_keeps_its_symbols_and_the_others_everything, 0, N_BAD);
	tcase_add_loop_test(tc, a_module_that_is_always_bad_has_no_names, 0, N_BAD);
	tcase_add_test(tc, nothing_is_started_before_it_is_needed_and_nothing_is_left);
	tcase_add_loop_test(tc, the_sandbox_lets_files_be_read_and_nothing_else, 0,
	                    sizeof(tries) / sizeof(*tries));
	tcase_add_test(tc, frames_arrive_as_they_were_sent);
	tcase_add_test(tc, an_answer_in_parts_is_put_together);
	tcase_add_test(tc, an_answer_that_leaves_an_address_out_is_none);
	tcase_add_test(tc, an_answer_that_lies_is_refused_or_harmless);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
