/* comm.c - see comm.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/comm.h"

#include <fcntl.h>
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { N_KEPT = 8 };

static struct {
	bool open;
	uint32_t tid;
	int fd;
} kept[N_KEPT];
static bool keeps;

void rp_comm_reset(bool may_keep)
{
	for (unsigned i = 0; i < N_KEPT; i++)
		if (kept[i].open) /* its table is gone */
			kept[i].open = false;
	keeps = may_keep;
}

static int open_comm(uint32_t tid)
{
	char path[48];
	struct rp_line l = {path, 0, sizeof(path) - 1};

	rp_line_text(&l, "/proc/self/");
	if (tid) {
		rp_line_text(&l, "task/");
		rp_line_number(&l, tid, 10);
		rp_line_byte(&l, '/');
	}
	rp_line_text(&l, "comm");
	path[l.n] = 0;
	return (int)rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

/* Without its newline.  Of a thread that is gone nothing is read, whoever has its number now. */
static size_t read_line(int fd, char *text, size_t cap)
{
	long n = rp_sys(SYS_pread64, fd, text, cap, 0);

	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == 0))
		n--;
	return n > 0 ? (size_t)n : 0;
}

size_t rp_comm_read(uint32_t tid, char *text, size_t cap)
{
	unsigned at = tid % N_KEPT;
	size_t n = 0;

	if (kept[at].open && kept[at].tid == tid)
		n = read_line(kept[at].fd, text, cap);
	if (n)
		return n;
	int fd = open_comm(tid);

	if (fd < 0)
		return 0;
	n = read_line(fd, text, cap);
	if (kept[at].open)
		rp_sys(SYS_close, kept[at].fd);
	kept[at].open = keeps;
	kept[at].tid = tid;
	kept[at].fd = fd;
	if (!keeps)
		rp_sys(SYS_close, fd);
	return n;
}
