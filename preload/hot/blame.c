/* blame.c - see blame.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/blame.h"

#include <string.h>
#include "preload/hot/capture.h"
#include "preload/hot/request.h"
#include "preload/hot/sys.h"
#include "preload/real.h"

/* A box is its waiter's but while the holder is FILLING it; a waiter that cannot await that end
 * (its time ran out) marks it LEFT, and the holder frees it. */
enum { FREE, WAITING, FILLING, FILLED, LEFT };

struct box {
	_Atomic uint32_t state;
	uint32_t holder;
	const void *lock;
	struct rp_note_stack stack; /* n 0: none */
	uint64_t pc[RP_BLAME_FRAMES];
};

_Atomic uint32_t rp_blame_waiting;
bool rp_blame_works;

static struct box boxes[RP_MAX_BLAMES];

/* Bits of __kind, from glibc's pthreadP.h. */
enum { KIND_TYPE = 3, KIND_SHARED = 128 };

static uint32_t owner_of(const pthread_mutex_t *m)
{
	return (uint32_t)__atomic_load_n(&m->__data.__owner, __ATOMIC_RELAXED);
}

static uint32_t writer_of(const pthread_rwlock_t *l)
{
	return (uint32_t)__atomic_load_n(&l->__data.__cur_writer, __ATOMIC_RELAXED);
}

/* glibc's __readers: bit 0 says that writers have their turn, the count begins at bit 3. */
static bool has_readers(const pthread_rwlock_t *l)
{
	uint32_t word = __atomic_load_n(&l->__data.__readers, __ATOMIC_RELAXED);

	return !(word & 1) && word >> 3;
}

static uint32_t tid_of(struct rp_self *s)
{
	return s->tid ? s->tid : (uint32_t)rp_sys(SYS_gettid, 0);
}

static bool mutex_is_known(uint32_t tid)
{
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER,
	                twice = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;
	bool known = owner_of(&m) == 0 && twice.__data.__kind == PTHREAD_MUTEX_RECURSIVE_NP;

	rp_real.pthread_mutex_lock(&m);
	known = known && owner_of(&m) == tid;
	rp_real.pthread_mutex_unlock(&m);
	known = known && owner_of(&m) == 0;
	rp_real.pthread_mutex_lock(&twice);
	rp_real.pthread_mutex_lock(&twice);
	known = known && owner_of(&twice) == tid && twice.__data.__count == 2;
	rp_real.pthread_mutex_unlock(&twice);
	known = known && owner_of(&twice) == tid && twice.__data.__count == 1;
	rp_real.pthread_mutex_unlock(&twice);
	return known && owner_of(&twice) == 0;
}

static bool rwlock_is_known(uint32_t tid)
{
	pthread_rwlock_t l = PTHREAD_RWLOCK_INITIALIZER;
	bool known = writer_of(&l) == 0 && !has_readers(&l);

	rp_real.pthread_rwlock_wrlock(&l);
	known = known && writer_of(&l) == tid && !has_readers(&l);
	rp_real.pthread_rwlock_unlock(&l);
	known = known && writer_of(&l) == 0;
	rp_real.pthread_rwlock_rdlock(&l);
	known = known && writer_of(&l) == 0 && has_readers(&l);
	rp_real.pthread_rwlock_unlock(&l);
	return known && !has_readers(&l);
}

RP_EARLY void rp_blame_check(void)
{
	uint32_t tid = (uint32_t)rp_sys(SYS_gettid, 0);

	rp_blame_works = mutex_is_known(tid) && rwlock_is_known(tid);
}

/* The session that thread TID works for now, by its number; 0: none, or not for certain. */
static uint32_t session_of(uint32_t tid)
{
	for (unsigned i = 0; i < RP_MAX_TRACKS; i++) {
		struct rp_track *t = &rp_tracks[i];
		uint32_t request = __atomic_load_n(&t->request, __ATOMIC_ACQUIRE);

		if (!request || t->tid != tid || atomic_load(&t->state) != RP_TRACK_OPEN)
			continue;
		uint32_t serial = t->serial, seq = rp_requests[request - 1].seq;

		if (rp_request_lives(request - 1, serial) &&
		    __atomic_load_n(&t->request, __ATOMIC_ACQUIRE) == request && t->tid == tid)
			return seq;
	}
	return 0;
}

/* One waiter more looks for HOLDER to let LOCK go. */
static uint32_t put_up_box(const void *lock, uint32_t holder)
{
	for (unsigned i = 0; i < RP_MAX_BLAMES; i++) {
		uint32_t none = FREE;

		if (atomic_load_explicit(&boxes[i].state, memory_order_relaxed) != FREE ||
		    !atomic_compare_exchange_strong(&boxes[i].state, &none, LEFT))
			continue;
		boxes[i].lock = lock;
		boxes[i].holder = holder;
		boxes[i].stack.n = 0;
		atomic_store_explicit(&boxes[i].state, WAITING, memory_order_release);
		atomic_fetch_add(&rp_blame_waiting, 1);
		return i + 1;
	}
	return 0;
}

