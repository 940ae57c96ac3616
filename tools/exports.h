/* exports.h - the formats for other tools, one function each, grown from exports.def.
 *
 * Room: tools.  Pure but for the stream.  false when the stream failed.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_EXPORTS_H
#define RP_EXPORTS_H

#include <stdio.h>
#include "tools/profile.h"

#define EXPORT(name, function, end, help)                                                          \
	bool rp_export_##function(FILE *out, const struct rp_profile *p, bool cpu);
#include "tools/exports.def"

#endif
