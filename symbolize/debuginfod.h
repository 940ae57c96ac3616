/* debuginfod.h - debug files over the network, only when the user asked for that.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DEBUGINFOD_H
#define RP_SYMBOLIZE_DEBUGINFOD_H

#include <stddef.h>
#include <stdint.h>

/* The path of the debug file of a build, or NULL.  Does nothing at all unless DEBUGINFOD_URLS is
 * set.  Give the path back to rp_debuginfod_forget. */
char *rp_debuginfod_fetch(const uint8_t *build_id, size_t n);
void rp_debuginfod_forget(char *path);

/* From here on INSTEAD is asked, in a process that may not use the network itself. */
typedef char *(*rp_debuginfod_fetch_fn)(const uint8_t *build_id, size_t n);
void rp_debuginfod_ask(rp_debuginfod_fetch_fn instead);

#endif
