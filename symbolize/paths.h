/* paths.h - paths of source files, whole.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_PATHS_H
#define RP_SYMBOLIZE_PATHS_H

#include "symbolize/pool.h"

/* NAME behind DIR behind COMP_DIR, as far as each is relative, without "." and ".." inside; from
 * POOL.  Both directories may be NULL. */
const char *rp_paths_join(struct rp_pool *pool, const char *comp_dir, const char *dir,
                          const char *name);

#endif
