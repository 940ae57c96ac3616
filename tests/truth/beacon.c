/* beacon.c - the truth about whose work a thread does: handlers say it, and we compare.
 *
 * Room: tests.  Linked into build/truth/libreqprof.so only.  A handler that serves request ID asks
 * for the path "/gt/ID/PLACE" (access, stat, open); what the shim believes of this thread at
 * that moment is counted, by place, in the file that REQPROF_TRUTH names (tests/truth/tally.py).
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include "preload/hot/book.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "tests/truth/late.h"

enum { N_ROWS = 32, N_WRONGS = 64, NAME = 24 };

/* RIGHT, WRONG, NONE: beacons of a flagged request that is being served.  PLAIN: of any other,
 * while the thread worked for nobody; OWN: for it, since all are watched (REQPROF_SLOW).  LATE: of
 * a flagged one that was refused or is over. */
enum verdict { RIGHT, WRONG, NONE, PLAIN, LATE, OWN, N_VERDICTS };

struct row {
	_Atomic uint32_t taken; /* 0, 1 being named, 2 */
	char place[NAME - 4];
	_Atomic uint64_t n[N_VERDICTS];
};

struct wrong {
	char place[NAME], truth[NAME], belief[NAME];
};

struct tally {
	struct row rows[N_ROWS];
	_Atomic uint64_t n_wrongs;
	struct wrong wrongs[N_WRONGS];
	struct late_counts late;
};

static struct tally *tally;

__attribute__((constructor)) static void open_tally(void)
{
	const char *path = getenv("REQPROF_TRUTH");
	long fd = path ? rp_sys(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;

	if (fd < 0)
		return;
	void *at = mmap(NULL, sizeof(*tally), PROT_READ | PROT_WRITE, MAP_SHARED, (int)fd, 0);

	rp_sys(SYS_close, fd);
	tally = at == MAP_FAILED ? NULL : at;
	if (tally && getenv("REQPROF_TRUTH_LATE"))
		late_stand(&tally->late);
}

/* As much of FROM as fits; what is left of TO is zeros already. */
static void keep(char *to, const char *from, size_t cap)
{
	size_t n = strlen(from);

	memcpy(to, from, n < cap ? n : cap - 1);
	to[n < cap ? n : cap - 1] = 0;
}

static struct row *row_of(const char *place)
{
	for (unsigned i = 0; i < N_ROWS; i++) {
		struct row *r = &tally->rows[i];
		uint32_t none = 0;

		if (atomic_compare_exchange_strong(&r->taken, &none, 1)) {
			keep(r->place, place, sizeof(r->place));
			atomic_store(&r->taken, 2);
			return r;
		}
		while (atomic_load(&r->taken) != 2)
			;
		if (!strcmp(r->place, place))
			return r;
	}
	return &tally->rows[N_ROWS - 1];
}

/* The value of "id=" in a target, "" when there is none. */
static void id_in(const char *target, size_t n_target, char id[NAME])
{
	const char *from = memmem(target, n_target, "id=", 3);
	size_t n = 0;

	while (from && n < NAME - 1 && from + 3 + n < target + n_target && from[3 + n] != '&') {
		id[n] = from[3 + n];
		n++;
	}
	id[n] = 0;
}

static void id_of(const struct rp_request *r, char id[NAME])
{
	id_in(r->target, r->n_target, id);
}

void late_id_of(uint32_t slot, char id[LATE_ID])
{
	id_of(&rp_requests[slot], id);
}

static bool is_served(const char *id)
{
	for (unsigned i = 0; i < RP_MAX_REQUESTS; i++) {
		struct rp_request *r = &rp_requests[i];
		char served[NAME];

		if (atomic_load(&r->state) != RP_REQUEST_LIVE)
			continue;
		id_of(r, served);
		if (!strcmp(id, served))
			return true;
	}
	return false;
}

static void tell_wrong(const char *place, const char *truth, const char *belief)
{
	struct wrong *w = &tally->wrongs[atomic_fetch_add(&tally->n_wrongs, 1) % N_WRONGS];

	keep(w->place, place, NAME);
	keep(w->truth, truth, NAME);
	keep(w->belief, belief, NAME);
}

static enum verdict judge(const char *truth, const char *place)
{
	const struct rp_self *s = &rp_self;
	bool elsewhere = rp_coroutine_is_left(s, (uint64_t)(uintptr_t)__builtin_frame_address(0));
	char belief[NAME] = "";

	if (!elsewhere && s->armed == RP_ARMED && rp_request_lives(s->request, s->serial) &&
	    !rp_turn_is_over(s, rp_mono_ns()))
		id_of(&rp_requests[s->request], belief);
	if (!elsewhere && s->armed == RP_ARMED_LIGHT && rp_request_lives(s->request, s->serial) &&
	    !rp_turn_is_over(s, rp_mono_ns()))
		id_in(rp_book_of(s->request)->text + rp_book_of(s->request)->target_at,
		      rp_book_of(s->request)->n_target, belief);
	if (*belief && strcmp(belief, truth)) {
		tell_wrong(place, truth, belief);
		return WRONG;
	}
	if (*belief)
		return *truth == 'f' && s->armed == RP_ARMED ? RIGHT : OWN;
	return *truth != 'f' ? PLAIN : is_served(truth) ? NONE : LATE;
}

/* True when PATH is a beacon. */
static bool beacon(const char *path)
{
	const char *from = path && tally ? strstr(path, "/gt/") : NULL;
	char id[NAME], place[NAME];
	size_t n;

	if (!from)
		return false;
	from += 4;
	n = strcspn(from, "/");
	if (n >= NAME || !from[n])
		return true;
	memcpy(id, from, n);
	id[n] = 0;
	keep(place, from + n + 1, NAME);
	enum verdict v = judge(id, place);

	atomic_fetch_add(&row_of(place)->n[v], 1);
	if (v == NONE || v == PLAIN || v == LATE)
		late_met(id);
	return true;
}

/* A beacon is a path that does not exist. */
static long ask(const char *path, long nr, long a, long b, long c, long d)
{
	long ret = beacon(path) ? -ENOENT : rp_sys(nr, a, b, c, d);

	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

#define BEACON __attribute__((visibility("default")))

BEACON int access(const char *path, int mode)
{
	return (int)ask(path, SYS_faccessat, AT_FDCWD, (long)path, mode, 0);
}

static int look(const char *path, void *st, int flags)
{
	return (int)ask(path, SYS_newfstatat, AT_FDCWD, (long)path, (long)st, flags);
}

BEACON int stat(const char *restrict path, struct stat *restrict st)
{
	return look(path, st, 0);
}

BEACON int stat64(const char *restrict path, struct stat64 *restrict st)
{
	return look(path, st, 0);
}
