/* switch.h - from one stack to another by code of one's own, as runtimes have it: no call of libc.
 *
 * Room: tests/hosts.  x86-64.  SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_SWITCH_H
#define TEST_HOSTS_SWITCH_H

#include <stddef.h>
#include <stdint.h>

/* Leaves the caller's stack at *FROM and goes on at TO; without rules for unwinders, as these often
 * are.  What begins has its argument in rbx, and nothing to return to. */
void switch_stacks(void **from, void *to);
void switch_begins(void);
__asm__(".text\n"
        ".globl switch_stacks, switch_begins\n"
        ".hidden switch_stacks, switch_begins\n"
        ".type switch_stacks, @function\n"
        "switch_stacks:\n\t"
        "pushq %rbp\n\t"
        "pushq %rbx\n\t"
        "pushq %r12\n\t"
        "pushq %r13\n\t"
        "pushq %r14\n\t"
        "pushq %r15\n\t"
        "movq %rsp, (%rdi)\n\t"
        "movq %rsi, %rsp\n\t"
        "popq %r15\n\t"
        "popq %r14\n\t"
        "popq %r13\n\t"
        "popq %r12\n\t"
        "popq %rbx\n\t"
        "popq %rbp\n\t"
        "ret\n"
        ".size switch_stacks, .-switch_stacks\n"
        ".type switch_begins, @function\n"
        "switch_begins:\n\t"
        "movq %rbx, %rdi\n\t"
        "call *%r12\n\t"
        "ud2\n"
        ".size switch_begins, .-switch_begins\n");

/* Where RUN(ARG) will begin on a stack of N bytes, which never returns. */
static inline void *switch_make(void *stack, size_t n, void (*run)(void *), void *arg)
{
	uintptr_t *top = (uintptr_t *)(((uintptr_t)stack + n) & ~(uintptr_t)15);

	*--top = 0;
	*--top = 0;
	*--top = (uintptr_t)switch_begins;
	*--top = 0;              /* rbp */
	*--top = (uintptr_t)arg; /* rbx */
	*--top = (uintptr_t)run; /* r12 */
	*--top = 0;
	*--top = 0;
	*--top = 0;
	return top;
}

#endif
