/* jitdump.c - jit-PID.dump, as runtimes write it for "perf inject --jit": code that was loaded and
 * moved, each with its moment.
 *
 * Room: cold.  Part of jitnames_parts.h.  Read forwards, head by head: most of it is the code
 * itself, which nobody needs here.
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include "preload/cold/jitnames_parts.h"
#include "preload/hot/sys.h"

enum {
	WINDOW_BYTES = 64 << 10,
	MAX_HITS = 1024,
	MAGIC = 0x4a695444, /* "JiTD" as a number of this machine */
	FLAG_ARCH_TIME = 1, /* its moments are ticks of the processor */
	CODE_LOAD = 0,
	CODE_MOVE = 1,
};

struct file_head {
	uint32_t magic, version, size, machine, reserved, pid;
	uint64_t at_ns, flags;
};

struct record_head {
	uint32_t id, size;
	uint64_t at_ns;
};

struct load {
	struct record_head head;
	uint32_t pid, tid;
	uint64_t vma, begin, size, index; /* then the name, terminated, and the code */
};

struct move {
	struct record_head head;
	uint32_t pid, tid;
	uint64_t vma, old_begin, begin, size, index;
};

/* Code at addresses that were met. */
struct hit {
	uint64_t begin, size, since_ns, until_ns, index;
	uint64_t record_at, name_at; /* name_at 0: moved here, its name stands with the load */
};

struct dump {
	struct rp_jitnames *j;
	int fd;
	bool timed;
	uint64_t size, window_at;
	size_t n_window;
	uint32_t n_hits;
	struct hit hits[MAX_HITS];
	char window[WINDOW_BYTES];
};

/* N bytes (less at the end of the file: *GOT) at AT; valid until the next call. */
static const char *peek(struct dump *d, uint64_t at, size_t n, size_t *got)
{
	if (at < d->window_at || at + n > d->window_at + d->n_window) {
		long more = rp_sys(SYS_pread64, d->fd, d->window, sizeof(d->window), at);

		d->window_at = at;
		d->n_window = more > 0 && rp_jitnames_may_go_on(d->j) ? (size_t)more : 0;
	}
	size_t left = d->n_window - (size_t)(at - d->window_at);

	*got = left < n ? left : n;
	return d->window + (at - d->window_at);
}

static bool take(struct dump *d, uint64_t at, void *out, size_t n)
{
	size_t got;
	const char *bytes = peek(d, at, n, &got);

	if (got < n)
		return false;
	memcpy(out, bytes, n);
	return true;
}

static void add_hit(struct dump *d, const struct hit *hit)
{
	if (rp_jitnames_first(d->j, hit->begin, hit->size) == d->j->n)
		return;
	if (d->n_hits == MAX_HITS)
		d->j->cut = true;
	else
		d->hits[d->n_hits++] = *hit;
}

static void take_load(struct dump *d, uint64_t at)
{
	struct load load;

	if (!take(d, at, &load, sizeof(load)))
		return;
	add_hit(d, &(struct hit){.begin = load.begin,
	                         .size = load.size,
	                         .since_ns = d->timed ? load.head.at_ns : RP_NEVER,
	                         .until_ns = RP_NEVER,
	                         .index = load.index,
	                         .record_at = at,
	                         .name_at = at + sizeof(load)});
}

static void take_move(struct dump *d, uint64_t at)
{
	struct move move;

	if (!take(d, at, &move, sizeof(move)))
		return;
	for (uint32_t i = 0; d->timed && i < d->n_hits; i++)
		if (d->hits[i].index == move.index && d->hits[i].begin == move.old_begin &&
		    d->hits[i].until_ns == RP_NEVER)
			d->hits[i].until_ns = move.head.at_ns;
	add_hit(d, &(struct hit){.begin = move.begin,
	                         .size = move.size,
	                         .since_ns = d->timed ? move.head.at_ns : RP_NEVER,
	                         .until_ns = RP_NEVER,
	                         .index = move.index,
	                         .record_at = at});
}

/* The name of moved code: that of the last load of its index before. */
static void take_name(struct dump *d, uint64_t at)
{
	struct load load;

	if (!take(d, at, &load, sizeof(load)))
		return;
	for (uint32_t i = 0; i < d->n_hits; i++)
		if (d->hits[i].index == load.index && at < d->hits[i].record_at &&
		    d->hits[i].name_at < d->hits[i].record_at)
			d->hits[i].name_at = at + sizeof(load);
}

/* Calls LOAD and MOVE (or not) on each record. */
static void walk(struct dump *d, uint64_t at, void (*load)(struct dump *, uint64_t),
                 void (*move)(struct dump *, uint64_t))
{
	const uint64_t most = (uint64_t)RP_MAP_BYTES * 4;
	struct record_head head;

	while (at < most && take(d, at, &head, sizeof(head)) && head.size >= sizeof(head)) {
		if (at + head.size > d->size)
			return; /* still being written */
		if (head.id == CODE_LOAD && head.size > sizeof(struct load))
			load(d, at);
		else if (head.id == CODE_MOVE && head.size >= sizeof(struct move) && move)
			move(d, at);
		at += head.size;
	}
	d->j->cut |= at >= most;
}

static bool lacks_name(const struct dump *d)
{
	for (uint32_t i = 0; i < d->n_hits; i++)
		if (!d->hits[i].name_at)
			return true;
	return false;
}

/* The newest first, as FORMAT.md 4.16 wants it. */
static void put_hits(struct dump *d)
{
	for (uint32_t i = d->n_hits; i-- > 0 && !d->j->full;) {
		const struct hit *h = &d->hits[i];
		struct rp_rec_code code = {h->begin, h->size, h->since_ns, h->until_ns, {0}};
		size_t n;

		if (!h->name_at)
			continue;
		code.name.at = peek(d, h->name_at, RP_CODE_NAME_BYTES, &n);
		code.name.n = strnlen(code.name.at, n);
		if (code.name.n)
			rp_jitnames_code(d->j, &code);
	}
}

void rp_jitdump_read(struct rp_jitnames *j, int fd, uint64_t size, uint64_t now_ns)
{
	static struct dump d; /* of our only thread */
	struct file_head head;
	struct record_head first;

	d.j = j;
	d.fd = fd;
	d.size = size;
	d.window_at = d.n_window = d.n_hits = 0;
	if (!take(&d, 0, &head, sizeof(head)) || head.magic != MAGIC || head.size < sizeof(head))
		return;
	/* Moments that are not of our clock say nothing: then the last entry is right.  The head's
	 * own is not asked: V8 puts microseconds of the wall clock there. */
	d.timed = !(head.flags & FLAG_ARCH_TIME) && take(&d, head.size, &first, sizeof(first)) &&
	          first.at_ns <= now_ns;
	walk(&d, head.size, take_load, take_move);
	if (lacks_name(&d))
		walk(&d, head.size, take_name, NULL);
	put_hits(&d);
}
