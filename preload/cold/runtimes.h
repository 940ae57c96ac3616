/* runtimes.h - which language's runtime lives in this process, judged by its modules.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_RUNTIMES_H
#define RP_COLD_RUNTIMES_H

/* In the constructor: at the program, and what was loaded with it. */
void rp_runtimes_start(void);
/* Looks at what was loaded since the last look, and tells hot/turn.c; after rp_modules_refresh. */
void rp_runtimes_look(void);

#endif
