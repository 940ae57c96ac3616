/* altlink.h - the file that dwz put what several debug files share into.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_ALTLINK_H
#define RP_SYMBOLIZE_ALTLINK_H

#include "symbolize/dwarf.h"

/* Opens what .gnu_debugaltlink of FILE (kept at FILE->path) names and build-id confirms, into
 * DWARF->alt: by its path, or by build-id below DEBUG_DIR (may be NULL) and /usr/lib/debug. */
void rp_altlink_open(struct rp_dwarf *dwarf, const struct rp_elf_file *file, const char *debug_dir);

#endif
