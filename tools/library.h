/* library.h - whose code is it: the program's own, or a library's?
 *
 * Room: tools.  Pure.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_LIBRARY_H
#define RP_LIBRARY_H

#include <stdbool.h>

/* Rule: code of a system library (/lib, /usr/lib, and lib32, lib64...) and inlined headers under
 * /usr are always a library's, and so is what node and CPython bring inside themselves.  Other code
 * is the program's own when it is in the main program, made at run time ("[jit]"), or has a source
 * file outside of /usr. */
bool rp_library_owns(const char *module, bool is_main, const char *file);

/* "libssl" of "/usr/lib/x86_64-linux-gnu/libssl.so.3": N_BYTES of the returned text. */
const char *rp_library_name(const char *module, int *n_bytes);

#endif
