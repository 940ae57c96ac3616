/* procstat.c - see procstat.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/procstat.h"

#include <fcntl.h>
#include <string.h>
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

/* What NAME of TID holds, up to CAP bytes; how many. */
static size_t read_file(uint32_t tid, const char *name, char *text, size_t cap)
{
	char path[64];
	struct rp_line l = {path, 0, sizeof(path) - 1};

	rp_line_text(&l, "/proc/self/");
	if (tid) {
		rp_line_text(&l, "task/");
		rp_line_number(&l, tid, 10);
		rp_line_byte(&l, '/');
	}
	rp_line_text(&l, name);
	path[l.n] = 0;
	long fd = rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC), n;

	if (fd < 0)
		return 0;
	n = rp_sys(SYS_read, fd, text, cap);
	rp_sys(SYS_close, fd);
	return n > 0 ? (size_t)n : 0;
}

/* The FIELD-th number of AT, counted from 0. */
static uint64_t number(const char *at, const char *end, unsigned field)
{
	uint64_t value = 0;

	for (; field && at < end; at++)
		field -= *at == ' ';
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t)(*at - '0');
	return value;
}

bool rp_procstat_read(uint32_t tid, struct rp_procstat *stat)
{
	char text[1024];
	size_t n = read_file(tid, "stat", text, sizeof(text));
	const char *end = text + n, *at = end;

	/* Fields are counted behind the name, which may hold anything: "12 (a b) c) S 1 ..." */
	while (at > text && at[-1] != ')')
		at--;
	*stat = (struct rp_procstat){0};
	if (at == text || end - at < 4)
		return false;
	stat->state = at[1];
	stat->began_ticks = number(at + 1, end, 19);
	return true;
}

/* The digits behind KEY in the status of TID, in BASE; false: there are none. */
static bool read_status(uint32_t tid, const char *key, unsigned base, uint64_t *value)
{
	char text[4096];
	size_t n = read_file(tid, "status", text, sizeof(text)), n_key = strlen(key);

	*value = 0;
	for (size_t i = 0; i + n_key < n; i++) {
		if (memcmp(text + i, key, n_key) != 0)
			continue;
		for (i += n_key; i < n && text[i] != '\n'; i++)
			*value = *value * base +
			         (uint64_t)(text[i] <= '9' ? text[i] - '0' : text[i] - 'a' + 10);
		return true;
	}
	return false;
}

bool rp_procstat_blocks(uint32_t tid, int sig)
{
	uint64_t mask;

	return sig && read_status(tid, "\nSigBlk:\t", 16, &mask) && mask & rp_sigbit(sig);
}

uint32_t rp_procstat_switches(uint32_t tid)
{
	uint64_t n;

	return read_status(tid, "\nvoluntary_ctxt_switches:\t", 10, &n) ? (uint32_t)n + 1 : 0;
}

uint64_t rp_procstat_delay_ns(uint32_t tid, uint64_t *arrivals)
{
	char text[96];
	size_t n = read_file(tid, "schedstat", text, sizeof(text));

	*arrivals = number(text, text + n, 2);
	return number(text, text + n, 1);
}
