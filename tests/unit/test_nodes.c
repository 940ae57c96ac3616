/* test_nodes.c - stacks become a tree in the file, each node once.
 *
 * Room: tests.  The modules are this file's own.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/nodes.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/hot/track.h"
#include "store/reader.h"
#include "tests/support/suite.h"

static unsigned n_strange;
static bool was_module;

bool rp_modules_ever(uint64_t pc_abs)
{
	(void)pc_abs;
	return was_module;
}

/* Module N stands at N << 20; its number is N. */
const struct rp_module *rp_modules_find(uint64_t pc_abs, uint32_t generation, bool strange)
{
	static struct rp_module m;

	(void)generation;
	n_strange += strange;
	if (strange)
		return NULL;
	m.number = (uint32_t)(pc_abs >> 20);
	m.bias = m.lo = pc_abs & ~0xfffffull;
	m.hi = m.lo + (1 << 20);
	m.path = "/lib/x.so";
	return m.number ? &m : NULL;
}

static struct rp_nodes nodes;
static char memory[RP_WRITER_BYTES] __attribute__((aligned(16)));
static struct rp_writer *writer;
static FILE *file;

static void ready(void)
{
	static const struct rp_writer_os os = {write};
	struct rp_session_head head = {.pid = 1};

	file = tmpfile();
	ck_assert_ptr_nonnull(file);
	writer = rp_writer_make(memory, fileno(file), &head, 8 << 20, &os);
	ck_assert_ptr_nonnull(writer);
}

/* Ends the file and reads it: how many of KIND. */
static unsigned count(enum rp_item_kind kind)
{
	static char bytes[1 << 20];
	struct rp_why why;
	struct rp_item item;
	unsigned n = 0;

	ck_assert(rp_writer_end(writer));
	ssize_t size = pread(fileno(file), bytes, sizeof(bytes), 0);
	struct rp_reader *r = rp_reader_open_bytes(bytes, (size_t)size, "nodes", &why);

	ck_assert_ptr_nonnull(r);
	while (rp_reader_next(r, &item))
		n += item.kind == kind;
	ck_assert_msg(rp_reader_complete(r, &why), "%s", why.text);
	rp_reader_close(r);
	return n;
}

static uint32_t put(const uint64_t *pc, uint32_t n, uint32_t stop)
{
	return rp_nodes_stack(&nodes, writer, pc, n, stop, 1);
}

START_TEST(a_stack_is_told_once)
{
	static const uint64_t a[] = {(1 << 20) + 5, (2 << 20) + 7, (1 << 20) + 9};
	static const uint64_t b[] = {(1 << 20) + 6, (2 << 20) + 7, (1 << 20) + 9};
	uint32_t first = put(a, 3, RP_STOP_END);

	ck_assert_uint_eq(put(a, 3, RP_STOP_END), first);
	ck_assert_uint_ne(put(b, 3, RP_STOP_END), first); /* shares two callers */
	ck_assert_uint_ne(put(a, 3, RP_STOP_DEPTH), first);
	ck_assert_uint_eq(count(RP_ITEM_STACK), 3 + 1 + 1 + 3);
}
END_TEST

START_TEST(an_interrupted_instruction_is_another_node)
{
	uint64_t call = (1 << 20) + 5, tick = call | RP_PC_EXACT;

	ck_assert_uint_ne(put(&call, 1, RP_STOP_END), put(&tick, 1, RP_STOP_END));
	ck_assert_uint_eq(count(RP_ITEM_MODULE), 1);
}
END_TEST

/* A host that loads and unloads all day: a session stays whole though numbers grow. */
START_TEST(modules_beyond_the_last_number_are_anonymous_not_fatal)
{
	uint64_t near = (8000ull << 20) + 5, far = (9000ull << 20) + 5;

	ck_assert_uint_ne(put(&near, 1, RP_STOP_END), 0);
	ck_assert_uint_ne(put(&far, 1, RP_STOP_END), 0);
	ck_assert_uint_eq(nodes.n_found,
	                  0); /* what the kernel says of the memory is no name of it */
	ck_assert_uint_eq(count(RP_ITEM_STACK), 2);
}
END_TEST

