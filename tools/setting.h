/* setting.h - the variables the shim reads, as far as the tool checks and sets them.
 *
 * Room: tools.  The rows are in settings.def; what the shim does with them is in preload/.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SETTING_H
#define RP_SETTING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store/why.h"

enum rp_setting_kind {
	RP_SETTING_PATH,
	RP_SETTING_LOG,
	RP_SETTING_WORD,
	RP_SETTING_TEXT,
	RP_SETTING_OPEN,
	RP_SETTING_RESPONSE,
	RP_SETTING_HEADERS,
	RP_SETTING_NETWORKS,
	RP_SETTING_UNWINDER,
	RP_SETTING_RUNTIMES,
	RP_SETTING_SECRET,
	RP_SETTING_INTERVAL,
	RP_SETTING_COUNT,
	RP_SETTING_KEEP,
	RP_SETTING_RATE,
	RP_SETTING_BYTES,
	RP_SETTING_SECONDS,
	RP_SETTING_BOUND,
	RP_SETTING_STATUS,
	RP_SETTING_SWITCH,
};

struct rp_setting {
	const char *name; /* "INTERVAL": the variable is REQPROF_INTERVAL */
	enum rp_setting_kind kind;
	uint64_t least, most; /* numbers beyond are taken as these; 0: no bound */
	const char *argument, *help;
};

/* All rows in order, closed by a NULL name. */
extern const struct rp_setting rp_setting_rows[];

/* Whether the shim would take VALUE; else WHY says what it wants. */
bool rp_setting_check(const struct rp_setting *s, const char *value, struct rp_why *why);

/* Whether DIR is there, for its owner alone to write to, or can be: the shim makes the last folder
 * of a path, and no others. */
bool rp_setting_place(const char *dir, struct rp_why *why);

/* The number that the shim would use for VALUE: ns, bytes, a count, thousandths of a rate; false
 * when it would not take it, or S is no number. */
bool rp_setting_number(const struct rp_setting *s, const char *value, uint64_t *number);

/* The row called NAME (N bytes, in any case), or NULL. */
const struct rp_setting *rp_setting_find(const char *name, size_t n);

/* "--max-seconds" without the dashes, into WORD[32]. */
char *rp_setting_option(const struct rp_setting *s, char word[32]);

#endif
