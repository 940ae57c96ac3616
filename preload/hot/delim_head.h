/* delim_head.h - one request head: its line, the headers that matter, its end.
 *
 * Room: hot, pure.  Asked by delim_in.c, which knows where heads lie.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_HEAD_H
#define RP_HOT_DELIM_HEAD_H

#include <stddef.h>
#include "preload/hot/delim.h"

enum rp_head_line { RP_LINE_BAD, RP_LINE_OPEN, RP_LINE_GOOD };

/* The request line at the front of N bytes: bad as soon as these bytes cannot become one. */
enum rp_head_line rp_head_judge(const char *at, size_t n);

/* Fills HEAD from the N bytes at AT: the bytes of the head, 0 when it is not complete (HEAD holds
 * nothing), -1 when it will never be one that we can follow.  The first byte is no line end. */
long rp_head_parse(const char *at, size_t n, struct rp_head *head);

/* The end of the head in AT[0, n), looking at line ends from FROM on; 0 when there is none. */
size_t rp_head_end(const char *at, size_t from, size_t n);

#endif
