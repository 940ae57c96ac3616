/* inflight.c - see inflight.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/inflight.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/inflight.h"
#include "store/records.h"
#include "tools/descriptor.h"
#include "tools/join.h"
#include "tools/memory.h"
#include "tools/units.h"

/* One line of /proc/PID/... : the name, the state, and when it began. */
struct stat_line {
	char name[32], state;
	uint64_t began_ticks;
};

static bool read_stat(const char *path, struct stat_line *s)
{
	char text[1024];
	FILE *f = fopen(path, "r");
	size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;

	if (f)
		fclose(f);
	text[n] = '\0';
	char *open = strchr(text, '('), *close = strrchr(text, ')');

	*s = (struct stat_line){0};
	if (!open || !close || close < open)
		return false;
	snprintf(s->name, sizeof s->name, "%.*s", (int)(close - open - 1), open + 1);
	return sscanf(close + 1,
	              " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
	              "%" SCNu64,
	              &s->state, &s->began_ticks) == 2;
}

/* A table that is ours or root's to read, whole, and of a version that we know; NULL: none. */
static struct rp_inflight *map(int fd)
{
	struct stat st;
	struct rp_inflight *t;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (size_t)st.st_size < sizeof(*t))
		return NULL;
	t = mmap(NULL, sizeof(*t), PROT_READ, MAP_SHARED, fd, 0);
	if (t == MAP_FAILED)
		return NULL;
	const struct rp_inflight_head *h = &t->head;

	if (memcmp(h->mark, RP_INFLIGHT_MARK, sizeof(h->mark)) == 0 &&
	    h->version == RP_INFLIGHT_VERSION && h->head_bytes == sizeof(*h) &&
	    h->flight_bytes == sizeof(struct rp_flight) &&
	    h->seat_bytes == sizeof(struct rp_seat) && h->n_flights == RP_MAX_FLIGHTS &&
	    h->n_seats == RP_MAX_SEATS)
		return t;
	munmap(t, sizeof(*t));
	return NULL;
}

static void copy_text(char *to, size_t cap, const char *from, size_t n, size_t most)
{
	n = n < most ? n : most;
	snprintf(to, cap, "%.*s", (int)n, from);
}

/* False: it is over, or another one by now. */
static bool read_flight(const struct rp_flight *f, struct rp_inflight_row *row)
{
	uint64_t hold = atomic_load(&f->hold);

	if ((uint32_t)hold != RP_FLIGHT_LIVE)
		return false;
	row->serial = (uint32_t)(hold >> 32);
	row->first_byte_ns = atomic_load(&f->course.first_byte_ns);
	row->bytes_in = atomic_load(&f->course.bytes_in);
	row->bytes_out = atomic_load(&f->course.bytes_out);
	row->status = atomic_load(&f->course.status);
	row->asks = (int)atomic_load(&f->asks) - 1;
	row->flagged = atomic_load(&f->flags) & RP_FLIGHT_FLAGGED;
	copy_text(row->method, sizeof(row->method), f->method, f->n_method, sizeof(f->method));
	copy_text(row->path, sizeof(row->path), f->path, f->n_path, sizeof(f->path));
	return atomic_load(&f->hold) == hold;
}

static void read_seat(const struct rp_seat *s, struct rp_inflight_row *row)
{
	struct stat_line line;
	char path[64];

	row->tid = atomic_load(&s->tid);
	row->since_ns = atomic_load(&s->since_ns);
	row->kind = atomic_load(&s->kind);
	row->fd = atomic_load(&s->fd);
	row->at = atomic_load(&s->at);
	if (atomic_load(&s->since_ns) != row->since_ns) /* the next call by now */
		row->since_ns = 0;
	snprintf(path, sizeof path, "/proc/%" PRIu32 "/task/%" PRIu32 "/stat", row->pid, row->tid);
	row->state = read_stat(path, &line) ? line.state : 0;
}

static void add(struct rp_inflight_list *list, const struct rp_inflight_row *row)
{
	list->rows = rp_memory_grow(list->rows, list->n, sizeof(*list->rows));
	list->rows[list->n++] = *row;
}

/* Threads are looked for by what they say they work for. */
static void read_table(struct rp_inflight_list *list, const struct rp_inflight *t,
                       const struct stat_line *process)
{
	for (uint32_t i = 0; i < RP_MAX_FLIGHTS; i++) {
		struct rp_inflight_row row = {.pid = t->head.pid, .fd = -1};
		bool any = false;

		if (!read_flight(&t->flights[i], &row))
			continue;
		memcpy(row.server, process->name, sizeof(row.server));
		for (uint32_t k = 0; k < RP_MAX_SEATS; k++) {
			if (atomic_load(&t->seats[k].works) !=
			    ((uint64_t)row.serial << 32 | (i + 1)))
				continue;
			read_seat(&t->seats[k], &row);
			add(list, &row);
			any = true;
		}
		if (!any)
			add(list, &row);
	}
}

