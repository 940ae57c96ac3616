/* sys.h - system calls without libc: no errno, no cancellation, no hook of ours in the way.
 *
 * Room: hot.  Every function returns the kernel's word: a result or -errno.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_SYS_H
#define RP_HOT_SYS_H

#include <stdint.h>
#include <sys/syscall.h>
#include "preload/hot/sys_arch.h"

#define rp_sys(nr, ...)                       rp_sys_pick(__VA_ARGS__, 6, 5, 4, 3, 2, 1)(nr, __VA_ARGS__)
#define rp_sys_pick(a, b, c, d, e, f, n, ...) rp_sys_##n
#define rp_sys_1(nr, a)                       rp_sys6(nr, (long)(a), 0, 0, 0, 0, 0)
#define rp_sys_2(nr, a, b)                    rp_sys6(nr, (long)(a), (long)(b), 0, 0, 0, 0)
#define rp_sys_3(nr, a, b, c)                 rp_sys6(nr, (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define rp_sys_4(nr, a, b, c, d)              rp_sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)
#define rp_sys_5(nr, a, b, c, d, e)                                                                \
	rp_sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), 0)
#define rp_sys_6(nr, a, b, c, d, e, f)                                                             \
	rp_sys6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* The kernel's signal set: 64 bits. */
static inline uint64_t rp_sigbit(int sig)
{
	return 1ull << (sig - 1);
}

/* rt_sigprocmask(HOW, SET); the mask before. */
static inline uint64_t rp_sigmask(int how, uint64_t set)
{
	uint64_t before = 0;

	rp_sys(SYS_rt_sigprocmask, how, &set, &before, sizeof(set));
	return before;
}

#endif
