/* ehframe.h - the bytes of an .eh_frame section in, sorted compact rows out.  Pure.
 *
 * Room: cold.  Never reads beyond its input, whatever that holds; allocates nothing itself.
 * What a row cannot say (hot/tables.h) becomes RP_CFA_RULE, what no function covers RP_CFA_GAP.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_EHFRAME_H
#define RP_COLD_EHFRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/tables.h"

struct rp_ehframe {
	const struct rp_machine *machine;
	const uint8_t *bytes; /* the section, or a copy of it */
	size_t n;
	uint64_t addr;      /* where bytes[0] is in the process: pointers are relative to it */
	uint64_t lo, hi;    /* the module; functions outside are passed over.  hi - lo < 4 GiB */
	uint64_t outermost; /* the function that begins here has no caller, whatever it says */
};

/* One function of the section. */
struct rp_fde {
	uint32_t lo, hi; /* from the module's lo */
	uint32_t at;     /* of its record in the section */
};

/* Rows as they are made.  GROW makes room for one more at least, or says no (then the rest is
 * not made, and CUT is set: a gap row ends what is there). */
struct rp_rows {
	struct rp_row *at;
	uint32_t n, cap;
	bool (*grow)(struct rp_rows *rows);
	bool cut;
};

/* Bytes up to the terminator or the first record that leads outside: the section's length when
 * only an upper bound is known. */
size_t rp_ehframe_length(const uint8_t *bytes, size_t cap);

/* The functions of EH, up to CAP into FDES; how many there are (CAP 0: just count). */
size_t rp_ehframe_index(const struct rp_ehframe *eh, struct rp_fde *fdes, size_t cap);

/* Rows of the N functions FDES, which are sorted here; appends to ROWS. */
void rp_ehframe_rows(const struct rp_ehframe *eh, struct rp_fde *fdes, size_t n,
                     struct rp_rows *rows);

/* The .eh_frame address that an .eh_frame_hdr of N bytes at ADDR names; 0: none. */
uint64_t rp_ehframe_from_hdr(const uint8_t *hdr, size_t n, uint64_t addr);

#endif
