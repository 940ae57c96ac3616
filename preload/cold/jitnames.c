/* jitnames.c - see jitnames.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/jitnames.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "preload/cold/jitnames_parts.h"
#include "preload/hot/clock.h"
#include "preload/hot/drops.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { DUMP_PATH_MAX = 512 };

static void sift(uint64_t *heap, uint32_t at, uint32_t n)
{
	for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
		child += child + 1 < n && heap[child] < heap[child + 1];
		if (heap[at] >= heap[child])
			return;
		uint64_t up = heap[child];

		heap[child] = heap[at];
		heap[at] = up;
	}
}

/* Heap sort: libc's may allocate. */
static void sort(uint64_t *v, uint32_t n)
{
	for (uint32_t at = n / 2; at-- > 0;)
		sift(v, at, n);
	for (uint32_t end = n; end-- > 1;) {
		uint64_t most = v[0];

		v[0] = v[end];
		v[end] = most;
		sift(v, 0, end);
	}
}

/* Sorted RP_FOUNDs become addresses, each once; those that were ever strange are marked. */
static uint32_t unique(uint64_t *v, uint32_t n, uint8_t *strange)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t addr = v[i] >> 1;

		if (kept == 0 || addr != v[kept - 1])
			v[kept++] = addr;
		strange[kept - 1] |= v[i] & 1;
	}
	return kept;
}

uint32_t rp_jitnames_first(const struct rp_jitnames *j, uint64_t begin, uint64_t size)
{
	uint32_t lo = 0, hi = j->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (j->addr[mid] < begin)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < j->n && j->addr[lo] - begin < size ? lo : j->n;
}

bool rp_jitnames_knows(const struct rp_jitnames *j, uint64_t begin, uint64_t size)
{
	uint32_t i = rp_jitnames_first(j, begin, size);

	while (i < j->n && j->addr[i] - begin < size && j->strange[i])
		i++;
	return i < j->n && j->addr[i] - begin < size;
}

bool rp_jitnames_may_go_on(struct rp_jitnames *j)
{
	if (rp_mono_ns() < j->until_ns)
		return true;
	j->cut = true;
	return false;
}

bool rp_jitnames_code(struct rp_jitnames *j, const struct rp_rec_code *code)
{
	struct rp_item item = {.kind = RP_ITEM_CODE, .code = *code};

	if (item.code.name.n > RP_CODE_NAME_BYTES)
		item.code.name.n = RP_CODE_NAME_BYTES;
	if (j->n_code == RP_MAX_CODE || !rp_writer_put(j->writer, &item)) {
		j->cut |= j->n_code == RP_MAX_CODE; /* the writer tells its own losses */
		j->full = true;
		return false;
	}
	j->n_code++;
	for (uint32_t i = rp_jitnames_first(j, code->begin, code->size);
	     i < j->n && j->addr[i] - code->begin < code->size; i++) {
		j->n_unnamed -= !j->named[i];
		j->named[i] = 1;
	}
	return true;
}

int rp_jitnames_open(const char *path, uint64_t *size)
{
	int fd = (int)rp_sys(SYS_openat, AT_FDCWD, path,
	                     O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return -1;
	/* In /tmp everybody may have put it there. */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	    (st.st_uid == 0 || st.st_uid == (uid_t)rp_sys(SYS_geteuid, 0))) {
		*size = (uint64_t)st.st_size;
		return fd;
	}
	rp_sys(SYS_close, fd);
	return -1;
}

static void read_mappings(struct rp_jitnames *j, uint32_t pid, char *dump)
{
	int fd = (int)rp_sys(SYS_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);

	dump[0] = '\0';
	if (fd < 0)
		return;
	rp_mappings_read(j, fd, pid, dump, DUMP_PATH_MAX);
	rp_sys(SYS_close, fd);
}

static void read_dump(struct rp_jitnames *j, const char *path)
{
	uint64_t size;
	int fd = *path ? rp_jitnames_open(path, &size) : -1;

	if (fd < 0)
		return;
	rp_jitdump_read(j, fd, size, rp_mono_ns());
	rp_sys(SYS_close, fd);
}

/* Within a pid namespace the runtime writes its own number there, and we are in its process. */
static void read_map(struct rp_jitnames *j, uint32_t pid)
{
	char path[48];
	struct rp_line l = {path, 0, sizeof(path) - 1};
	uint64_t size;

	rp_line_text(&l, "/tmp/perf-");
	rp_line_number(&l, pid, 10);
	rp_line_text(&l, ".map");
	path[l.n] = 0;

	int fd = rp_jitnames_open(path, &size);

	if (fd < 0)
		return;
	rp_perfmap_read(j, fd, size);
	rp_sys(SYS_close, fd);
}

void rp_jitnames_put(struct rp_request *r, struct rp_nodes *nodes, struct rp_writer *w)
{
	static struct rp_jitnames j; /* of our only thread: too much for its stack */
	uint32_t pid = (uint32_t)rp_sys(SYS_getpid, 0);
	char dump[DUMP_PATH_MAX];

	if (!nodes->n_found)
		return;
	sort(nodes->found, nodes->n_found);
	memset(&j, 0, sizeof(j));
	j.addr = nodes->found;
	j.n = j.n_unnamed = unique(nodes->found, nodes->n_found, j.strange);
	j.writer = w;
	j.until_ns = rp_mono_ns() + RP_NAMES_MS * 1000000ull;
	j.cut = nodes->found_full;
	read_mappings(&j, pid, dump);
	read_dump(&j, dump);
	if (j.n_unnamed)
		read_map(&j, pid);
	if (j.cut)
		rp_request_drop(r, RP_DROP_names_cut, 1);
}
