/* ehframe.c - finds the functions of an .eh_frame section and has their rows made in order.
 *
 * Room: cold, pure.  Linux Standard Base, "Exception Frames"; the instructions are next door in
 * ehframe_ops.c.  Version 1 and 3, augmentations z R S P L B.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/ehframe.h"
#include "preload/cold/ehframe_ops.h"

enum { PE_OMIT = 0xff, PE_INDIRECT = 0x80, PE_FORMAT = 15, NO_CIE = UINT32_MAX };

/* One record, its length read. */
struct record {
	struct rp_din body; /* after the id */
	uint64_t at, next;  /* in the section */
	uint64_t cie;       /* of an FDE: where its CIE is; of a CIE: NO_CIE */
};

/* A CIE is read once for all the functions after it. */
struct cie_memo {
	uint64_t at;
	bool good;
	struct rp_cie cie;
};

/* The record at *AT; false at the end, be it marked or forced. */
static bool record_read(const uint8_t *bytes, size_t n, uint64_t at, struct record *record)
{
	struct rp_din in = {.at = bytes + at, .end = bytes + n};
	uint64_t length = rp_din_uint(&in, 4);

	if (length == 0xffffffff)
		length = rp_din_uint(&in, 8);
	uint64_t id_at = (uint64_t)(in.at - bytes);

	if (in.bad || length < 4 || length > n - id_at)
		return false;
	uint64_t id = rp_din_uint(&in, 4);

	record->at = at;
	record->next = id_at + length;
	record->body = (struct rp_din){.at = in.at, .end = bytes + record->next};
	record->cie = id == 0 ? NO_CIE : id_at - id;
	return id <= id_at;
}

size_t rp_ehframe_length(const uint8_t *bytes, size_t cap)
{
	struct record record;
	uint64_t at = 0;

	while (at < cap && record_read(bytes, cap, at, &record))
		at = record.next;
	return at;
}

/* The augmentation string's letters and their data; false: one that changes what follows. */
static bool cie_augment(struct rp_cie *cie, const char *letters, struct rp_din *in)
{
	const uint8_t *data;
	uint64_t n;
	struct rp_din aug;

	if (*letters == '\0')
		return true;
	if (*letters++ != 'z')
		return false;
	cie->augmented = true;
	n = rp_din_uleb(in);
	data = rp_din_take(in, n);
	if (!data)
		return false;
	aug = (struct rp_din){.at = data, .end = data + n};
	for (; *letters; letters++) {
		if (*letters == 'R')
			cie->encoding = rp_din_u8(&aug);
		else if (*letters == 'L')
			rp_din_u8(&aug);
		else if (*letters == 'S')
			cie->signal = true;
		else if (*letters == 'B')
			;                 /* aarch64: which key signs return addresses */
		else if (*letters == 'P') /* only its length matters */
			rp_din_pointer(&aug, rp_din_u8(&aug) & PE_FORMAT, data, 0);
		else
			return false;
	}
	return !aug.bad;
}

static bool cie_read(const struct rp_machine *machine, struct rp_din in, struct rp_cie *cie)
{
	uint8_t version = rp_din_u8(&in);
	const char *letters = (const char *)in.at;

	*cie = (struct rp_cie){.machine = machine};
	while (rp_din_u8(&in) != 0)
		;
	if (in.bad || (version != 1 && version != 3))
		return false;
	cie->code_align = rp_din_uleb(&in);
	cie->data_align = rp_din_sleb(&in);
	uint64_t return_column = version == 1 ? rp_din_u8(&in) : rp_din_uleb(&in);

	if (in.bad || return_column != machine->ra || !cie_augment(cie, letters, &in))
		return false;
	if (cie->code_align == 0 || cie->code_align > 16 || cie->encoding & PE_INDIRECT)
		return false;
	cie->ops = in;
	return true;
}

static const struct rp_cie *cie_of(const struct rp_ehframe *eh, struct cie_memo *memo, uint64_t at)
{
	struct record record;

	if (at != memo->at) {
		memo->at = at;
		memo->good = record_read(eh->bytes, eh->n, at, &record) && record.cie == NO_CIE &&
		             cie_read(eh->machine, record.body, &memo->cie);
	}
	return memo->good ? &memo->cie : NULL;
}

/* The range of an FDE; *in is left at its instructions. */
static bool fde_read(const struct rp_ehframe *eh, const struct rp_cie *cie, struct rp_din *in,
                     struct rp_fde *fde)
{
	uint64_t lo = rp_din_pointer(in, cie->encoding, eh->bytes, eh->addr);
	uint64_t n = rp_din_pointer(in, cie->encoding & PE_FORMAT, eh->bytes, eh->addr);

