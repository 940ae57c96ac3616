/* resumed.c - goes on as libunwind does at the end of a throw, and says where its context was.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

enum { THERE = 4711 };

int _Ux86_64_setcontext(const ucontext_t *to);
int resumed_from(void);

static const ucontext_t *got;

int _Ux86_64_setcontext(const ucontext_t *to)
{
	got = to;
	return -1;
}

/* 's', 'e': this library was given its context on the stack, elsewhere; '?': not this library, or
 * another context. */
int resumed_from(void)
{
	ucontext_t to = {.uc_mcontext.gregs[REG_RIP] = THERE};
	pthread_attr_t attr;
	void *lo;
	size_t n;

	got = NULL;
	_Ux86_64_setcontext(&to);
	if (!got || got->uc_mcontext.gregs[REG_RIP] != THERE)
		return '?';
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &lo, &n);
	pthread_attr_destroy(&attr);
	return (uintptr_t)got - (uintptr_t)lo < n ? 's' : 'e';
}
