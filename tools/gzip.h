/* gzip.h - bytes as one gzip member.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_GZIP_H
#define RP_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes N bytes, compressed.  false when OUT failed. */
bool rp_gzip_write(FILE *out, const void *bytes, size_t n);

#endif
