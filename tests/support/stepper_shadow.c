/* stepper_shadow.c - see stepper_shadow.h.  SPDX-License-Identifier: MIT */
#include "tests/support/stepper_shadow.h"

#include <stddef.h>

#define READS_STACK __attribute__((no_sanitize("address")))

void shadow_begin(struct shadow *s)
{
	s->n_stacks = 1;
	s->now = &s->stack[0];
	s->now->n = 0;
	s->now->lo = s->now->hi = 0;
	s->pc = 0;
	s->deep = false;
}

/* The return address that the instruction at PC pushes if it is a call, else 0. */
static uint64_t call_returns_to(uint64_t pc)
{
	const uint8_t *at = (const uint8_t *)(uintptr_t)pc;
	unsigned prefixes = 0;

	while (at[prefixes] == 0x66 || at[prefixes] == 0x67 || at[prefixes] == 0x3e ||
	       at[prefixes] == 0xf2 || (at[prefixes] & 0xf0) == 0x40)
		prefixes++;
	pc += prefixes;
	at += prefixes;
	if (at[0] == 0xe8)
		return pc + 5;
	if (at[0] != 0xff || ((at[1] >> 3) & 7) != 2)
		return 0;
	unsigned mod = at[1] >> 6, rm = at[1] & 7;
	unsigned n = 2 + (mod != 3 && rm == 4);

	if (mod == 1)
		n += 1;
	else if (mod == 2 || (mod == 0 && (rm == 5 || (rm == 4 && (at[2] & 7) == 5))))
		n += 4;
	return pc + n;
}

static struct shadow_stack *stack_of(struct shadow *s, uint64_t sp)
{
	for (unsigned i = 1; i < s->n_stacks; i++)
		if (sp > s->stack[i].lo && sp <= s->stack[i].hi)
			return &s->stack[i];
	return &s->stack[0];
}

void shadow_push(struct shadow *s, uint64_t slot, uint64_t pc)
{
	struct shadow_stack *stack = s->now;

	if (stack->n < SHADOW_FRAMES)
		stack->frame[stack->n++] = (struct shadow_frame){.slot = slot, .pc = pc};
	else
		s->deep = true;
}

struct shadow_stack *shadow_add(struct shadow *s, uint64_t lo, uint64_t hi)
{
	struct shadow_stack *stack = &s->stack[s->n_stacks];

	if (s->n_stacks == SHADOW_STACKS)
		return NULL;
	s->n_stacks++;
	stack->lo = lo;
	stack->hi = hi;
	stack->below = NULL;
	stack->rooted = false;
	stack->n = 0;
	return stack;
}

/* The first function of a coroutine is jumped to with its return address on the stack; the switch
 * itself pushes the function before that. */
READS_STACK static void take_root(struct shadow *s, uint64_t sp)
{
	uint64_t top = *(const uint64_t *)(uintptr_t)sp;

	s->now->rooted = true;
	shadow_push(s, sp, top);
}

/* A context that was left in a call is taken up again by pushing that call's return address back
 * to its place: the frame that was popped last. */
READS_STACK static bool is_back(const struct shadow_stack *stack, uint64_t sp)
{
	const struct shadow_frame *last = &stack->frame[stack->n];

	return stack->n < SHADOW_FRAMES && last->slot == sp &&
	       last->pc == *(const uint64_t *)(uintptr_t)sp;
}

static void went(struct shadow *s, uint64_t pc, uint64_t sp)
{
	s->pc = pc;
	s->sp = sp;
}

READS_STACK void shadow_follow(struct shadow *s, uint64_t pc, uint64_t sp)
{
	struct shadow_stack *before = s->now;
	uint64_t ra = s->pc ? call_returns_to(s->pc) : 0;

	s->now = stack_of(s, sp);
	while (s->now->n && s->now->frame[s->now->n - 1].slot < sp)
		s->now->n--;
	s->switched |= s->now != before;
	if (s->now != before && !s->now->below && !s->now->rooted && s->now != &s->stack[0])
		take_root(s, sp);
	else if (ra && sp == s->sp - 8 && *(const uint64_t *)(uintptr_t)sp == ra)
		shadow_push(s, sp, ra);
	else if (s->switched && sp == s->sp - 8 && is_back(s->now, sp))
		s->now->n++;
	else
		return went(s, pc, sp);
	s->switched = s->now != before;
	went(s, pc, sp);
}

unsigned shadow_truth(const struct shadow *s, uint64_t *pc)
{
	unsigned n = 0;

	for (const struct shadow_stack *stack = s->now; stack; stack = stack->below)
		for (unsigned i = stack->n; i > 0 && n < SHADOW_TRUTH; i--)
			pc[n++] = stack->frame[i - 1].pc;
	return n;
}
