/* unwinder.h - loads libunwind for hot/unwinder.c when REQPROF_UNWINDER asks for it.
 *
 * Room: cold.  Our own thread, but for the two functions around forks.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_UNWINDER_H
#define RP_COLD_UNWINDER_H

/* After rp_modules_refresh: loads libunwind the first time, and shows it the modules of the set
 * of tables that is published now.  What fails is logged once; walks are the table's then. */
void rp_unwinder_refresh(void);

/* Around fork, on the thread that forks: no walk holds a lock of libunwind's meanwhile. */
void rp_unwinder_before_fork(void);
void rp_unwinder_after_fork(void);

/* In a forked child: our thread is gone. */
void rp_unwinder_forked(void);

#endif
