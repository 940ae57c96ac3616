/* stack_aarch64.c - what a walk needs of this machine: registers, calls, the return address.
 *
 * Room: hot.  A call leaves the return address in x30 (bx), which the rows follow; it may be
 * signed.  Interrupted code without rows is not left: x30 holds an address whether or not it
 * counts. SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

const struct rp_machine rp_machine_aarch64 = {.sp = 31, .bp = 29, .bx = 30, .ra = 30, .link = true};

#if defined(__aarch64__)
#include <string.h>
#include <ucontext.h>

const struct rp_machine *const rp_machine_here = &rp_machine_aarch64;

enum { REG_FP = 29, REG_LR = 30, REG_SP = 31, REG_PC = 32, SIGINFO_BYTES = 128 };

static_assert(offsetof(ucontext_t, uc_mcontext.regs) + SIGINFO_BYTES == RP_UC_GREGS, "kernel ABI");
static_assert(offsetof(mcontext_t, pc) - offsetof(mcontext_t, regs) == REG_PC * 8, "kernel ABI");
static_assert(RP_N_GREGS == REG_PC + 1, "kernel ABI");

/* Signatures are above the 48 bits of an address; the processor need not be asked. */
uint64_t rp_machine_strip(uint64_t ra)
{
	return ra & ((1ull << 48) - 1);
}

void rp_regs_from_gregs(struct rp_regs *regs, const uint64_t *gregs)
{
	regs->gpr_known = 0;
	regs->pc = gregs[REG_PC];
	regs->sp = gregs[REG_SP];
	regs->bp = gregs[REG_FP];
	regs->bx = gregs[REG_LR];
	regs->exact = true;
}

void rp_regs_from_context(struct rp_regs *regs, const void *ucontext)
{
	const ucontext_t *uc = ucontext;

	rp_regs_from_gregs(regs, (const uint64_t *)uc->uc_mcontext.regs);
}

static_assert(offsetof(struct rp_regs, pc) == 0 && offsetof(struct rp_regs, sp) == 8, "asm below");
static_assert(offsetof(struct rp_regs, bp) == 16 && offsetof(struct rp_regs, bx) == 24,
              "asm below");
static_assert(offsetof(struct rp_regs, gpr_known) == 160, "asm below");
static_assert(offsetof(struct rp_regs, exact) == 164, "asm below");

/* Not in C: a prologue would move what is to be read. */
__asm__(".text\n"
        ".globl rp_regs_here\n"
        ".hidden rp_regs_here\n"
        ".type rp_regs_here, %function\n"
        "rp_regs_here:\n\t"
        "mov x1, sp\n\t"
        "stp x30, x1, [x0]\n\t"
        "stp x29, x30, [x0, #16]\n\t"
        "str wzr, [x0, #160]\n\t"
        "strb wzr, [x0, #164]\n\t"
        "ret\n"
        ".size rp_regs_here, . - rp_regs_here\n");

RP_READS_STACK bool rp_machine_call_ends(const uint8_t *code)
{
	uint32_t op;

	memcpy(&op, code - 4, sizeof(op));
	return (op & 0xfc000000) == 0x94000000 || /* bl */
	       (op & 0xfefff800) == 0xd63f0000;   /* blr, with or without authentication */
}

uint64_t rp_machine_call_target(const uint8_t *code, uint64_t addr)
{
	(void)code;
	(void)addr;
	return 0;
}

uint64_t rp_machine_jump(const uint8_t *code, uint64_t pc)
{
	(void)code;
	return pc;
}

enum rp_prologue rp_machine_prologue(const uint8_t *first, const uint8_t *code, uint64_t size)
{
	(void)first;
	(void)code;
	(void)size;
	return RP_PROLOGUE_NOT;
}

enum rp_uses rp_machine_uses_frame(const uint8_t *code)
{
	(void)code;
	return RP_USES_NOT;
}

int rp_machine_frameless(const uint8_t *code)
{
	(void)code;
	return RP_CODE_NOWHERE;
}

static unsigned load_return(struct rp_walker *w, uint64_t at, uint64_t cfa, uint64_t *ra)
{
	if (cfa <= w->at.sp) /* what is saved takes room */
		return RP_STOP_BOUNDS;
	if (!rp_walker_load(&w->window, at, ra))
		return rp_walker_stop_of_read(w, at);
	*ra = rp_machine_strip(*ra);
	return RP_GO_ON;
}

unsigned rp_machine_return(struct rp_walker *w, const struct rp_row *row, uint64_t cfa,
                           uint64_t *ra, uint64_t *at)
{
	uint64_t n_bytes = (uint64_t)(row->bx >> RP_SAVED_BITS) * 8;

	*at = cfa;
	switch (row->bx & 3) {
	case RP_SAVED_NOT: /* only the innermost function can have it in its register still */
		if (!w->at.exact || w->bx_lost)
			return RP_STOP_RULE;
		*ra = rp_machine_strip(w->at.bx);
		return cfa < w->at.sp ? RP_STOP_BOUNDS : RP_GO_ON;
	case RP_SAVED_AT_CFA:
		return load_return(w, cfa + n_bytes, cfa, ra);
	case RP_SAVED_AT_BP:
		return w->bp_lost ? RP_STOP_RULE : load_return(w, w->at.bp + n_bytes, cfa, ra);
	default:
		return RP_STOP_RULE;
	}
}

#endif
