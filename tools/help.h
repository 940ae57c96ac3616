/* help.h - the page of ?profile=help: links to the modes of the URL that it was asked of.
 *
 * Room: tools.  The markup is in tools/help/.  Its script writes the links anew with what the
 * browser knows and a session does not keep: the key of the trigger, values that look secret.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HELP_H
#define RP_HELP_H

#include <stdio.h>
#include "tools/profile.h"

/* Its Content-Security-Policy: no network, its own script and style. */
extern const char rp_help_policy[];

/* Writes the page for the request of S, flagged by the query parameter TRIGGER.  false when OUT
 * failed. */
bool rp_help_write(FILE *out, const struct rp_session *s, const char *trigger);

#endif
