/* mode.c - see mode.h.  Room: hot, pure.  SPDX-License-Identifier: MIT */
#include "preload/hot/mode.h"

#include "preload/hot/delim_framing.h"

const struct rp_mode_row rp_modes[RP_N_MODES] = {
#define MODE(name, word, replaces, scope) {word, replaces, RP_SCOPE_##scope},
#include "preload/modes.def"
};

enum rp_mode rp_mode_spelled(struct rp_span word)
{
	enum rp_mode mode = 0;

	while (mode < RP_N_MODES && !rp_framing_same(word, rp_modes[mode].word))
		mode++;
	return mode;
}
