/* flights.c - see flights.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/flights.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include "preload/cold/log.h"
#include "preload/cold/procstat.h"
#include "preload/hot/flight.h"
#include "preload/hot/mask.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"
#include "preload/hot/turn.h"
#include "preload/settings.h"

static struct rp_inflight own; /* when nobody else shall see it */
static struct rp_inflight *shared;
static bool tried;
static char file[sizeof(RP_INFLIGHT_DIR) + 32]; /* of this process; "": there is none */

static void use(struct rp_inflight *table)
{
	rp_flights_shared = table == shared;
	atomic_store_explicit(&rp_turn_watching, true, memory_order_relaxed);
	atomic_store_explicit(&rp_flights, table, memory_order_release);
	atomic_fetch_add(&rp_followed, 1);
}

void rp_flights_boot(void)
{
	rp_flight_keeps = rp_settings.slow_ns != RP_NEVER;
	for (unsigned i = 0; i < RP_ERROR_WORDS; i++)
		rp_flight_keeps |= rp_settings.errors[i] != 0;
	rp_flight_on = rp_flight_keeps || rp_settings.ps;
	if (rp_flight_keeps && !rp_settings.ps)
		use(&own);
	else
		atomic_store(&rp_flights_due, rp_flight_on);
}

static int refuse(const char *path, const char *why)
{
	rp_log(path, ": ", why, "; reqprof ps does not see this process", NULL);
	return -1;
}

/* Ours alone, and no disk behind it: else a page that is written back would be waited for. */
static int open_dir(char *path, size_t cap)
{
	struct rp_line l = {path, 0, cap - 1};
	struct statfs fs;
	struct stat st;

	rp_line_text(&l, RP_INFLIGHT_DIR);
	rp_line_number(&l, (uint64_t)rp_sys(SYS_geteuid, 0), 10);
	path[l.n] = 0;
	rp_sys(SYS_mkdirat, AT_FDCWD, path, 0700);
	long dir =
	        rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	const char *why = NULL;

	if (dir < 0)
		return refuse(path, rp_log_error((int)-dir));
	if (fstat((int)dir, &st) != 0 || rp_sys(SYS_fstatfs, dir, &fs) != 0)
		why = "cannot be examined";
	else if (st.st_uid != (uid_t)rp_sys(SYS_geteuid, 0))
		why = "belongs to another user";
	else if (st.st_mode & 077)
		why = "is open to others (chmod 700 it)";
	else if (fs.f_type != TMPFS_MAGIC)
		why = "is not in memory (tmpfs)";
	if (why) {
		rp_sys(SYS_close, dir);
		return refuse(path, why);
	}
	return (int)dir;
}

/* The whole of it is allocated first: nobody meets SIGBUS for want of memory. */
static struct rp_inflight *map(int fd)
{
	void *at;

	if (rp_sys(SYS_fallocate, fd, 0, 0l, (long)sizeof(struct rp_inflight)) != 0)
		return NULL;
	at = mmap(NULL, sizeof(struct rp_inflight), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return at == MAP_FAILED ? NULL : at;
}

/* What stands there under our number is of a process that is no more. */
static struct rp_inflight *make_shared(void)
{
	char dir[sizeof(file)];
	struct rp_line l = {file, 0, sizeof(file) - 1};
	int at = open_dir(dir, sizeof(dir));
	struct rp_inflight *table;
	const char *name;
	long fd;

	if (at < 0)
		return NULL;
	rp_line_text(&l, dir);
	rp_line_byte(&l, '/');
	name = file + l.n;
	rp_line_number(&l, (uint64_t)rp_sys(SYS_getpid, 0), 10);
	file[l.n] = 0;
	rp_sys(SYS_unlinkat, at, name, 0);
	fd = rp_sys(SYS_openat, at, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	table = fd < 0 ? NULL : map((int)fd);
	if (!table)
		refuse(file, fd < 0 ? rp_log_error((int)-fd) : "no memory for it");
	if (!table && fd >= 0)
		rp_sys(SYS_unlinkat, at, name, 0);
	if (!table)
		file[0] = 0;
	if (fd >= 0)
		rp_sys(SYS_close, fd);
	rp_sys(SYS_close, at);
	return table;
}

static void fill_head(struct rp_inflight_head *h)
{
	struct rp_procstat stat;
	uint64_t mark;

	rp_procstat_read(0, &stat);
	*h = (struct rp_inflight_head){
	        .version = RP_INFLIGHT_VERSION,
	        .head_bytes = sizeof(*h),
	        .flight_bytes = sizeof(struct rp_flight),
	        .seat_bytes = sizeof(struct rp_seat),
	        .n_flights = RP_MAX_FLIGHTS,
	        .n_seats = RP_MAX_SEATS,
	        .pid = (uint32_t)rp_sys(SYS_getpid, 0),
	        .began_ticks = stat.began_ticks,
	};
	memcpy(&mark, RP_INFLIGHT_MARK, sizeof(mark));
	__atomic_store_n((uint64_t *)(void *)h->mark, mark,
	                 __ATOMIC_RELEASE); /* whoever reads it */
}

void rp_flights_make(void)
{
	if (!rp_flight_on || tried)
		return;
	tried = true;
	rp_mask_pick();
	if (!rp_settings.ps)
		return;
	shared = make_shared();
	if (shared)
		fill_head(&shared->head);
	if (shared || rp_flight_keeps)
		use(shared ? shared : &own);
	rp_flights_tell();
}

void rp_flights_remove(void)
{
	if (file[0])
		rp_sys(SYS_unlinkat, AT_FDCWD, file, 0);
	file[0] = 0;
}

void rp_flights_forked(void)
{
	if (shared)
		rp_sys(SYS_munmap, shared, sizeof(*shared));
	shared = NULL;
	tried = false;
	file[0] = 0;
	if (rp_flight_keeps && !rp_settings.ps)
		use(&own);
	else
		atomic_store(&rp_flights_due, rp_flight_on);
}
