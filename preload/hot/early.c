/* early.c - first values of rp_real: the system call itself, or a stub that resolves itself.
 *
 * Room: hot.  Other libraries' constructors run before ours and do I/O: no hook may ever ask
 * "am I ready?".  The only place in hot that calls dlsym, once a row, and only for LAZY rows.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdatomic.h>
#include "preload/hot/sys.h"
#include "preload/real.h"

#define NR_RAW(nr)     SYS_##nr
#define NR_LAZY        -1
#define NR_RAW_SYSCALL -2
#define NR_FOREIGN     -3

/* Row -> system call number; read by the assembler below. */
__attribute__((used, visibility("hidden"))) const short rp_early_nr[] = {
#define CALL(name, start, shape) NR_##start,
#include "preload/calls.def"
};

static const char *const names[] = {
#define CALL(name, start, shape) #name,
#include "preload/calls.def"
};

/* A stub leaves its row in r11 (scratch in the calling convention, like a PLT's) and goes on in
 * the common part, which either makes the system call or resolves and jumps. */
#define CALL(name, start, shape)                                                                   \
	__attribute__((naked)) static void stub_##name(void)                                       \
	{                                                                                          \
		__asm__("movl %0, %%r11d\n\tjmp rp_early_common" ::"i"(RP_CALL_##name));           \
	}
#include "preload/calls.def"

struct rp_real rp_real = {
#define CALL(name, start, shape) .name = (void *)stub_##name,
#include "preload/calls.def"
};

__asm__(".text\n"
        ".hidden rp_early_common\n"
        ".type rp_early_common, @function\n"
        "rp_early_common:\n"
        "	.cfi_startproc\n"
        "	leaq rp_early_nr(%rip), %r10\n"
        "	movswl (%r10,%r11,2), %eax\n"
        "	cmpl $-1, %eax\n"
        "	je 2f\n"
        "	cmpl $-3, %eax\n"
        "	je 2f\n"
        "	cmpl $-2, %eax\n"
        "	jne 1f\n"
        /* syscall(nr, a, b, c, d, e, f): everything one place to the left */
        "	movq %rdi, %rax\n"
        "	movq %rsi, %rdi\n"
        "	movq %rdx, %rsi\n"
        "	movq %rcx, %rdx\n"
        "	movq %r8, %rcx\n"
        "	movq %r9, %r8\n"
        "	movq 8(%rsp), %r9\n"
        "1:	movq %rcx, %r10\n"
        "	syscall\n"
        "	cmpq $-4095, %rax\n"
        "	jae 3f\n"
        "	ret\n"
        "3:	negl %eax\n"
        "	pushq %rax\n"
        "	.cfi_adjust_cfa_offset 8\n"
        "	call __errno_location@PLT\n"
        "	popq %rcx\n"
        "	.cfi_adjust_cfa_offset -8\n"
        "	movl %ecx, (%rax)\n"
        "	movq $-1, %rax\n"
        "	ret\n"
        "2:	pushq %rdi\n"
        "	pushq %rsi\n"
        "	pushq %rdx\n"
        "	pushq %rcx\n"
        "	pushq %r8\n"
        "	pushq %r9\n"
        "	subq $8, %rsp\n"
        "	.cfi_adjust_cfa_offset 56\n"
        "	movl %r11d, %edi\n"
        "	call rp_real_resolve\n"
        "	movq %rax, %r11\n"
        "	addq $8, %rsp\n"
        "	popq %r9\n"
        "	popq %r8\n"
        "	popq %rcx\n"
        "	popq %rdx\n"
        "	popq %rsi\n"
        "	popq %rdi\n"
        "	.cfi_adjust_cfa_offset -56\n"
        "	xorl %eax, %eax\n"
        "	jmp *%r11\n"
        "	.cfi_endproc\n");

/* Stands for a function that nobody here has; hosts that use one of libc's test for ENOSYS. */
static long missing(void)
{
	errno = ENOSYS;
	return -1;
}

/* Which version a host linked against means the current one; glibc's dlsym may still answer with
 * the 2.2.5 condition variables, whose layout differs. */
static void *find(const char *name)
{
	static const char cond[] = "pthread_cond_";
	void *real = NULL;

	if (__builtin_memcmp(name, cond, sizeof(cond) - 1) == 0)
		real = dlvsym(RTLD_NEXT, name, "GLIBC_2.3.2");
	return real ? real : dlsym(RTLD_NEXT, name);
}

__attribute__((visibility("hidden"))) void *rp_real_resolve(enum rp_call call)
{
	void *real = find(names[call]);

	if (!real)
		real = (void *)missing;
	__atomic_store_n(&((void **)&rp_real)[call], real, __ATOMIC_RELEASE);
	return real;
}

/* What a host may do without is not looked for here: the search costs, and where it fails dlerror
 * would tell the host. */
void rp_real_resolve_all(void)
{
	for (unsigned i = 0; i < RP_N_CALLS; i++)
		if (rp_early_nr[i] != NR_FOREIGN)
			rp_real_resolve((enum rp_call)i);
}
