/* unwinder_bind.h - puts our answers into the import table of a loaded libunwind.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_UNWINDER_BIND_H
#define RP_COLD_UNWINDER_BIND_H

#include <stdbool.h>

enum { RP_UNWINDER_IMPORT = 64 };

/* Binds every import of the module HANDLE to its answer (hot/unwinder_calls.def), or none: false,
 * IMPORT is the first that nobody answers.  HANDLE is dlopen's. */
bool rp_unwinder_bind(void *handle, char import[RP_UNWINDER_IMPORT]);

#endif
