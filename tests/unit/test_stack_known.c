/* test_stack_known.c - the short way through known frames leads where the rows lead, or nowhere.
 *
 * Room: tests.  At every instruction of real code: test_stack_steps.c, whose sets have words too.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

#include <alloca.h>
#include <string.h>
#include "preload/cold/modules.h"
#include "tests/support/stepper.h"
#include "tests/support/suite.h"

#define NOINLINE __attribute__((noinline))
enum { MAX_FRAMES = 200, LO = 0x10000, PC = LO + 0x123, N_WORDS = 64 };

static _Atomic uint64_t known[RP_TABLES_KNOWN];
static struct rp_module_rows module = {.lo = LO, .hi = LO + 0x10000, .fixed = true};
static struct rp_tables tables = {.n_modules = 1, .modules = &module, .known = known};
static uint64_t stack[N_WORDS];
static uint64_t found[MAX_FRAMES];
static volatile int sink;

static uint64_t address(const void *at)
{
	return (uint64_t)(uintptr_t)at;
}

static unsigned n_known(const _Atomic uint64_t *words)
{
	unsigned n = 0;

	for (unsigned i = 0; i < RP_TABLES_KNOWN; i++)
		n += words[i] != 0;
	return n;
}

#define CFA(kind, offset) ((uint32_t)(offset) << RP_CFA_BITS | (kind))
#define SAVED(how, n)     ((int16_t)((n) * (1 << RP_SAVED_BITS) | (how)))

static const struct {
	const char *what;
	struct rp_row row;
	bool is_learned;
} rules[] = {
        {"nothing saved", {0, CFA(RP_REG_SP, 8), 0, 0}, true},
        {"by rbp", {0, CFA(RP_REG_BP, 16), SAVED(RP_SAVED_AT_CFA, -2), 0}, true},
        {"both saved",
         {0, CFA(RP_REG_SP, 48), SAVED(RP_SAVED_AT_CFA, -2), SAVED(RP_SAVED_AT_CFA, -3)},
         true},
        {"the farthest", {0, CFA(RP_REG_SP, 65528), SAVED(RP_SAVED_AT_CFA, -15), 0}, true},
        {"a wider frame", {0, CFA(RP_REG_SP, 65536), 0, 0}, false},
        {"saved farther", {0, CFA(RP_REG_SP, 256), SAVED(RP_SAVED_AT_CFA, -16), 0}, false},
        {"saved above", {0, CFA(RP_REG_SP, 256), SAVED(RP_SAVED_AT_CFA, 1), 0}, false},
        {"rbp lost", {0, CFA(RP_REG_SP, 16), SAVED(RP_SAVED_LOST, 0), 0}, false},
        {"rbx lost", {0, CFA(RP_REG_SP, 16), 0, SAVED(RP_SAVED_LOST, 0)}, false},
        {"rbp by rbp", {0, CFA(RP_REG_SP, 16), SAVED(RP_SAVED_AT_BP, 0), 0}, false},
        {"no multiple of 8", {0, CFA(RP_REG_SP, 12), 0, 0}, false},
        {"no frame", {0, CFA(RP_REG_SP, 0), 0, 0}, false},
        {"a frame below", {0, CFA(RP_REG_BP, -16), 0, 0}, false},
        {"by rbx", {0, CFA(RP_REG_BX, 16), 0, 0}, false},
        {"of the plt", {0, CFA(RP_CFA_PLT, 11), 0, 0}, false},
        {"a pointer to it", {0, CFA(RP_CFA_AT_BP, 16), 0, 0}, false},
};

START_TEST(what_fits_into_a_word_is_learned)
{
	rp_known_learn(&tables, &module, &rules[_i].row, PC);
	ck_assert_msg(n_known(known) == rules[_i].is_learned, "%s", rules[_i].what);
}
END_TEST

START_TEST(nothing_is_learned_where_there_is_no_place)
{
	struct rp_module_rows many[200] = {[126] = {.lo = LO}, [127] = {.lo = LO}};

	rp_known_learn(&tables, &module, &rules[0].row, 1ull << 47);
	tables.modules = many;
	rp_known_learn(&tables, &many[127], &rules[0].row, PC); /* its number is too high */
	ck_assert_uint_eq(n_known(known), 0);
	rp_known_learn(&tables, &many[126], &rules[0].row, PC);
	ck_assert_uint_eq(n_known(known), 1);
	tables.known = NULL;
	rp_known_learn(&tables, &module, &rules[0].row, PC + 1);
	ck_assert_uint_eq(n_known(known), 1);
}
END_TEST

/* A walk of STACK by the row "both saved" at PC, from word 8 on; how many frames it went. */
static uint32_t run(struct rp_walker *w, uint32_t n_lo, uint32_t n_hi)
{
	struct rp_walk walk = {.pc = found, .cap = MAX_FRAMES, .n = 1};

	*w = (struct rp_walker){
	        .tables = &tables,
	        .window = {.lo = address(stack + n_lo), .hi = address(stack + n_hi)},
	        .at = {.pc = PC, .sp = address(stack + 16), .bp = 1, .bx = 2},
	        .bx_lost = true,
	        .sure = w->sure,
	};
	found[0] = PC;
	stack[16 + 5] = PC + 0x1000; /* nobody knows it */
	stack[16 + 4] = 77;
	stack[16 + 3] = 88;
	rp_known_run(w, &walk);
	return walk.n - 1;
}

