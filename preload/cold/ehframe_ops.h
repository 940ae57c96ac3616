/* ehframe_ops.h - runs the call frame instructions of one function; inside of ehframe.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_EHFRAME_OPS_H
#define RP_COLD_EHFRAME_OPS_H

#include "preload/cold/dwarf_in.h"
#include "preload/cold/ehframe.h"

/* What a CIE says for its functions. */
struct rp_cie {
	const struct rp_machine *machine;
	uint64_t code_align;
	int64_t data_align;
	struct rp_din ops;      /* initial instructions */
	uint8_t encoding;       /* of the functions' addresses */
	bool augmented, signal; /* "z", "S" */
};

/* Appends the rows of [lo, hi) (offsets from the module's lo). */
void rp_ehframe_run(const struct rp_cie *cie, struct rp_din ops, uint32_t lo, uint32_t hi,
                    struct rp_rows *rows);

/* Appends one row, or nothing when it says what the last one says. */
void rp_ehframe_emit(struct rp_rows *rows, struct rp_row row);

#endif