static bool wanted(uint32_t pid, const uint32_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return !n;
}

/* A number that was given to another process since is not this table's.  A table without its mark
 * is being made, or its process ended in the making. */
static void read_file(struct rp_inflight_list *list, int dir, const char *name)
{
	char path[sizeof "/proc//stat" + NAME_MAX];
	struct stat_line process;
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct rp_inflight *t = fd < 0 ? NULL : map(fd);

	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof path, "/proc/%s/stat", name);
	bool lives = read_stat(path, &process);

	if (t && lives && process.began_ticks == t->head.began_ticks) {
		list->n_processes++;
		read_table(list, t, &process);
	} else if (t || (fd >= 0 && !lives)) {
		unlinkat(dir, name, 0);
	}
	if (t)
		munmap(t, sizeof(*t));
}

/* A directory is believed when its name says whose it is, and it is his alone. */
static void read_dir(struct rp_inflight_list *list, const char *path, const uint32_t *pids,
                     size_t n)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st;
	struct dirent *e;
	unsigned long uid = strtoul(path + strlen(RP_INFLIGHT_DIR), NULL, 10);

	if (fd < 0 && errno == EACCES) {
		list->denied = rp_memory_grow(list->denied, list->n_denied, sizeof(char *));
		list->denied[list->n_denied++] = strdup(path);
	}
	if (fd < 0)
		return;
	DIR *dir = fstat(fd, &st) == 0 && st.st_uid == uid && !(st.st_mode & 077) ? fdopendir(fd)
	                                                                          : NULL;

	while (dir && (e = readdir(dir))) {
		char *end;
		unsigned long pid = strtoul(e->d_name, &end, 10);

		if (pid && !*end && wanted((uint32_t)pid, pids, n))
			read_file(list, dirfd(dir), e->d_name);
	}
	if (dir)
		closedir(dir);
	else
		close(fd);
}

static int by_age(const void *a, const void *b)
{
	const struct rp_inflight_row *x = a, *y = b;

	if (x->first_byte_ns != y->first_byte_ns)
		return x->first_byte_ns < y->first_byte_ns ? -1 : 1;
	return (x->tid > y->tid) - (x->tid < y->tid);
}

void rp_inflight_read(struct rp_inflight_list *list, const uint32_t *pids, size_t n)
{
	glob_t found;

	*list = (struct rp_inflight_list){0};
	if (glob(RP_INFLIGHT_DIR "[0-9]*", GLOB_NOSORT, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			read_dir(list, found.gl_pathv[i], pids, n);
	globfree(&found);
	if (list->n)
		qsort(list->rows, list->n, sizeof(*list->rows), by_age);
}

void rp_inflight_free(struct rp_inflight_list *list)
{
	for (size_t i = 0; i < list->n_denied; i++)
		free(list->denied[i]);
	free(list->denied);
	free(list->rows);
}

/* What a call waits for that has no descriptor, as far as it can be told from outside. */
static void name_other(const struct rp_inflight_row *row, char *text, size_t cap)
{
	char time[RP_UNITS_MAX];

	*text = '\0';
	switch ((int)row->kind) {
	case RP_WAIT_SLEEP:
		if (row->at)
			snprintf(text, cap, "%s", rp_units_time(time, row->at));
		break;
	case RP_WAIT_MUTEX:
	case RP_WAIT_RWLOCK:
	case RP_WAIT_COND:
	case RP_WAIT_SEM:
	case RP_WAIT_FUTEX:
	case RP_WAIT_BARRIER:
		snprintf(text, cap, "0x%" PRIx64, row->at & 0xffffff); /* as sessions have it */
		break;
	case RP_WAIT_WAITPID:
		if (row->at && row->at <= INT32_MAX)
			snprintf(text, cap, "%" PRIu64, row->at);
		break;
	}
}

void rp_inflight_doing(const struct rp_inflight_row *row, char *text, size_t cap)
{
	char object[300];

	if (!row->tid && row->asks >= 0) {
		rp_descriptor_name(row->pid, row->asks, object, sizeof object);
		snprintf(text, cap, "upstream %s", object);
	} else if (!row->tid) {
		snprintf(text, cap, "idle: no thread works for it");
	} else if (!row->since_ns) {
		snprintf(text, cap, "%s",
		         row->state == 'S' || row->state == 'D'
		                 ? "sleeps, in a call that is not seen"
		                 : "runs");
	} else {
		if (row->fd >= 0)
			rp_descriptor_name(row->pid, row->fd, object, sizeof object);
		else
			name_other(row, object, sizeof object);
		snprintf(text, cap, "%s%s%s", rp_join_kind(row->kind), *object ? " " : "", object);
	}
}