START_TEST(a_known_frame_is_left_with_its_registers)
{
	struct rp_walker w = {0};

	rp_known_learn(&tables, &module, &rules[2].row, PC);
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 1);
	ck_assert_uint_eq(found[1], PC + 0x1000);
	ck_assert_uint_eq(w.at.pc, PC + 0x1000);
	ck_assert_uint_eq(w.at.sp, address(stack + 22));
	ck_assert_uint_eq(w.at.bp, 77);
	ck_assert_uint_eq(w.at.bx, 88);
	ck_assert(!w.bx_lost);
}
END_TEST

START_TEST(what_is_not_certain_is_left_to_the_rows)
{
	struct rp_walker w = {0};

	ck_assert_uint_eq(run(&w, 0, N_WORDS), 0); /* not learned */
	rp_known_learn(&tables, &module, &rules[2].row, PC + 0x1000);
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 0); /* another at the same index */
	rp_known_learn(&tables, &module, &rules[2].row, PC);
	ck_assert_uint_eq(run(&w, 0, 21), 0); /* its frame is not all there */
	ck_assert_uint_eq(run(&w, 16, 22), 0);
	ck_assert_uint_eq(w.at.pc, PC);
	ck_assert_uint_eq(w.at.bp, 1);
	ck_assert(w.bx_lost);
	ck_assert_uint_eq(run(&w, 0, 22), 1);
	rp_known_learn(&tables, &module, &rules[1].row, PC); /* by an rbp that is below */
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 0);
}
END_TEST

START_TEST(a_module_that_may_go_is_believed_while_it_stands)
{
	struct rp_walker w = {0};
	struct rp_module_rows two[2] = {{.lo = LO}, {.lo = 2 * LO}};

	tables.modules = two;
	rp_known_learn(&tables, &two[1], &rules[2].row, PC);
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 0);
	w.sure = &two[0];
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 0);
	w.sure = &two[1];
	ck_assert_uint_eq(run(&w, 0, N_WORDS), 1);
}
END_TEST

struct seen {
	uint64_t pc[MAX_FRAMES];
	uint8_t exact[MAX_FRAMES];
	struct rp_walk walk;
};

static struct seen plain, short_way[2];

NOINLINE static void walk_by(const struct rp_tables *set, struct rp_regs *regs, struct seen *seen,
                             uint32_t cap)
{
	struct rp_window window;
	uint64_t lo, hi;

	stepper_stack(&lo, &hi);
	rp_window_live(&window, regs->sp, lo, hi);
	seen->walk = (struct rp_walk){.pc = seen->pc, .exact = seen->exact, .cap = cap};
	rp_stack_walk(set, regs, &window, &seen->walk);
}

static void expect_alike(void)
{
	const struct rp_tables *now = rp_tables_take();
	struct rp_tables without = *now;
	struct rp_regs regs;

	without.known = NULL;
	rp_regs_here(&regs);
	for (uint32_t cap = MAX_FRAMES; cap > 0; cap /= 2) {
		walk_by(&without, &regs, &plain, cap);
		for (unsigned i = 0; i < 2; i++) {
			walk_by(now, &regs, &short_way[i], cap);
			ck_assert_uint_eq(short_way[i].walk.n, plain.walk.n);
			ck_assert_uint_eq(short_way[i].walk.stop, plain.walk.stop);
			ck_assert_mem_eq(short_way[i].pc, plain.pc, plain.walk.n * 8);
			ck_assert_mem_eq(short_way[i].exact, plain.exact, plain.walk.n);
		}
	}
	ck_assert_uint_gt(n_known(now->known), 5);
	rp_tables_give();
}

NOINLINE static int deep(int n)
{
	volatile char *room = alloca((size_t)(8 + n % 5 * 40));

	room[n % 8] = 1;
	if (n == 0)
		expect_alike();
	else
		sink += deep(n - 1);
	return room[n % 8];
}

static int compare(const void *a, const void *b)
{
	deep(3);
	return *(const int *)a - *(const int *)b;
}

START_TEST(real_stacks_are_the_same_both_ways)
{
	int v[2] = {2, 1};

	ck_assert(rp_modules_refresh());
	deep(0);
	deep(120);
	deep(120); /* known by now */
	qsort(v, 2, sizeof(*v), compare);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("known frames");
	TCase *tc = tcase_create("known frames");

	tcase_add_loop_test(tc, what_fits_into_a_word_is_learned, 0,
	                    sizeof(rules) / sizeof(*rules));
	tcase_add_test(tc, nothing_is_learned_where_there_is_no_place);
	tcase_add_test(tc, a_known_frame_is_left_with_its_registers);
	tcase_add_test(tc, what_is_not_certain_is_left_to_the_rows);
	tcase_add_test(tc, a_module_that_may_go_is_believed_while_it_stands);
	tcase_add_test(tc, real_stacks_are_the_same_both_ways);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
