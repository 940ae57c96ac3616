/* mappings.c - what the kernel calls memory that lies in no module.
 *
 * Room: cold.  Part of jitnames_parts.h.  SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/cold/jitnames_parts.h"
#include "preload/cold/hexline.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { WINDOW_BYTES = 16 << 10, MAX_MAPPINGS = 1024, MAPPING_NAME_MAX = 256 };

struct mapping {
	uint64_t begin, end;
	struct rp_slice name;
};

/* "7f00-7f10 r-xp 00000000 08:01 123    /path": four words between the range and the name. */
static bool parse(const char *at, const char *end, struct mapping *m)
{
	if (!rp_hexline_number(&at, end, &m->begin) || at == end || *at++ != '-' ||
	    !rp_hexline_number(&at, end, &m->end))
		return false;
	for (unsigned word = 0; word < 4; word++) {
		rp_hexline_blanks(&at, end);
		while (at < end && *at != ' ')
			at++;
	}
	rp_hexline_blanks(&at, end);
	m->name = (struct rp_slice){at, (size_t)(end - at)};
	return m->end > m->begin;
}

static bool put(struct rp_jitnames *j, const struct mapping *m)
{
	static const char nameless[] = "[anon]";
	struct rp_item item = {.kind = RP_ITEM_MAPPING};

	item.mapping.begin = m->begin;
	item.mapping.size = m->end - m->begin;
	item.mapping.name = m->name.n ? m->name : (struct rp_slice){nameless, sizeof(nameless) - 1};
	if (item.mapping.name.n > MAPPING_NAME_MAX)
		item.mapping.name.n = MAPPING_NAME_MAX;
	return rp_writer_put(j->writer, &item);
}

/* A runtime that writes a jitdump maps it, so that a profiler finds it: the mapping is the sign,
 * and only a path that is still there can be opened. */
static void look_for_dump(const struct mapping *m, uint32_t pid, char *dump, size_t cap)
{
	char end[32];
	struct rp_line l = {end, 0, sizeof(end)};

	rp_line_text(&l, "/jit-");
	rp_line_number(&l, pid, 10);
	rp_line_text(&l, ".dump");
	if (m->name.n < l.n || m->name.n >= cap || m->name.at[0] != '/' ||
	    memcmp(m->name.at + m->name.n - l.n, end, l.n) != 0)
		return;
	memcpy(dump, m->name.at, m->name.n);
	dump[m->name.n] = '\0';
}

/* Of a strange address a file says nothing: it may be of a library that was loaded since. */
static bool is_wanted(const struct rp_jitnames *j, const struct mapping *m)
{
	uint64_t size = m->end - m->begin;

	return m->name.n && m->name.at[0] == '/' ? rp_jitnames_knows(j, m->begin, size)
	                                         : rp_jitnames_first(j, m->begin, size) < j->n;
}

void rp_mappings_read(struct rp_jitnames *j, int fd, uint32_t pid, char *dump, size_t cap)
{
	static char window[WINDOW_BYTES]; /* of our only thread */
	size_t n = 0;
	unsigned n_put = 0;
	long got;

	dump[0] = '\0';
	while ((got = rp_sys(SYS_read, fd, window + n, sizeof(window) - n)) > 0) {
		char *line = window, *end;

		n += (size_t)got;
		while ((end = memchr(line, '\n', n - (size_t)(line - window)))) {
			struct mapping m;

			if (parse(line, end, &m)) {
				look_for_dump(&m, pid, dump, cap);
				if (n_put < MAX_MAPPINGS && is_wanted(j, &m))
					n_put += put(j, &m);
			}
			line = end + 1;
		}
		n -= (size_t)(line - window);
		if (n == sizeof(window) || !rp_jitnames_may_go_on(j))
			return; /* no line is that long */
		memmove(window, line, n);
	}
}
