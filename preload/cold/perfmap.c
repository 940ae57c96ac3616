/* perfmap.c - /tmp/perf-PID.map: "begin size name" a line, in hexadecimal, only ever appended to.
 * Memory is used again and nothing says when: the last line that holds an address is right.
 *
 * Room: cold.  Part of jitnames_parts.h.  Read backwards, so that the first hit is the last line,
 * and a map that has grown for weeks costs no more than the part that is still in use.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/cold/hexline.h"
#include "preload/cold/jitnames_parts.h"
#include "preload/hot/sys.h"

enum { WINDOW_BYTES = 64 << 10 };

static bool parse(const char *at, const char *end, struct rp_rec_code *code)
{
	if (!rp_hexline_number(&at, end, &code->begin))
		return false;
	rp_hexline_blanks(&at, end);
	if (!rp_hexline_number(&at, end, &code->size))
		return false;
	rp_hexline_blanks(&at, end);
	while (end > at && (end[-1] == '\r' || end[-1] == ' '))
		end--;
	code->name = (struct rp_slice){at, (size_t)(end - at)};
	code->since_ns = code->until_ns = RP_NEVER;
	return code->name.n && code->size && code->begin + code->size > code->begin;
}

static bool holds_unnamed(const struct rp_jitnames *j, const struct rp_rec_code *code)
{
	for (uint32_t i = rp_jitnames_first(j, code->begin, code->size);
	     i < j->n && j->addr[i] - code->begin < code->size; i++)
		if (!j->named[i])
			return true;
	return false;
}

/* The lines of WINDOW, last first.  Without FIRST what comes before its first line break may be
 * the end of a line, and is left to the next window: how many bytes. */
static size_t take_lines(struct rp_jitnames *j, const char *window, size_t n, bool first)
{
	const char *end = window + n;

	while (end > window) {
		const char *line = memrchr(window, '\n', (size_t)(end - window));
		struct rp_rec_code code;

		if (!line && !first)
			return (size_t)(end - window);
		line = line ? line + 1 : window;
		if (parse(line, end, &code) && holds_unnamed(j, &code) &&
		    !rp_jitnames_code(j, &code))
			return 0;
		if (line == window)
			return 0;
		end = line - 1;
	}
	return 0;
}

/* Where the last whole line ends: what follows is still being written.  0: nowhere. */
static uint64_t last_break(int fd, uint64_t size, char *window)
{
	uint64_t n = size < WINDOW_BYTES ? size : WINDOW_BYTES;
	long got = rp_sys(SYS_pread64, fd, window, n, size - n);
	const char *at = got > 0 ? memrchr(window, '\n', (size_t)got) : NULL;

	return at ? size - n + (uint64_t)(at - window) : 0;
}

void rp_perfmap_read(struct rp_jitnames *j, int fd, uint64_t size)
{
	static char window[WINDOW_BYTES]; /* of our only thread */
	uint64_t end = last_break(fd, size, window);
	uint64_t least = end > RP_MAP_BYTES ? end - RP_MAP_BYTES : 0;

	while (end > least && j->n_unnamed && !j->full && rp_jitnames_may_go_on(j)) {
		size_t n = end < WINDOW_BYTES ? (size_t)end : WINDOW_BYTES;

		if (rp_sys(SYS_pread64, fd, window, n, end - n) != (long)n)
			return; /* cut short meanwhile */
		size_t left = take_lines(j, window, n, n == end);

		end -= left == n ? n : n - left; /* all of it left: one line, longer than that */
	}
	j->cut |= least && end <= least && j->n_unnamed;
}
