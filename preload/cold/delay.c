/* delay.c - see delay.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/delay.h"

#include <fcntl.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"
#include "preload/place.h"

/* The three numbers of schedstat; arrivals: how often the thread came onto a CPU. */
struct schedstat {
	uint64_t ran_ns, delay_ns, arrivals;
};

struct watch {
	bool tried;
	int fd; /* -1: the thread has no such file; it may stay open when the track goes back */
	uint32_t tid; /* whose it is; 0: there is none */
	uint64_t first_at_ns, last_at_ns;
	struct schedstat first, last;
	uint64_t before_ns, since_ns; /* of the samples: up to the first look, after the last */
};

/* The first tracks are those that are used, mostly by the same threads: their files stay open. */
enum { N_KEPT = 8 };

static struct watch watches[RP_MAX_TRACKS];
static bool may_look;

static struct watch *watch_of(const struct rp_track *t)
{
	return &watches[t - rp_tracks];
}

RP_EARLY void rp_delay_reset(bool may_open)
{
	if (may_look) /* else it is as it was: a child of a fork has no pages more for it */
		memset(watches, 0, sizeof(watches));
	may_look = may_open;
}

static const char *number(const char *at, const char *end, uint64_t *value)
{
	*value = 0;
	while (at < end && *at == ' ')
		at++;
	while (at < end && *at >= '0' && *at <= '9')
		*value = *value * 10 + (uint64_t)(*at++ - '0');
	return at;
}

static bool read_stat(int fd, struct schedstat *s)
{
	char text[96];
	long n = fd < 0 ? -1 : rp_sys(SYS_pread64, fd, text, sizeof(text), 0);
	const char *at = text, *end = text + n;

	if (n <= 0)
		return false;
	at = number(at, end, &s->ran_ns);
	at = number(at, end, &s->delay_ns);
	number(at, end, &s->arrivals);
	return s->arrivals != 0;
}

static int open_stat(uint32_t tid)
{
	char path[64];
	struct rp_line l = {path, 0, sizeof(path) - 1};

	rp_line_text(&l, "/proc/self/task/");
	rp_line_number(&l, tid, 10);
	rp_line_text(&l, "/schedstat");
	path[l.n] = 0;
	return (int)rp_sys(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
}

static void forget_file(struct watch *w)
{
	if (w->tid && w->fd >= 0)
		rp_sys(SYS_close, w->fd);
	w->tid = 0;
}

static void open_again(struct watch *w, uint32_t tid)
{
	forget_file(w);
	w->fd = open_stat(tid);
	w->tid = tid;
}

/* The thread is in its segment, and so it was at whatever was read before this. */
static bool is_open(const struct rp_track *t)
{
	return atomic_load_explicit(&t->state, memory_order_acquire) == RP_TRACK_OPEN;
}

void rp_delay_look(const struct rp_track *t, bool again)
{
	struct watch *w = watch_of(t);
	struct schedstat now;

	if (!may_look || (w->tried && !again))
		return;
	if (!w->tried && w->tid != t->tid)
		open_again(w, t->tid);
	uint64_t at_ns = rp_mono_ns();
	bool known = read_stat(w->fd, &now);

	if (!known && !w->tried) { /* it was that of a thread that is gone, and had its number */
		open_again(w, t->tid);
		known = read_stat(w->fd, &now);
	}
	if (known && is_open(t)) {
		if (!w->tried) {
			w->first = now;
			w->first_at_ns = at_ns;
		}
		w->last = now;
		w->last_at_ns = at_ns;
		w->since_ns = 0;
	}
	w->tried = true;
}

void rp_delay_sample(const struct rp_track *t, uint64_t at_ns, uint64_t runq_ns)
{
	struct watch *w = watch_of(t);

	if (at_ns <= w->first_at_ns)
		w->before_ns += runq_ns;
	else if (at_ns > w->last_at_ns)
		w->since_ns += runq_ns;
}

/* A thread that came onto no CPU since the segment's end was delayed by nothing since: what is
 * read now is the number at the end.  Each arrival but the first follows a switch. */
uint64_t rp_delay_of(const struct rp_track *t, uint64_t switches)
{
	struct watch *w = watch_of(t);
	struct schedstat now;

	if (!w->first_at_ns)
		return 0;
	uint64_t sum_ns = w->before_ns + (w->last.delay_ns - w->first.delay_ns);

	if (switches && read_stat(w->fd, &now) && now.arrivals <= switches + 1)
		return sum_ns + (now.delay_ns - w->last.delay_ns);
	return sum_ns + w->since_ns;
}

void rp_delay_forget(const struct rp_track *t)
{
	struct watch *w = watch_of(t);

	if (w - watches >= N_KEPT)
		forget_file(w);
	*w = (struct watch){.fd = w->fd, .tid = w->tid};
}
