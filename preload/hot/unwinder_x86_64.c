/* unwinder_x86_64.c - libunwind's names and register file on this machine.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#if defined(__x86_64__)
#include <string.h>
#include "preload/hot/unwinder_parts.h"

const char rp_unwinder_local[] = "_ULx86_64_";
const char rp_unwinder_common[] = "_Ux86_64_";

/* Where register N (by DWARF number) is among a ucontext_t's general ones. */
static const uint8_t greg_of[16] = {13, 12, 14, 11, 9, 8, 10, 15, 0, 1, 2, 3, 4, 5, 6, 7};

void rp_unwinder_context(uint64_t *context, const struct rp_regs *regs)
{
	uint64_t *gregs = context + RP_UC_GREGS / sizeof(uint64_t);

	memset(gregs, 0, RP_N_GREGS * sizeof(*gregs));
	for (unsigned i = 0; i < 16; i++)
		if (regs->gpr_known >> i & 1)
			gregs[greg_of[i]] = regs->gpr[i];
	gregs[greg_of[RP_REG_BX]] = regs->bx;
	gregs[greg_of[RP_REG_BP]] = regs->bp;
	gregs[greg_of[RP_REG_SP]] = regs->sp;
	gregs[RP_N_GREGS - 1] = regs->pc;
}
#endif
