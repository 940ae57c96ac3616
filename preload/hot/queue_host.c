/* queue_host.c - what glibc keeps in the host's mutexes and semaphores.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include <linux/futex.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/uio.h>
#include "preload/hot/queue_parts.h"
#include "preload/hot/sys.h"

static bool is_on_page_of(uintptr_t at, const void *next_to)
{
	enum { PAGE = 4096 };

	return (at ^ (uintptr_t)next_to) < PAGE;
}

bool rp_queue_read_word(uintptr_t from, const void *next_to, uint64_t *word)
{
	struct iovec here = {word, sizeof(*word)}, there = {(void *)from, sizeof(*word)};

	if (is_on_page_of(from, next_to)) {
		*word = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
		return true;
	}
	return rp_sys(SYS_process_vm_readv, rp_sys(SYS_getpid, 0), &here, 1, &there, 1, 0) ==
	       (long)sizeof(*word);
}

/* The kernel compares the word at AT, which may be gone, with IS: it would move none of those who
 * wait for it to where they are.  A tenth of what a copy by the kernel costs, and no filter of
 * system calls lacks it. */
static bool kernel_says_is(uintptr_t at, uint32_t is)
{
	return rp_sys(SYS_futex, at, FUTEX_CMP_REQUEUE_PRIVATE, 0, 0, at, is) == 0;
}

bool rp_queue_holds(const void *mutex, const void *next_to)
{
	uintptr_t owner = (uintptr_t)mutex + offsetof(pthread_mutex_t, __data.__owner);
	struct rp_self *s = &rp_self;

	if (!s->tid)
		s->tid = (uint32_t)rp_sys(SYS_gettid, 0);
	if (!is_on_page_of(owner, next_to))
		return kernel_says_is(owner, s->tid);
	return __atomic_load_n((const uint32_t *)owner, __ATOMIC_ACQUIRE) == s->tid;
}
