/* test_stack_chain.c - frame pointers through code made at run time, judged at every instruction:
 * where it keeps them the walk goes on, where it does not it stops, and is never wrong.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/cold/modules_maps.h"
#include "store/records.h"
#include "tests/support/stepper.h"
#include "tests/support/suite.h"

#define NOINLINE __attribute__((noinline))
enum { PAGE = 4096, PADDING = 0xcc };

/* Code to be copied, each with the signature of call_fn: calls FN(ARG) in a manner of its own. */
typedef void call_fn(void (*fn)(void *), void *arg);

#define CODE(name, ...)                                                                            \
	extern const uint8_t name[], name##_end[];                                                 \
	__asm__(".section .rodata\n" #name ":\n" __VA_ARGS__ #name "_end:\n.text\n")

CODE(framed, "push %rbp\nmov %rsp, %rbp\nsub $48, %rsp\nmov %rdi, -8(%rbp)\nmov %rsi, %rdi\n"
             "call *-8(%rbp)\nmov %rdi, -16(%rbp)\nleave\nret\n");
CODE(frameless, "sub $24, %rsp\nmov %rdi, %rax\nmov %rsi, %rdi\ncall *%rax\nadd $24, %rsp\nret\n");
/* As HotSpot does without -XX:+PreserveFramePointer: pushed, but anybody's meanwhile. */
CODE(pushed_only, "push %rbp\nsub $16, %rsp\nmov %rdi, %rbp\nmov %rsi, %rdi\ncall *%rbp\n"
                  "add $16, %rsp\npop %rbp\nret\n");
/* An interpreter's stub: takes its return address off the stack, and goes there. */
CODE(popped, "call 1f\nret\n1: pop %r10\nnop\nnop\njmp *%r10\n");
/* A frame pointer that is right, but of the function before the last. */
CODE(mixed, "push %rbp\nmov %rsp, %rbp\nsub $32, %rsp\ncall 1f\nleave\nret\n"
            "1: sub $24, %rsp\nmov %rdi, %rax\nmov %rsi, %rdi\ncall *%rax\nadd $24, %rsp\nret\n");
CODE(deep,
     "push %rbp\nmov %rsp, %rbp\npush %rdi\npush %rsi\nsub $512, %rsp\ncall 1f\nadd $512, %rsp\n"
     "pop %rsi\npop %rdi\npop %rbp\nret\n"
     "1: push %rbp\nmov %rsp, %rbp\nsub $32, %rsp\nmov %rdi, %rax\nmov %rsi, %rdi\n"
     "call *%rax\ncall 2f\nleave\nret\n2: nop\nnop\nret\n");

static uint8_t *made; /* the page that is made at run time */

static call_fn *make(const uint8_t *code, const uint8_t *end)
{
	made = mmap(NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	            0);
	ck_assert(made != MAP_FAILED);
	memset(made, PADDING, PAGE);
	memcpy(made + 256, code, (size_t)(end - code));
	return (call_fn *)(uintptr_t)(made + 256);
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void work(void *arg)
{
	int v[9] = {3, 1, 2, 9, 8, 7, 5, 6, 4};
	char text[32];

	qsort(v, 9, sizeof(*v), by_number);
	snprintf(text, sizeof(text), "%d", v[3]);
	*(volatile char *)arg = text[0];
}

static const struct {
	const char *name;
	const uint8_t *code, *end;
	unsigned right; /* at least, in 1/1000 */
	unsigned most;  /* at most */
} codes[] = {
        {"with a frame pointer", framed, framed_end, 990, 1000},
        {"two in turn, and a leaf", deep, deep_end, 985, 1000},
        {"without one", frameless, frameless_end, 0, 150},
        {"the frame pointer used for something else", pushed_only, pushed_only_end, 0, 150},
        {"without one, below one that has", mixed, mixed_end, 0, 150},
        {"the return address in a register", popped, popped_end, 0, 995},
};

static char out;
static call_fn *through;

static void step_into(void *arg)
{
	through(work, arg);
}

static struct stepper_score score;

START_TEST(never_wrong_at_any_instruction)
{
	struct stepper_plan plan = {.score = &score};
	const struct stepper_tally *ours = &score.ours;
	uint64_t n;

	through = make(codes[_i].code, codes[_i].end);
	ck_assert(rp_modules_refresh());
	stepper_run(&plan, step_into, &out);
	n = ours->right + ours->truncated + ours->wrong;
	ck_assert_uint_gt(n, 200);
	ck_assert_msg(ours->wrong == 0, "%s: %lu of %lu wrong", codes[_i].name,
	              (unsigned long)ours->wrong, (unsigned long)n);
	ck_assert_msg(ours->right * 1000 >= n * codes[_i].right &&
	                      ours->right * 1000 <= n * codes[_i].most,
	              "%s: %lu of %lu right", codes[_i].name, (unsigned long)ours->right,
	              (unsigned long)n);
}
END_TEST

static struct {
	uint64_t pcs[64];
	struct rp_walk walk;
} seen;

NOINLINE static void walk_now(void *arg)
{
	struct rp_window window;
	struct rp_regs regs;
	uint64_t lo, hi;

	seen.walk = (struct rp_walk){.pc = seen.pcs, .cap = 64};
	stepper_stack(&lo, &hi);
	rp_regs_here(&regs);
	rp_window_live(&window, regs.sp, lo, hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &seen.walk);
	rp_tables_give();
	*(volatile char *)arg = 1;
}

START_TEST(what_is_not_known_yet_is_asked_for_and_then_known)
{
	ck_assert(rp_modules_refresh());
	through = make(framed, framed_end);
	through(walk_now, &out);
	ck_assert_uint_eq(seen.walk.stop, RP_STOP_UNKNOWN_PC);
	ck_assert_uint_eq(seen.walk.n, 2);
	ck_assert_uint_ne(atomic_load(&rp_tables_strange), 0);
	for (unsigned i = 0; i < 1000 && atomic_load(&rp_tables_strange); i++) {
		usleep(10000); /* it does not look at every turn */
		ck_assert(rp_modules_refresh());
	}
	through(walk_now, &out);
	ck_assert_uint_eq(seen.walk.stop, RP_STOP_END);
	ck_assert_uint_eq(seen.pcs[1] & ~(uint64_t)(PAGE - 1), (uint64_t)(uintptr_t)made);
}
END_TEST

START_TEST(while_something_is_being_loaded_nothing_is_believed)
{
	through = make(framed, framed_end);
	ck_assert(rp_modules_refresh());
	rp_tables_loading();
	through(walk_now, &out);
	ck_assert_uint_eq(seen.walk.stop, RP_STOP_NO_CHAIN);
	ck_assert_uint_eq(seen.walk.n, 2);
}
END_TEST

/* A chain may not lead out of the window, backwards, or to odd places. */
START_TEST(a_bad_frame_pointer_ends_the_walk)
{
	uint64_t stack[64] = {0};
	uint64_t base = (uint64_t)(uintptr_t)stack, pcs[8];
	struct rp_window window = {.lo = base, .hi = base + sizeof(stack)};
	struct rp_walk walk = {.pc = pcs, .cap = 8};
	struct rp_regs regs = {.sp = base + 80};
	const uint64_t bad[] = {0, base, base + 72, base + 101, base + sizeof(stack) - 8, ~7ull};

	make(framed, framed_end);
	ck_assert(rp_modules_refresh());
	for (unsigned i = 0; i < 64; i++) /* wherever it leads there are return addresses */
		stack[i] = (uint64_t)(uintptr_t)made + 256 + (framed_end - framed) - 6;
	regs.pc = stack[0];
	for (unsigned i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		regs.bp = bad[i];
		rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
		rp_tables_give();
		ck_assert_uint_eq(walk.n, 1);
		ck_assert(walk.stop == RP_STOP_NO_CHAIN || walk.stop == RP_STOP_BOUNDS);
	}
}
END_TEST

static const struct {
	const char *line;
	struct rp_map map; /* kind NONE: no map */
} lines[] = {
        {"7f10-7f20 rw-p 00000000 00:00 0 ", {0x7f10, 0x7f20, RP_MAP_DATA, 0}},
        {"7f10-7f20 rwxp 00000000 00:00 0 ", {0x7f10, 0x7f20, RP_MAP_MADE, 0}},
        {"7f10-7f20 --xp 00000000 00:00 0 ", {0x7f10, 0x7f20, RP_MAP_MADE, 0}},
        {"7f10-7f20 ---p 00000000 00:00 0 ", {0}},
        {"7f10-7f20 r-xs 00000000 00:01 77 /memfd:doublemapper (deleted)",
         {0x7f10, 0x7f20, RP_MAP_MADE, 1}},
        {"7f10-7f20 r-xp 00000000 00:01 77 /tmp/ffi (deleted)", {0x7f10, 0x7f20, RP_MAP_MADE, 1}},
        {"7f10-7f20 r-xp 00001000 fe:00 77 /lib/a b.so", {0x7f10, 0x7f20, RP_MAP_FOREIGN, 1}},
        {"7f10-7f20 r-xp 00000000 00:00 0 [anon:v8]", {0x7f10, 0x7f20, RP_MAP_MADE, 0}},
        {"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]", {0}},
        {"7f20-7f10 rw-p 00000000 00:00 0 ", {0}},
        {"7f10-7f20", {0}},
        {"7f10-7f20 r", {0}},
        {"", {0}},
        {"no line", {0}},
};

START_TEST(a_line_of_the_maps)
{
	struct rp_map map;
	bool is = rp_maps_line(lines[_i].line, &map);

	ck_assert_msg(is == (lines[_i].map.kind != RP_MAP_NONE), "%s", lines[_i].line);
	if (!is)
		return;
	ck_assert_uint_eq(map.lo, lines[_i].map.lo);
	ck_assert_uint_eq(map.hi, lines[_i].map.hi);
	ck_assert_uint_eq(map.kind, lines[_i].map.kind);
	ck_assert_uint_eq(map.file != 0, lines[_i].map.file != 0);
}
END_TEST

START_TEST(the_maps_of_this_process)
{
	struct rp_maps maps;
	struct rp_tables tables = {0};
	uint8_t *none;

	make(framed, framed_end);
	none = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ck_assert(rp_maps_read(&maps));
	tables.maps = maps.at;
	tables.n_maps = maps.n;
	for (uint32_t i = 1; i < maps.n; i++)
		if (maps.at[i - 1].hi > maps.at[i].lo)
			ck_abort_msg("map %u", i);
	ck_assert_int_eq(rp_tables_map(&tables, (uint64_t)(uintptr_t)made + 9), RP_MAP_MADE);
	ck_assert_int_eq(rp_tables_map(&tables, (uint64_t)(uintptr_t)&maps), RP_MAP_DATA);
	ck_assert_int_eq(rp_tables_map(&tables, (uint64_t)(uintptr_t)&work), RP_MAP_FOREIGN);
	ck_assert_int_eq(rp_tables_map(&tables, (uint64_t)(uintptr_t)none), RP_MAP_NONE);
	ck_assert_int_eq(rp_tables_map(&tables, 16), RP_MAP_NONE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("stack by frame pointers");
	TCase *tc = tcase_create("chain");

	tcase_set_timeout(tc, 60);
	if (stepper_works_here())
		tcase_add_loop_test(tc, never_wrong_at_any_instruction, 0,
		                    sizeof(codes) / sizeof(*codes));
	tcase_add_test(tc, what_is_not_known_yet_is_asked_for_and_then_known);
	tcase_add_test(tc, while_something_is_being_loaded_nothing_is_believed);
	tcase_add_test(tc, a_bad_frame_pointer_ends_the_walk);
	tcase_add_loop_test(tc, a_line_of_the_maps, 0, sizeof(lines) / sizeof(*lines));
	tcase_add_test(tc, the_maps_of_this_process);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
