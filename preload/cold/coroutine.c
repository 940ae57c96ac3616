/* coroutine.c - see coroutine.h.
 *
 * Room: cold.  The function has no public name: a coroutine is made, never begun, and looked at.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/coroutine.h"

#include <ucontext.h>
#include "preload/hot/coroutine.h"

enum { STACK_BYTES = 1024 };

static void nothing(void)
{
}

uint64_t rp_coroutine_end(void)
{
	static char stack[STACK_BYTES] __attribute__((aligned(16)));
	static ucontext_t made;
	static uint64_t found;
	struct rp_regs regs;

	if (found || getcontext(&made) != 0)
		return found;
	made.uc_stack.ss_sp = stack;
	made.uc_stack.ss_size = sizeof(stack);
	made.uc_link = &made;
	makecontext(&made, nothing, 0);
	rp_regs_from_context(&regs, &made);
	found = rp_coroutine_returns_to(&regs);
	return found;
}