START_TEST(addresses_in_no_module_are_kept_to_be_named)
{
	uint64_t pc[] = {0x10 | RP_PC_EXACT, 0x20, 0x20, (1 << 20) + 5};

	ck_assert_uint_ne(put(pc, 4, RP_STOP_END), 0);
	ck_assert_uint_ne(put(pc, 4, RP_STOP_END), 0);
	ck_assert_uint_eq(nodes.n_found, 2);
	/* The caller first; the call before it. */
	ck_assert_uint_eq(nodes.found[0], RP_FOUND(0x1full, 0));
	ck_assert_uint_eq(nodes.found[1], RP_FOUND(0x10ull, 0));
	ck_assert_uint_eq(count(RP_ITEM_MODULE), 2);
}
END_TEST

/* The walk stopped there since the set's module did not stand any more. */
START_TEST(the_frame_that_the_tables_did_not_know_is_asked_for_as_strange)
{
	static const uint64_t pc[] = {(1 << 20) + 5, (2 << 20) + 7, (3 << 20) + 9};

	put(pc, 3, RP_STOP_RULE);
	ck_assert_uint_eq(n_strange, 0);
	put(pc, 3, RP_STOP_UNKNOWN_PC);
	ck_assert_uint_eq(n_strange, 1);
	ck_assert_uint_eq(nodes.n_found, 1);
	ck_assert_uint_eq(nodes.found[0], RP_FOUND(pc[2] - 1, 1));
	was_module = true; /* it may be the code of one that is gone: no name */
	put((const uint64_t[]){(4 << 20) + 9}, 1, RP_STOP_UNKNOWN_PC);
	ck_assert_uint_eq(nodes.n_found, 1);
}
END_TEST

START_TEST(of_many_stacks_each_is_told_once)
{
	enum { MANY = 2 * RP_FEW_NODES };
	static uint32_t number[MANY];

	for (uint64_t i = 0; i < MANY; i++) {
		number[i] = put((const uint64_t[]){(1 << 20) + 5 + i}, 1, RP_STOP_END);
		ck_assert_uint_eq(number[i], i + 1);
		ck_assert_int_eq(rp_nodes_are_few(&nodes), i < RP_FEW_NODES);
	}
	for (uint64_t i = 0; i < MANY; i++)
		ck_assert_uint_eq(put((const uint64_t[]){(1 << 20) + 5 + i}, 1, RP_STOP_END),
		                  number[i]);
	ck_assert_uint_eq(count(RP_ITEM_STACK), MANY);
}
END_TEST

START_TEST(the_next_session_is_told_all_of_it_again)
{
	static const uint64_t pc[] = {(1 << 20) + 5, 0x20, (2 << 20) + 9};

	ck_assert_uint_eq(put(pc, 3, RP_STOP_END), 3);
	rp_nodes_forget(&nodes);
	rp_writer_end(writer);
	fclose(file);
	ready();
	ck_assert_uint_eq(put(pc, 3, RP_STOP_END), 3);
	ck_assert_uint_eq(nodes.n_found, 1);
	ck_assert_uint_eq(count(RP_ITEM_MODULE), 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nodes");
	TCase *tcase = tcase_create("nodes");

	suite_add_tcase(suite, tcase);
	tcase_add_checked_fixture(tcase, ready, NULL);
	tcase_add_test(tcase, a_stack_is_told_once);
	tcase_add_test(tcase, an_interrupted_instruction_is_another_node);
	tcase_add_test(tcase, modules_beyond_the_last_number_are_anonymous_not_fatal);
	tcase_add_test(tcase, addresses_in_no_module_are_kept_to_be_named);
	tcase_add_test(tcase, the_frame_that_the_tables_did_not_know_is_asked_for_as_strange);
	tcase_add_test(tcase, of_many_stacks_each_is_told_once);
	tcase_add_test(tcase, the_next_session_is_told_all_of_it_again);
	return suite_run(suite);
}
