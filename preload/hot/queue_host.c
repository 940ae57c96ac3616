/* queue_host.c - what glibc keeps in the host's mutexes and semaphores.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <stddef.h>
#include <sys/uio.h>
#include "preload/hot/queue_parts.h"
#include "preload/hot/sys.h"

bool rp_queue_read_word(uintptr_t from, const void *next_to, uint64_t *word)
{
	enum { PAGE = 4096 };
	struct iovec here = {word, sizeof(*word)}, there = {(void *)from, sizeof(*word)};

	if ((from ^ (uintptr_t)next_to) < PAGE) {
		*word = __atomic_load_n((const uint64_t *)from, __ATOMIC_ACQUIRE);
		return true;
	}
	return rp_sys(SYS_process_vm_readv, rp_sys(SYS_getpid, 0), &here, 1, &there, 1, 0) ==
	       (long)sizeof(*word);
}

bool rp_queue_holds(const void *mutex, const void *next_to)
{
	uintptr_t at = (uintptr_t)mutex + offsetof(pthread_mutex_t, __data.__owner);
	struct rp_self *s = &rp_self;
	uint64_t word; /* owner and users */

	if (!s->tid)
		s->tid = (uint32_t)rp_sys(SYS_gettid, 0);
	return rp_queue_read_word(at, next_to, &word) && (uint32_t)word == s->tid;
}
