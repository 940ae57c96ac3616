/* sources.h - paths of source files, whole.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_SOURCES_H
#define RP_SYMBOLIZE_SOURCES_H

#include "symbolize/cus.h"

/* The path of NAME, a string of CU's file table: behind the unit's directory when relative, without
 * "." and ".." inside.  NULL stays NULL.  Equal names give the same pointer. */
const char *rp_sources_path(struct rp_object *object, struct rp_cu *cu, const char *name);

#endif
