/* fields.h - fields.def as a table of offsets into struct rp_item.
 *
 * Room: store; private to writer and reader.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_FIELDS_H
#define RP_STORE_FIELDS_H

#include <stddef.h>
#include "store/records.h"

enum rp_field_type { RP_FIELD_STRING, RP_FIELD_U32, RP_FIELD_U64, RP_FIELD_MOMENT };

struct rp_field {
	uint8_t kind, type;
	uint16_t at; /* offset in struct rp_item */
};

static const struct rp_field rp_fields[] = {
#define FIELD(kind, member, type)                                                                  \
	{RP_ITEM_##kind, RP_FIELD_##type, offsetof(struct rp_item, member)},
#include "store/fields.def"
};
enum { RP_N_FIELDS = sizeof(rp_fields) / sizeof(*rp_fields) };

#endif
