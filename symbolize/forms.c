/* forms.c - attribute values, as they stand in a DIE.
 *
 * Room: symbolize.  DWARF 2 to 5 with the GNU forms of dwz and split DWARF.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/forms.h"

#include <dwarf.h>

#include "symbolize/units.h"

int rp_forms_bytes(unsigned form, struct rp_widths widths)
{
	switch (form) {
	case DW_FORM_flag_present:
	case DW_FORM_implicit_const:
		return 0;
	case DW_FORM_data1:
	case DW_FORM_ref1:
	case DW_FORM_flag:
	case DW_FORM_strx1:
	case DW_FORM_addrx1:
		return 1;
	case DW_FORM_data2:
	case DW_FORM_ref2:
	case DW_FORM_strx2:
	case DW_FORM_addrx2:
		return 2;
	case DW_FORM_strx3:
	case DW_FORM_addrx3:
		return 3;
	case DW_FORM_data4:
	case DW_FORM_ref4:
	case DW_FORM_ref_sup4:
	case DW_FORM_strx4:
	case DW_FORM_addrx4:
		return 4;
	case DW_FORM_data8:
	case DW_FORM_ref8:
	case DW_FORM_ref_sig8:
	case DW_FORM_ref_sup8:
		return 8;
	case DW_FORM_data16:
		return 16;
	case DW_FORM_addr:
		return widths.addr_bytes;
	case DW_FORM_ref_addr: /* as wide as an address in DWARF 2 */
		return widths.version < 3 ? widths.addr_bytes : widths.offset_bytes;
	case DW_FORM_strp:
	case DW_FORM_line_strp:
	case DW_FORM_sec_offset:
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
	case DW_FORM_GNU_ref_alt:
		return widths.offset_bytes;
	default:
		return -1;
	}
}

static void read_block(struct rp_bytes *die, uint64_t n, struct rp_value *value)
{
	const uint8_t *from = die->at;

	value->number = n;
	value->bytes = rp_bytes_skip(die, n) ? from : NULL;
}

static void read_variable(struct rp_bytes *die, unsigned form, struct rp_value *value)
{
	switch (form) {
	case DW_FORM_string:
		value->bytes = (const uint8_t *)rp_bytes_text(die);
		return;
	case DW_FORM_block1:
		read_block(die, rp_bytes_u8(die), value);
		return;
	case DW_FORM_block2:
		read_block(die, rp_bytes_u16(die), value);
		return;
	case DW_FORM_block4:
		read_block(die, rp_bytes_u32(die), value);
		return;
	case DW_FORM_block:
	case DW_FORM_exprloc:
		read_block(die, rp_bytes_uleb(die), value);
		return;
	case DW_FORM_sdata:
		value->number = (uint64_t)rp_bytes_sleb(die);
		return;
	case DW_FORM_udata:
	case DW_FORM_ref_udata:
	case DW_FORM_strx:
	case DW_FORM_addrx:
	case DW_FORM_loclistx:
	case DW_FORM_rnglistx:
	case DW_FORM_GNU_addr_index:
	case DW_FORM_GNU_str_index:
		value->number = rp_bytes_uleb(die);
		return;
	default: /* unknown: where it ends nobody knows */
		die->at = die->end;
		value->form = 0;
	}
}

void rp_forms_read(struct rp_bytes *die, const struct rp_attr *attr, struct rp_widths widths,
                   struct rp_value *value)
{
	uint64_t form = attr->form;

	while (form == DW_FORM_indirect && rp_bytes_left(die))
		form = rp_bytes_uleb(die);
	int n = rp_forms_bytes((unsigned)form, widths);

	*value = (struct rp_value){.form = (uint16_t)form};
	if (form == DW_FORM_implicit_const)
		value->number = (uint64_t)attr->implicit;
	else if (form == DW_FORM_flag_present)
		value->number = 1;
	else if (n == 16)
		read_block(die, 16, value);
	else if (n > 0)
		value->number = rp_bytes_sized(die, (unsigned)n);
	else
		read_variable(die, (unsigned)form, value);
}

static const char *text_at_index(const struct rp_unit *unit, uint64_t index)
{
	unsigned width = unit->widths.offset_bytes;
	struct rp_bytes b = rp_sections_from(&unit->dwarf->sections, RP_SECTION_STR_OFFSETS,
	                                     unit->root.str_offsets_base);

	if (index > rp_bytes_left(&b) / width || !rp_bytes_skip(&b, index * width) ||
	    rp_bytes_left(&b) < width)
		return NULL;
	return rp_sections_text(&unit->dwarf->sections, RP_SECTION_STR, rp_bytes_sized(&b, width));
}

const char *rp_forms_text(const struct rp_unit *unit, const struct rp_value *value)
{
	struct rp_dwarf *dwarf = unit->dwarf;

	switch (value->form) {
	case DW_FORM_string:
		return (const char *)value->bytes;
	case DW_FORM_strp:
		return rp_sections_text(&dwarf->sections, RP_SECTION_STR, value->number);
	case DW_FORM_line_strp:
		return rp_sections_text(&dwarf->sections, RP_SECTION_LINE_STR, value->number);
	case DW_FORM_strp_sup:
	case DW_FORM_GNU_strp_alt:
		return dwarf->alt ? rp_sections_text(&dwarf->alt->sections, RP_SECTION_STR,
		                                     value->number)
		                  : NULL;
	case DW_FORM_strx:
	case DW_FORM_strx1:
	case DW_FORM_strx2:
	case DW_FORM_strx3:
	case DW_FORM_strx4:
	case DW_FORM_GNU_str_index:
		return text_at_index(unit, value->number);
	default:
		return NULL;
	}
}

bool rp_forms_addr_at(const struct rp_unit *unit, uint64_t index, uint64_t *addr)
{
	const struct rp_unit *holder = unit->skeleton ? unit->skeleton : unit;
	unsigned width = holder->widths.addr_bytes;
	struct rp_bytes b =
	        rp_sections_from(&holder->dwarf->sections, RP_SECTION_ADDR, holder->root.addr_base);

	if (index > rp_bytes_left(&b) / width || !rp_bytes_skip(&b, index * width) ||
	    rp_bytes_left(&b) < width)
		return false;
	*addr = rp_bytes_sized(&b, width);
	return true;
}

bool rp_forms_addr(const struct rp_unit *unit, const struct rp_value *value, uint64_t *addr)
{
	switch (value->form) {
	case DW_FORM_addr:
		*addr = value->number;
		return true;
	case DW_FORM_addrx:
	case DW_FORM_addrx1:
	case DW_FORM_addrx2:
	case DW_FORM_addrx3:
	case DW_FORM_addrx4:
	case DW_FORM_GNU_addr_index:
		return rp_forms_addr_at(unit, value->number, addr);
	default:
		return false;
	}
}
