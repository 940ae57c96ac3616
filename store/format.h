/* format.h - the numbers of the session format; both sides include it, FORMAT.md is the law.
 *
 * Room: store.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_FORMAT_H
#define RP_STORE_FORMAT_H

#include <stddef.h>
#include <stdint.h>

/* Eight bytes; high bit, CR LF and ^Z betray a transfer that was not binary (as PNG does). */
#define RP_FORMAT_MAGIC "\x89RQP\r\n\x1a\n"

enum {
	RP_FORMAT_VERSION = 1,

	/* File head, FORMAT.md section 2. */
	RP_FORMAT_MAGIC_BYTES = 8,
	RP_FORMAT_HEAD_BYTES = 64,
	RP_FORMAT_HEAD_CRC_AT = 60,
	RP_FORMAT_ID_BYTES = 16,

	/* Record, FORMAT.md section 3: head, payload, checksum. */
	RP_RECORD_VERSION = 1,
	RP_RECORD_HEAD_BYTES = 8,
	RP_RECORD_CRC_BYTES = 4,
	RP_RECORD_FRAME_BYTES = RP_RECORD_HEAD_BYTES + RP_RECORD_CRC_BYTES,
	RP_RECORD_PAYLOAD_MAX = 16 << 20, /* more is damage */

	RP_VARINT_MAX = 10,   /* bytes of the longest varint */
	RP_STRING_MAX = 6144, /* a writer cuts longer strings; images are not strings */

	/* First varint of a sample: weight << 3 | has_runq << 2 | edge. */
	RP_SAMPLE_EDGE_MASK = 3,
	RP_SAMPLE_HAS_RUNQ = 4,
	RP_SAMPLE_WEIGHT_SHIFT = 3,
};

#endif