static void take_down_box(uint32_t index)
{
	struct box *box = &boxes[index - 1];
	uint32_t state = atomic_load(&box->state);

	atomic_fetch_sub(&rp_blame_waiting, 1);
	while (!atomic_compare_exchange_weak(&box->state, &state, state == FILLING ? LEFT : FREE))
		;
}

void rp_blame_forget(struct rp_self *s)
{
	if (s->blame_box)
		take_down_box(s->blame_box);
	s->blame_box = 0;
}

static void begin(struct rp_blame *b, const void *lock, uint32_t holder)
{
	struct rp_self *s = &rp_self;

	*b = (struct rp_blame){.lock = lock, .how = RP_HELD_UNKNOWN};
	rp_blame_forget(s);
	if (!holder || holder == tid_of(s))
		return;
	b->how = RP_HELD_THREAD;
	b->tid = holder;
	b->seq = session_of(holder);
	b->box = s->blame_box = put_up_box(lock, holder);
}

static bool off(struct rp_blame *b, const void *lock)
{
	*b = (struct rp_blame){.lock = lock, .how = RP_HELD_NOT_ASKED};
	return !rp_blame_works || rp_self.armed != 1;
}

void rp_blame_mutex(struct rp_blame *b, const pthread_mutex_t *m)
{
	uint32_t holder;

	if (off(b, m))
		return;
	holder = owner_of(m);
	/* Shared between processes the number may be a thread of another one, or of another
	 * container: named only when it is one of ours. */
	if (holder && (m->__data.__kind & KIND_SHARED) &&
	    rp_sys(SYS_tgkill, rp_sys(SYS_getpid, 0), holder, 0) != 0)
		holder = 0;
	begin(b, m, holder);
}

void rp_blame_rwlock(struct rp_blame *b, const pthread_rwlock_t *l)
{
	uint32_t holder;

	if (off(b, l))
		return;
	holder = writer_of(l);
	if (l->__data.__shared && holder &&
	    rp_sys(SYS_tgkill, rp_sys(SYS_getpid, 0), holder, 0) != 0)
		holder = 0;
	begin(b, l, holder);
	if (!holder && has_readers(l))
		b->how = RP_HELD_READERS;
}

void rp_blame_end(struct rp_blame *b)
{
	if (b->box && rp_self.blame_box == b->box)
		rp_blame_forget(&rp_self);
	b->box = 0;
}

void rp_blame_tell(struct rp_self *s, const struct rp_blame *b, uint64_t at_ns)
{
	struct rp_note_held n = {.at_ns = at_ns, .how = b->how, .tid = b->tid, .seq = b->seq};
	struct rp_note_stack none = {0};
	struct box *box = b->box ? &boxes[b->box - 1] : NULL;

	if (b->how == RP_HELD_NOT_ASKED)
		return;
	if (box && atomic_load_explicit(&box->state, memory_order_acquire) == FILLED)
		rp_track_push(s->track, RP_NOTE_HELD, &n, sizeof(n), &box->stack,
		              sizeof(box->stack), box->pc, box->stack.n * sizeof(*box->pc));
	else
		rp_track_push(s->track, RP_NOTE_HELD, &n, sizeof(n), &none, sizeof(none), NULL, 0);
}

static __attribute__((noinline)) void released(const void *lock)
{
	struct rp_self *s = &rp_self;
	uint32_t tid = tid_of(s);
	struct rp_regs regs;

	if (s->ours)
		return;
	rp_regs_here(&regs);
	for (unsigned i = 0; i < RP_MAX_BLAMES; i++) {
		struct box *box = &boxes[i];
		uint32_t state = WAITING;

		if (atomic_load_explicit(&box->state, memory_order_acquire) != WAITING ||
		    box->lock != lock || box->holder != tid ||
		    !atomic_compare_exchange_strong(&box->state, &state, FILLING))
			continue;
		/* Taken down, and put up again by another waiter, just before it was ours? */
		bool mine = box->lock == lock && box->holder == tid;

		if (mine)
			rp_capture_into(s, &regs, &box->stack, box->pc, RP_BLAME_FRAMES);
		state = FILLING;
		if (!atomic_compare_exchange_strong(&box->state, &state, mine ? FILLED : WAITING))
			atomic_store_explicit(&box->state, FREE, memory_order_release);
	}
}

/* An inner unlock of a recursive mutex lets nothing go. */
void rp_blame_released(const pthread_mutex_t *m)
{
	if ((m->__data.__kind & KIND_TYPE) != PTHREAD_MUTEX_RECURSIVE_NP || m->__data.__count <= 1)
		released(m);
}

void rp_blame_released_rwlock(const pthread_rwlock_t *l)
{
	released(l);
}

RP_EARLY void rp_blame_forked(void)
{
	atomic_store(&rp_blame_waiting, 0);
	for (unsigned i = 0; i < RP_MAX_BLAMES; i++)
		if (atomic_load_explicit(&boxes[i].state, memory_order_relaxed) != FREE)
			atomic_store(&boxes[i].state, FREE);
	rp_self.blame_box = 0;
}
