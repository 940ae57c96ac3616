/* stack_x86_64.c - what a walk needs of this machine: registers, calls, prologues.
 *
 * Room: hot.  The register order is the kernel's (struct sigcontext), the numbers are DWARF's.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

const struct rp_machine rp_machine_x86_64 = {.sp = 7, .bp = 6, .bx = 3, .ra = 16};

#if defined(__x86_64__)
#include <string.h>
#include <ucontext.h>

const struct rp_machine *const rp_machine_here = &rp_machine_x86_64;

uint64_t rp_machine_strip(uint64_t ra)
{
	return ra;
}

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

/* The bytes of a call by register or memory ("ff /2") whose mod-r/m byte is MODRM. */
static int indirect_call_bytes(uint8_t modrm, uint8_t sib)
{
	int mod = modrm >> 6, rm = modrm & 7;
	int n = 2;

	if (((modrm >> 3) & 7) != 2)
		return 0;
	if (mod == 3)
		return n;
	if (rm == 4)
		n++;
	if (mod == 1)
		return n + 1;
	return mod == 2 || rm == 5 || (rm == 4 && (sib & 7) == 5) ? n + 4 : n;
}

RP_READS_STACK bool rp_machine_call_ends(const uint8_t *code)
{
	if (code[-5] == 0xe8)
		return true;
	for (int n = 2; n <= 7; n++)
		if (code[-n] == 0xff &&
		    indirect_call_bytes(code[1 - n], n > 2 ? code[2 - n] : 0) == n)
			return true;
	return false;
}

/* Where the jump or call that ends at CODE leads. */
RP_READS_STACK static uint64_t relative(const uint8_t *code, uint64_t addr)
{
	uint32_t rel = (uint32_t)code[-4] | (uint32_t)code[-3] << 8 | (uint32_t)code[-2] << 16 |
	               (uint32_t)code[-1] << 24;

	return addr + (uint64_t)(int64_t)(int32_t)rel;
}

RP_READS_STACK uint64_t rp_machine_call_target(const uint8_t *code, uint64_t addr)
{
	return code[-5] == 0xe8 ? relative(code, addr) : 0;
}

/* mov rbp, rsp; assemblers write it in two ways. */
static bool sets_frame(const uint8_t *code)
{
	return code[0] == 0x48 &&
	       ((code[1] == 0x89 && code[2] == 0xe5) || (code[1] == 0x8b && code[2] == 0xec));
}

static bool is_pointer(const uint8_t *at)
{
	return at[7] == 0 && at[6] == 0 && at[5] >= 0x70 && at[5] < 0x80;
}

/* Between functions there is padding (int3 up to a border of 32, hlt) or data: zeros, or pointers
 * side by side.  OFF: of AT from such a border.  int3 elsewhere is V8's way to say never. */
static bool between_functions(const uint8_t *at, unsigned off)
{
	static const uint8_t zeros[16];

	return (at[0] == 0xcc && off % 32 == 31) || (at[0] == 0xf4 && at[1] == 0xf4) ||
	       memcmp(at, zeros, sizeof(zeros)) == 0 ||
	       (off % 8 == 0 && is_pointer(at) && is_pointer(at + 8));
}

uint64_t rp_machine_jump(const uint8_t *code, uint64_t pc)
{
	if (code[0] == 0xeb)
		return pc + 2 + (uint64_t)(int64_t)(int8_t)code[1];
	return code[0] == 0xe9 ? relative(code + 5, pc + 5) : pc;
}

/* What "sub rsp" says. */
static uint64_t frame_bytes(const uint8_t *code)
{
	if (code[0] != 0x48 || code[2] != 0xec)
		return 0;
	if (code[1] == 0x83)
		return code[3];
	return code[1] == 0x81 ? (uint64_t)code[3] | (uint64_t)code[4] << 8 : 0;
}

/* Not by decoding: four bytes that are no prologue but look like one are too much of a chance, and
 * what looks like the space between functions but is not costs frames only. */
enum rp_prologue rp_machine_prologue(const uint8_t *first, const uint8_t *code, uint64_t size)
{
	for (const uint8_t *at = code - RP_PROLOGUE_BYTES; at >= first; at--) {
		if (at[0] == 0x55 && sets_frame(at + 1))
			return frame_bytes(at + 4) == size ? RP_PROLOGUE_SIZED : RP_PROLOGUE_THERE;
		if (between_functions(at, (unsigned)(at - first)))
			return RP_PROLOGUE_NOT;
	}
	return RP_PROLOGUE_FARTHER;
}

enum rp_uses rp_machine_uses_frame(const uint8_t *code)
{
	bool rex = (code[0] & 0xf9) == 0x48, wide = code[0] == 0x48; /* rex: not of the base */
	uint8_t op = code[rex], modrm = code[rex + 1];

	if (op == 0xc9 ||                                          /* leave */
	    (wide && op == 0x89 && modrm == 0xec) ||               /* mov rsp, rbp */
	    (wide && op == 0x8b && modrm == 0xe5) ||               /* the same */
	    (wide && (op == 0x8b || op == 0x8d) && modrm == 0x65)) /* of [rbp+n] */
		return RP_USES_ALL;
	/* mov to or from, or cmp with, or lea of, [rbp-n] */
	if ((op == 0x8b || op == 0x89 || op == 0x8d || op == 0x3b || op == 0x39 || op == 0xc7 ||
	     op == 0x83 || op == 0xff) &&
	    ((modrm & 0xc7) == 0x45 || (modrm & 0xc7) == 0x85) &&
	    code[rex + ((modrm & 0xc7) == 0x45 ? 2 : 5)] & 0x80)
		return RP_USES_LOCAL;
	return RP_USES_NOT;
}

int rp_machine_frameless(const uint8_t *code)
{
	if (sets_frame(code) && code[-1] == 0x55 && code[-2] != 0x41)
		return 8;
	if (code[0] == 0x49 && code[1] == 0x3b && code[2] == 0xa7) /* HotSpot: cmp rsp, [r15+..] */
		code += 7;
	if (code[0] == 0x0f && code[1] == 0x87 && code[6] == 0xc3) /* ja, and back */
		code += 6;
	if (code[0] == 0xc3 || code[0] == 0xc2)
		return 0;
	if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa)
		code += 4; /* endbr64 */
	if (code[0] == 0x89 && code[1] == 0x84 && code[2] == 0x24)
		code += 7; /* HotSpot touches the stack far below first */
	return code[0] == 0x55 && sets_frame(code + 1) ? 0 : RP_CODE_NOWHERE;
}

#endif
