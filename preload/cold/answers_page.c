/* answers_page.c - see answers_page.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/answers_page.h"

#include <string.h>
#include <sys/mman.h>
#include "preload/hot/answer_head.h"
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"

enum { MAKER_HEAD_BYTES = 3072, DIGITS = 20 };

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

/* Stands in until there is a maker: names the session. */
static int make(int fd, const char *session)
{
	static const char head[] = "Content-Type: text/plain; charset=utf-8\r\n"
	                           "Cache-Control: no-store\r\n"
	                           "X-Robots-Tag: noindex\r\n\r\n"
	                           "This request was recorded. To see its profile, type\n\n"
	                           "    reqprof show ";

	rp_sys(SYS_write, fd, head, sizeof(head) - 1);
	rp_sys(SYS_write, fd, session, strlen(session));
	rp_sys(SYS_write, fd, "\n", 1);
	return 0;
}

/* The lines in front of the empty line are the maker's; BODY is where the rest begins. */
static size_t maker_head(int fd, char *lines, size_t room, uint64_t *body)
{
	long got = rp_sys(SYS_pread64, fd, lines, room, 0);
	size_t end = got > 0 ? rp_answer_head_end(lines, (size_t)got, 0) : 0;
	size_t empty = end > 1 && lines[end - 2] == '\r' ? 2 : 1;

	*body = end;
	return end ? end - empty : 0;
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
	char lines[MAKER_HEAD_BYTES];
	size_t n_lines = 0;
	long end = 0;

	p->at = p->n = 0;
	p->fd = (int)rp_sys(SYS_memfd_create, "reqprof", MFD_CLOEXEC);
	if (p->fd >= 0 && make(p->fd, session) == 0) {
		n_lines = maker_head(p->fd, lines, sizeof(lines), &p->at);
		end = rp_sys(SYS_lseek, p->fd, 0, SEEK_END);
	}
	p->n = end > (long)p->at ? (uint64_t)end - p->at : 0;
	p->n_head = rp_answer_head_keep(p->head, RP_ANSWER_HEAD_BYTES, a->head,
	                                atomic_load(&a->n_head));
	add(p, lines, n_lines);
	ADD(p, "Content-Length: ");
	add_number(p, p->n);
	ADD(p, "\r\n");
	add_wait(p, atomic_load(&a->over_ns));
	ADD(p, "\r\n");
}
