/* answer_head.h - the head of a server's answer: may a profile stand in its place, and what of it
 * goes on.  Pure.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_ANSWER_HEAD_H
#define RP_HOT_ANSWER_HEAD_H

#include <stddef.h>

enum rp_judgement {
	RP_JUDGED_INTERIM, /* 1xx: the answer is still to come */
	RP_JUDGED_REPLACE,
	RP_JUDGED_KEEP, /* it has no end, no body, or is nothing that we know */
};

/* Length of the head in BYTES, its empty line included; 0: it goes on.  SEEN of the bytes were
 * looked at before. */
size_t rp_answer_head_end(const char *bytes, size_t n, size_t seen);

/* HEAD is whole. */
enum rp_judgement rp_answer_head_judge(const char *head, size_t n);

/* The lines of the answer that goes out instead: the status line, what tells how the connection
 * goes on, what the client shall remember, the original status.  No empty line; the length, at most
 * ROOM (lines that do not fit are left out). */
size_t rp_answer_head_keep(char *out, size_t room, const char *head, size_t n);

#endif
