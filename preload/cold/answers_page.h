/* answers_page.h - the page of an answer, with its head, ready to be sent.
 *
 * Room: cold.  On the answer's thread, in its own table of descriptors.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_ANSWERS_PAGE_H
#define RP_COLD_ANSWERS_PAGE_H

#include <stddef.h>
#include <stdint.h>
#include "preload/hot/answer.h"

struct rp_answers_page {
	int fd;         /* what the maker wrote; -1: nothing could be made */
	uint64_t at, n; /* the body in it */
	size_t n_head;
	char head[RP_ANSWER_HEAD_BYTES + 4096];
};

/* Makes the page of A from SESSION, a path ("": there is none). */
void rp_answers_page_make(struct rp_answers_page *page, const struct rp_answer *a,
                          const char *session);

#endif
