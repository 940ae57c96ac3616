/* debuglink.h - a debug file by the name that .gnu_debuglink holds.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_DEBUGLINK_H
#define RP_SYMBOLIZE_DEBUGLINK_H

#include "symbolize/object.h"

/* Opens OBJECT->debug beside the module, in .debug/, or below ROOT (may be NULL); false when none
 * matches the module's build-id or, lacking one, the link's CRC. */
bool rp_debuglink_open(struct rp_object *object, const char *root);

#endif
