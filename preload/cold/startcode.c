/* startcode.c - see startcode.h.
 *
 * Room: cold, pure.  x86-64: "sub $8, %rsp", perhaps a call of __gmon_start__, "add $8, %rsp; ret".
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/startcode.h"

#include <stdbool.h>
#include <string.h>

enum { MOST_ROWS = 4 };

/* An instruction that may stand there: what it begins with, and how long it is. */
struct piece {
	uint8_t n_fixed, n;
	uint8_t fixed[4];
};

static const struct piece enter = {4, 4, {0x48, 0x83, 0xec, 0x08}};
static const struct piece leave = {4, 4, {0x48, 0x83, 0xc4, 0x08}};
static const struct piece branch_target = {4, 4, {0xf3, 0x0f, 0x1e, 0xfa}};
static const struct piece between[] = {
        {3, 7, {0x48, 0x8b, 0x05}}, /* mov __gmon_start__(%rip), %rax */
        {3, 3, {0x48, 0x85, 0xc0}}, /* test %rax, %rax */
        {1, 2, {0x74}},             /* je */
        {2, 2, {0xff, 0xd0}},       /* call *%rax */
        {1, 5, {0xe8}},             /* call */
};

static bool is_at(const struct rp_startcode *start, uint32_t at, const struct piece *piece)
{
	return at + piece->n <= start->n &&
	       memcmp(start->code + at, piece->fixed, piece->n_fixed) == 0;
}

static uint32_t skip_between(const struct rp_startcode *start, uint32_t at)
{
	for (unsigned i = 0; i < sizeof(between) / sizeof(*between);) {
		bool there = is_at(start, at, &between[i]);

		at += there ? between[i].n : 0;
		i = there ? 0 : i + 1;
	}
	return at;
}

static struct rp_row row(uint32_t pc, unsigned cfa)
{
	return (struct rp_row){.pc = pc, .cfa = cfa << RP_CFA_BITS | RP_REG_SP};
}

/* Fills ROWS, the last of which is a gap; how many. */
static unsigned rows_of(const struct rp_startcode *start, struct rp_row *rows)
{
	uint32_t entered = is_at(start, 0, &branch_target) ? branch_target.n : 0, left;

	if (!is_at(start, entered, &enter))
		return 0;
	entered += enter.n;
	left = skip_between(start, entered);
	if (!is_at(start, left, &leave))
		return 0;
	left += leave.n;
	if (left >= start->n || start->code[left] != 0xc3)
		return 0;
	rows[0] = row(start->pc, 8);
	rows[1] = row(start->pc + entered, 16);
	rows[2] = row(start->pc + left, 8);
	rows[3] = (struct rp_row){.pc = start->pc + left + 1, .cfa = RP_CFA_GAP};
	return MOST_ROWS;
}

void rp_startcode_join(const struct rp_machine *machine, const struct rp_startcode *start,
                       struct rp_rows *rows)
{
	struct rp_row more[MOST_ROWS];
	unsigned n = machine == &rp_machine_x86_64 ? rows_of(start, more) : 0;
	uint32_t at = 0;

	while (at < rows->n && rows->at[at].pc <= start->pc)
		at++;
	if (!n || (at && (rows->at[at - 1].cfa & 31) != RP_CFA_GAP) ||
	    (at < rows->n && rows->at[at].pc < more[n - 1].pc))
		return;
	n -= at < rows->n && rows->at[at].pc == more[n - 1].pc;
	uint32_t from = at - (at && rows->at[at - 1].pc == start->pc); /* that gap is no more */

	while (from + n + (rows->n - at) > rows->cap)
		if (!rows->grow(rows))
			return;
	memmove(&rows->at[from + n], &rows->at[at], (rows->n - at) * sizeof(*rows->at));
	memcpy(&rows->at[from], more, n * sizeof(*more));
	rows->n += from + n - at;
}
