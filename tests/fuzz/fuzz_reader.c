/* fuzz_reader.c - any bytes at all: the reader ends, crashes never, and its answer is the same
 * twice.  A second run repairs every checksum first, so that payloads are reached.
 *
 * Room: tests.  Needs: store/reader.c store/unfold.c store/crc32c.c store/why.c
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "store/crc32c.h"
#include "store/format.h"
#include "store/reader.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static volatile uint8_t sink;

static void touch(struct rp_slice s)
{
	if (s.n)
		sink = (uint8_t)(s.at[0] ^ s.at[s.n - 1]);
}

static void touch_strings(const struct rp_item *item)
{
	if (item->kind == RP_ITEM_REQUEST) {
		touch(item->request.target);
		touch(item->request.trigger);
	} else if (item->kind == RP_ITEM_MODULE) {
		touch(item->module.path);
		touch(item->module.build_id);
	} else if (item->kind == RP_ITEM_IMAGE) {
		touch(item->image.bytes);
	} else if (item->kind == RP_ITEM_OBJECT) {
		touch(item->object.name);
	}
}

static uint64_t read_all(const uint8_t *bytes, size_t n)
{
	struct rp_why why = {.text = ""};
	struct rp_reader *r = rp_reader_open_bytes(bytes, n, "fuzz", &why);
	struct rp_item item;
	uint64_t items = 0;

	if (r) {
		while (rp_reader_next(r, &item)) {
			touch_strings(&item);
			items++;
		}
		if (rp_reader_next(r, &item))
			abort(); /* the end is the end */
		why.text[0] = '\0';
		if (!rp_reader_complete(r, &why) && !why.text[0])
			abort(); /* a no without a sentence */
	} else if (!why.text[0]) {
		abort();
	}
	rp_reader_close(r);
	return items;
}

static void put_crc(uint8_t *at, uint32_t crc)
{
	for (unsigned i = 0; i < 4; i++)
		at[i] = (uint8_t)(crc >> 8 * i);
}

static void repair(uint8_t *bytes, size_t n)
{
	uint32_t salt = rp_crc32c(0, bytes + 16, RP_FORMAT_ID_BYTES);
	size_t at = RP_FORMAT_HEAD_BYTES;

	memcpy(bytes, RP_FORMAT_MAGIC, RP_FORMAT_MAGIC_BYTES);
	put_crc(bytes + RP_FORMAT_HEAD_CRC_AT, rp_crc32c(0, bytes, RP_FORMAT_HEAD_CRC_AT));
	while (n - at >= RP_RECORD_FRAME_BYTES) {
		size_t payload_bytes = bytes[at] | (size_t)bytes[at + 1] << 8;

		bytes[at + 2] = bytes[at + 3] = 0;
		if (payload_bytes > n - at - RP_RECORD_FRAME_BYTES)
			break;
		size_t crc_at = at + RP_RECORD_HEAD_BYTES + payload_bytes;

		put_crc(bytes + crc_at, rp_crc32c(salt, bytes + at, crc_at - at));
		at = crc_at + RP_RECORD_CRC_BYTES;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	uint8_t *copy;

	if (read_all(bytes, n) != read_all(bytes, n))
		abort();
	if (n < RP_FORMAT_HEAD_BYTES)
		return 0;
	copy = malloc(n);
	if (!copy)
		return 0;
	memcpy(copy, bytes, n);
	repair(copy, n);
	read_all(copy, n);
	free(copy);
	return 0;
}
