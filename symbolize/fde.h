/* fde.h - where a function begins when no symbol says so: by the unwind table.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_FDE_H
#define RP_SYMBOLIZE_FDE_H

#include <stddef.h>
#include <stdint.h>

struct rp_elf_file;

/* .eh_frame_hdr's table and .eh_frame, borrowed from the ELF file.  All zero knows no function. */
struct rp_fde {
	const uint8_t *table, *frames;
	size_t n, n_frames_bytes;
	uint64_t header_addr, frames_addr;
};

/* Fills FDE, all zero before, from FILE; leaves it so when the table is of another kind or
 * damaged. */
void rp_fde_read(struct rp_fde *fde, const struct rp_elf_file *file);

/* Where the function around ADDR begins; ADDR itself when the table knows none. */
uint64_t rp_fde_begin(const struct rp_fde *fde, uint64_t addr);

#endif
