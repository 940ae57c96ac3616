/* answers_page.c - see answers_page.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/answers_page.h"

#include <sys/mman.h>
#include "preload/cold/maker.h"
#include "preload/hot/answer_head.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { OUR_LINES_BYTES = 256 };

/* The lines that the maker gave for the head; ROOM holds the longest. */
static void add_lines(struct rp_line *head, int fd, const struct rp_made *made)
{
	size_t room = head->cap - head->n - OUR_LINES_BYTES;
	size_t n = made->n_head < room ? made->n_head : 0;
	long got = rp_sys(SYS_pread64, fd, head->at + head->n, n, made->head);

	head->n += got > 0 ? (size_t)got : 0;
}

static void add_wait(struct rp_line *head, uint64_t over_ns)
{
	uint64_t us = (rp_mono_ns() - over_ns) / 1000;
	char rest[4] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
	                (char)('0' + us % 10)};

	rp_line_text(head, "Server-Timing: reqprof;desc=\"making this page\";dur=");
	rp_line_number(head, us / 1000, 10);
	rp_line_bytes(head, rest, sizeof(rest));
	rp_line_text(head, "\r\n");
}

void rp_answers_page_make(struct rp_answers_page *p, const struct rp_answer *a, const char *session)
{
	struct rp_line head = {p->head, 0, sizeof(p->head)};
	struct rp_made made = {0};
	bool ok;

	p->fd = (int)rp_sys(SYS_memfd_create, "reqprof", MFD_CLOEXEC);
	ok = p->fd >= 0 &&
	     rp_maker_make(&(struct rp_maker_job){.mode = a->mode,
	                                          .session = *session ? session : NULL,
	                                          .out = p->fd},
	                   &made);
	head.n = rp_answer_head_keep(p->head, RP_ANSWER_HEAD_BYTES, a->head,
	                             atomic_load(&a->n_head));
	if (ok)
		add_lines(&head, p->fd, &made);
	p->at = made.body;
	p->n = ok ? made.n_body : 0;
	rp_line_text(&head, "Content-Length: ");
	rp_line_number(&head, p->n, 10);
	rp_line_text(&head, "\r\n");
	add_wait(&head, atomic_load(&a->over_ns));
	rp_line_text(&head, "\r\n");
	p->n_head = head.n;
}
