/* answers_page.c - see answers_page.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/answers_page.h"

#include <string.h>
#include <sys/mman.h>
#include "preload/cold/maker.h"
#include "preload/hot/answer_head.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"

enum { OUR_LINES_BYTES = 256, DIGITS = 20 };

static void add(struct rp_answers_page *p, const char *text, size_t n)
{
	size_t room = sizeof(p->head) - p->n_head;

	n = n < room ? n : room;
	memcpy(p->head + p->n_head, text, n);
	p->n_head += n;
}

#define ADD(p, text) add(p, text, sizeof(text) - 1)

static void add_number(struct rp_answers_page *p, uint64_t n)
{
	char digits[DIGITS], *at = digits + sizeof(digits);

	do
		*--at = (char)('0' + n % 10);
	while (n /= 10);
	add(p, at, (size_t)(digits + sizeof(digits) - at));
}

/* The lines that the maker gave for the head; ROOM holds the longest. */
static void add_lines(struct rp_answers_page *p, const struct rp_made *made)
{
	size_t room = sizeof(p->head) - p->n_head - OUR_LINES_BYTES;
	size_t n = made->n_head < room ? made->n_head : 0;
	long got = rp_sys(SYS_pread64, p->fd, p->head + p->n_head, n, made->head);

	p->n_head += got > 0 ? (size_t)got : 0;
}

static void add_wait(struct rp_answers_page *p, uint64_t over_ns)
{
	uint64_t us = (rp_mono_ns() - over_ns) / 1000;
	char rest[4] = {'.', (char)('0' + us / 100 % 10), (char)('0' + us / 10 % 10),
	                (char)('0' + us % 10)};

	ADD(p, "Server-Timing: reqprof;desc=\"making this page\";dur=");
	add_number(p, us / 1000);
	add(p, rest, sizeof(rest));
	ADD(p, "\r\n");
}

void rp_answers_page_make(struct rp_answers_page *p, const struct rp_answer *a, const char *session)
{
	struct rp_made made = {0};
	bool ok;

	p->fd = (int)rp_sys(SYS_memfd_create, "reqprof", MFD_CLOEXEC);
	ok = p->fd >= 0 &&
	     rp_maker_make(&(struct rp_maker_job){.mode = a->mode,
	                                          .session = *session ? session : NULL,
	                                          .out = p->fd},
	                   &made);
	p->n_head = rp_answer_head_keep(p->head, RP_ANSWER_HEAD_BYTES, a->head,
	                                atomic_load(&a->n_head));
	if (ok)
		add_lines(p, &made);
	p->at = made.body;
	p->n = ok ? made.n_body : 0;
	ADD(p, "Content-Length: ");
	add_number(p, p->n);
	ADD(p, "\r\n");
	add_wait(p, atomic_load(&a->over_ns));
	ADD(p, "\r\n");
}
