/* stack_x86_64.c - what a walk needs of this machine: registers, the probe.
 *
 * Room: hot.  The register order is the kernel's (struct sigcontext), the numbers are DWARF's.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack.h"

#include <errno.h>
#include <ucontext.h>
#include "preload/hot/sys.h"

static_assert(offsetof(ucontext_t, uc_mcontext.gregs) == RP_UC_GREGS, "kernel ABI");
static_assert(REG_R8 == 0 && REG_RSP == 15 && REG_RIP == RP_N_GREGS - 1, "kernel ABI");

void rp_regs_from_gregs(struct rp_regs *regs, const uint64_t *gregs)
{
	static const uint8_t dwarf[] = {8, 9, 10, 11, 12, 13, 14, 15, 5, 4, 6, 3, 1, 0, 2, 7};

	for (unsigned i = 0; i < sizeof dwarf; i++)
		regs->gpr[dwarf[i]] = gregs[i];
	regs->gpr_known = 0xffff;
	regs->pc = gregs[REG_RIP];
	regs->sp = gregs[REG_RSP];
	regs->bp = gregs[REG_RBP];
	regs->bx = gregs[REG_RBX];
	regs->exact = true;
}

void rp_regs_from_context(struct rp_regs *regs, const void *ucontext)
{
	const ucontext_t *uc = ucontext;

	rp_regs_from_gregs(regs, (const uint64_t *)uc->uc_mcontext.gregs);
}

static_assert(offsetof(struct rp_regs, pc) == 0 && offsetof(struct rp_regs, sp) == 8, "asm below");
static_assert(offsetof(struct rp_regs, bp) == 16 && offsetof(struct rp_regs, bx) == 24,
              "asm below");
static_assert(offsetof(struct rp_regs, gpr) == 32, "asm below");
static_assert(offsetof(struct rp_regs, gpr_known) == 160, "asm below");
static_assert(offsetof(struct rp_regs, exact) == 164, "asm below");

/* Naked: a prologue would move what is to be read.  Only what a call preserves is known:
 * 0xf0c8 are the bits of rbx, rbp, rsp and r12 to r15. */
__attribute__((naked)) void rp_regs_here(struct rp_regs *regs __attribute__((unused)))
{
	__asm__("movq (%rsp), %rax\n\t"
	        "movq %rax, 0(%rdi)\n\t"
	        "leaq 8(%rsp), %rax\n\t"
	        "movq %rax, 8(%rdi)\n\t"
	        "movq %rbp, 16(%rdi)\n\t"
	        "movq %rbx, 24(%rdi)\n\t"
	        "movq %rbx, 32+3*8(%rdi)\n\t"
	        "movq %rbp, 32+6*8(%rdi)\n\t"
	        "movq %rax, 32+7*8(%rdi)\n\t"
	        "movq %r12, 32+12*8(%rdi)\n\t"
	        "movq %r13, 32+13*8(%rdi)\n\t"
	        "movq %r14, 32+14*8(%rdi)\n\t"
	        "movq %r15, 32+15*8(%rdi)\n\t"
	        "movl $0xf0c8, 160(%rdi)\n\t"
	        "movb $0, 164(%rdi)\n\t"
	        "ret");
}

/* rt_sigprocmask copies the set in before it looks at HOW: with a HOW that does not exist the
 * answer is EFAULT or EINVAL and nothing happens.  No descriptor, no handler of the host's. */
bool rp_stack_readable(uint64_t addr)
{
	return rp_sys(SYS_rt_sigprocmask, -1, addr, 0, 8) == -EINVAL;
}