	if (cie->augmented)
		rp_din_take(in, rp_din_uleb(in));
	if (in->bad || n == 0 || lo < eh->lo || lo >= eh->hi || n > eh->hi - lo)
		return false;
	fde->lo = (uint32_t)(lo - eh->lo);
	fde->hi = (uint32_t)(lo - eh->lo + n);
	return true;
}

size_t rp_ehframe_index(const struct rp_ehframe *eh, struct rp_fde *fdes, size_t cap)
{
	struct cie_memo memo = {.at = UINT64_MAX};
	struct record record;
	size_t n_fdes = 0;

	if (eh->hi <= eh->lo || eh->hi - eh->lo > UINT32_MAX || eh->n > UINT32_MAX)
		return 0;
	for (uint64_t at = 0; at < eh->n; at = record.next) {
		struct rp_fde fde = {.at = (uint32_t)at};
		const struct rp_cie *cie;

		if (!record_read(eh->bytes, eh->n, at, &record))
			break;
		if (record.cie == NO_CIE)
			continue;
		cie = cie_of(eh, &memo, record.cie);
		if (!cie || !fde_read(eh, cie, &record.body, &fde))
			continue;
		if (n_fdes < cap)
			fdes[n_fdes] = fde;
		n_fdes++;
	}
	return n_fdes;
}

static void sift(struct rp_fde *fdes, size_t at, size_t n)
{
	struct rp_fde down = fdes[at];
	size_t child;

	while ((child = 2 * at + 1) < n) {
		if (child + 1 < n && fdes[child + 1].lo > fdes[child].lo)
			child++;
		if (fdes[child].lo <= down.lo)
			break;
		fdes[at] = fdes[child];
		at = child;
	}
	fdes[at] = down;
}

/* Heapsort: in place and with no bad case (qsort may call malloc, and this is a guest). */
static void sort(struct rp_fde *fdes, size_t n)
{
	size_t i;

	for (i = 1; i < n && fdes[i - 1].lo <= fdes[i].lo; i++)
		;
	if (i >= n)
		return;
	for (i = n / 2; i-- > 0;)
		sift(fdes, i, n);
	for (i = n; i-- > 1;) {
		struct rp_fde top = fdes[0];

		fdes[0] = fdes[i];
		fdes[i] = top;
		sift(fdes, 0, i);
	}
}

void rp_ehframe_rows(const struct rp_ehframe *eh, struct rp_fde *fdes, size_t n,
                     struct rp_rows *rows)
{
	struct cie_memo memo = {.at = UINT64_MAX};

	sort(fdes, n);
	for (size_t i = 0; i < n && !rows->cut; i++) {
		struct rp_fde fde = {0};
		struct record record;
		const struct rp_cie *cie;

		if (!record_read(eh->bytes, eh->n, fdes[i].at, &record))
			continue;
		cie = cie_of(eh, &memo, record.cie);
		if (!cie || !fde_read(eh, cie, &record.body, &fde))
			continue;
		/* Two claims on the same bytes: the later function's holds from where it begins. */
		if (i + 1 < n && fdes[i + 1].lo < fde.hi)
			fde.hi = fdes[i + 1].lo;
		if (eh->lo + fde.lo == eh->outermost)
			rp_ehframe_emit(rows, (struct rp_row){.pc = fde.lo, .cfa = RP_CFA_END});
		else
			rp_ehframe_run(cie, record.body, fde.lo, fde.hi, rows);
		if (i + 1 == n || fdes[i + 1].lo > fde.hi)
			rp_ehframe_emit(rows, (struct rp_row){.pc = fde.hi, .cfa = RP_CFA_GAP});
	}
	if (rows->cut && rows->n)
		rows->at[rows->n - 1].cfa = RP_CFA_GAP;
}

uint64_t rp_ehframe_from_hdr(const uint8_t *hdr, size_t n, uint64_t addr)
{
	struct rp_din in = {.at = hdr, .end = hdr + n};
	uint8_t version = rp_din_u8(&in);
	uint8_t encoding = rp_din_u8(&in);

	rp_din_take(&in, 2); /* encodings of the count and the table */
	if (version != 1 || encoding == PE_OMIT || encoding & PE_INDIRECT)
		return 0;
	uint64_t at = rp_din_pointer(&in, encoding, hdr, addr);

	return in.bad ? 0 : at;
}
