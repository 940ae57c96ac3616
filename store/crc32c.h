/* crc32c.h - the Castagnoli checksum of records, in software: any CPU, any room.
 *
 * Room: store.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_CRC32C_H
#define RP_STORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* Goes on from CRC (0 at the start) over N more bytes: crc(crc(0, a), b) is the sum of ab. */
uint32_t rp_crc32c(uint32_t crc, const void *bytes, size_t n);

#endif
