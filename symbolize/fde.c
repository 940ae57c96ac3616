/* fde.c - where a function begins when no symbol says so: by the unwind table.
 *
 * Room: symbolize.  Strip leaves .eh_frame in place.  Its index is read as every linker of today
 * writes it; of another kind it is not read at all.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/fde.h"

#include <endian.h>
#include <gelf.h>
#include <string.h>

#include "symbolize/elfopen.h"

/* LSB, "Exception Frames": version, the encodings of pointer, count and table, pointer, count. */
enum { HEADER_BYTES = 12, COUNT_AT = 8, ENTRY_BYTES = 8 };

/* Of an FDE: length, distance to its CIE, first address, number of bytes of code. */
enum { LENGTH_BYTES = 4, BEGIN_AT = 8, RANGE_AT = 12, FDE_BYTES = 16 };

static uint32_t u32_at(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return le32toh(value);
}

/* A signed distance from BASE. */
static uint64_t addr_at(const uint8_t *at, uint64_t base)
{
	return base + (uint64_t)(int64_t)(int32_t)u32_at(at);
}

/* The bytes of a section as they are in the file, or NULL. */
static const uint8_t *section_bytes(const struct rp_elf_file *file, const char *name, size_t *n,
                                    uint64_t *addr)
{
	Elf_Scn *scn = rp_elfopen_section(file, name);
	Elf_Data *data = scn ? elf_rawdata(scn, NULL) : NULL;
	GElf_Shdr header;

	if (!data || !data->d_buf || !gelf_getshdr(scn, &header))
		return NULL;
	*n = data->d_size;
	*addr = header.sh_addr;
	return data->d_buf;
}

static bool is_little_endian(const struct rp_elf_file *file)
{
	GElf_Ehdr header;

	return gelf_getehdr(file->elf, &header) && header.e_ident[EI_DATA] == ELFDATA2LSB;
}

void rp_fde_read(struct rp_fde *fde, const struct rp_elf_file *file)
{
	/* Version 1; pcrel sdata4, udata4, datarel sdata4. */
	static const uint8_t kind[] = {1, 0x1b, 0x03, 0x3b};
	struct rp_fde got;
	size_t n_bytes;

	if (!file->elf || !is_little_endian(file))
		return;
	const uint8_t *header = section_bytes(file, ".eh_frame_hdr", &n_bytes, &got.header_addr);

	if (!header || n_bytes < HEADER_BYTES || memcmp(header, kind, sizeof(kind)) != 0)
		return;
	got.table = header + HEADER_BYTES;
	got.n = u32_at(header + COUNT_AT);
	got.frames = section_bytes(file, ".eh_frame", &got.n_frames_bytes, &got.frames_addr);
	if (got.frames && got.n <= (n_bytes - HEADER_BYTES) / ENTRY_BYTES)
		*fde = got;
}

/* The last entry at or before ADDR, or NULL.  Ends on a table out of order as well. */
static const uint8_t *find_entry(const struct rp_fde *fde, uint64_t addr)
{
	size_t lo = 0, n = fde->n;

	while (n > 1) {
		size_t half = n / 2;

		if (addr_at(fde->table + (lo + half) * ENTRY_BYTES, fde->header_addr) <= addr)
			lo += half;
		n -= half;
	}
	return fde->n ? fde->table + lo * ENTRY_BYTES : NULL;
}

/* Whether the FDE at AT in .eh_frame begins at BEGIN and covers ADDR. */
static bool covers(const struct rp_fde *fde, uint64_t at, uint64_t begin, uint64_t addr)
{
	if (at > fde->n_frames_bytes || fde->n_frames_bytes - at < FDE_BYTES)
		return false;
	const uint8_t *bytes = fde->frames + at;
	uint32_t length = u32_at(bytes), range = u32_at(bytes + RANGE_AT);

	/* The longest length announces a 64-bit one: too long here, as a damaged one is. */
	if (length < FDE_BYTES - LENGTH_BYTES || length > fde->n_frames_bytes - at - LENGTH_BYTES)
		return false;
	/* The table's own word for BEGIN vouches for the encoding.  Only sdata8 looks alike, and
	 * leaves the high half of the address where the range should be: 0 or all ones. */
	return addr_at(bytes + BEGIN_AT, fde->frames_addr + at + BEGIN_AT) == begin &&
	       range <= INT32_MAX && addr >= begin && addr - begin < range;
}

uint64_t rp_fde_begin(const struct rp_fde *fde, uint64_t addr)
{
	const uint8_t *entry = find_entry(fde, addr);

	if (!entry)
		return addr;
	uint64_t begin = addr_at(entry, fde->header_addr);
	uint64_t at = addr_at(entry + 4, fde->header_addr) - fde->frames_addr;

	return covers(fde, at, begin, addr) ? begin : addr;
}
