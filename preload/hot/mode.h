/* mode.h - what becomes of a profile: the rows of modes.def.
 *
 * Room: hot.  Pure.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_MODE_H
#define RP_HOT_MODE_H

#include <stdbool.h>
#include <stdint.h>
#include "preload/hot/delim.h"
#include "store/token.h"

enum rp_mode {
#define MODE(name, word, replaces, scope) RP_MODE_##name,
#include "preload/modes.def"
	RP_N_MODES
};

struct rp_mode_row {
	char word[6];
	bool replaces; /* the client gets the profile, not the answer */
	uint8_t scope; /* enum rp_scope: what it needs */
};

extern const struct rp_mode_row rp_modes[RP_N_MODES];

/* The mode that WORD spells, in any case; RP_N_MODES: none. */
enum rp_mode rp_mode_spelled(struct rp_span word);

#endif
