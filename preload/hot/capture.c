/* capture.c - see capture.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/capture.h"

#include <string.h>
#include "preload/hot/unwinder.h"
#include "preload/real.h"
#include "preload/settings.h"

enum { PAGE = 4096, MAX_PROBES = 2048 };

/* Scratch by track, not on the stack: the handler must stay small. */
static uint64_t scratch[RP_MAX_TRACKS][2][RP_MAX_FRAMES];
static uint8_t exact[RP_MAX_TRACKS][2][RP_MAX_FRAMES];

extern void *__libc_stack_end;

/* The end of the thread's stack: glibc puts the thread's control block at its top; the first
 * thread's is where the loader found it. */
static uint64_t stack_top(uint64_t sp)
{
	uint64_t tcb = (uint64_t)(uintptr_t)__builtin_thread_pointer();
	uint64_t first = (uint64_t)(uintptr_t)__libc_stack_end;
	uint64_t reach = (uint64_t)MAX_PROBES * PAGE;

	if (sp < first && first - sp < reach)
		return first;
	return sp < tcb && tcb - sp < reach ? tcb : 0;
}

void rp_capture_bounds(struct rp_self *s)
{
	uint64_t sp = (uint64_t)(uintptr_t)__builtin_frame_address(0) & ~(PAGE - 1ull);
	uint64_t top = stack_top(sp);

	if (sp >= s->stack_lo && sp < s->stack_hi)
		return;
	if (!top) /* another stack: a coroutine's, an alternate one */
		return;
	uint64_t upto = s->stack_hi == top && sp < s->stack_lo ? s->stack_lo : top;

	for (uint64_t page = sp; page < upto; page += PAGE)
		if (!rp_stack_readable(page))
			return;
	s->stack_lo = sp;
	s->stack_hi = top;
}

static bool push_copy(struct rp_self *s, enum rp_note_kind kind, const void *head, size_t n_head,
                      struct rp_note_stack *note, const struct rp_window *w)
{
	char both[sizeof(struct rp_note_wait) + sizeof(*note)];

	note->n = 0;
	note->unloads = atomic_load(&rp_tables_unloads);
	note->sp_lo = w->lo;
	note->n_copy = (uint32_t)(w->hi - w->lo < RP_COPY_BYTES ? w->hi - w->lo : RP_COPY_BYTES);
	memcpy(both, head, n_head);
	memcpy(both + n_head, note, sizeof(*note));
	return rp_track_push(s->track, kind, both, n_head + sizeof(*note),
	                     (const void *)(uintptr_t)w->lo, note->n_copy, NULL, 0);
}

/* The walk met code that was loaded after TABLES was made.  A set that knows it is soon there, and
 * what is copied now can be walked then, unless something is being unloaded. */
static bool is_worth_copying(const struct rp_self *s, const struct rp_walk *walk)
{
	if (walk->stop != RP_STOP_UNKNOWN_PC || !atomic_load(&rp_tables_stale))
		return false;
	rp_tables_want();
	return !rp_tables_going() && rp_track_is_roomy(s->track);
}

static void walk_by(const struct rp_tables *tables, const struct rp_regs *regs,
                    const struct rp_window *window, struct rp_walk *walk,
                    struct rp_note_stack *note, unsigned room)
{
	note->generation = tables->generation;
	note->subs = tables->subs;
	note->walker =
	        rp_tables_fresh(tables) && rp_unwinder_walk(tables, regs, window, walk, room);
	if (!note->walker)
		rp_stack_walk(tables, regs, window, walk);
}

bool rp_capture_push(struct rp_self *s, enum rp_note_kind kind, const void *head, size_t n_head,
                     const struct rp_regs *regs, enum rp_capture_by by)
{
	unsigned track = (unsigned)(s->track - rp_tracks);
	struct rp_walk walk = {.pc = scratch[track][by],
	                       .exact = exact[track][by],
	                       .cap = (uint32_t)rp_settings.max_frames};
	struct rp_note_stack note = {.pc = regs->pc,
	                             .sp = regs->sp,
	                             .bp = regs->bp,
	                             .bx = regs->bx,
	                             .exact = regs->exact};
	struct rp_window window;
	const struct rp_tables *tables = rp_tables_take();

	if (rp_unlikely(regs->sp < s->stack_lo))
		rp_capture_bounds(s);
	rp_window_live(&window, regs->sp, s->stack_lo, s->stack_hi);
	if (tables)
		walk_by(tables, regs, &window, &walk, &note, 2 * track + by);
	rp_tables_give();
	if (!tables)
		return push_copy(s, kind, head, n_head, &note, &window);
	if (rp_unlikely(is_worth_copying(s, &walk)) &&
	    push_copy(s, kind, head, n_head, &note, &window))
		return true;
	note.n = walk.n;
	note.stop = walk.stop;
	note.n_copy = 0;
	for (uint32_t i = 0; i < walk.n; i++)
		if (walk.exact[i])
			walk.pc[i] |= RP_PC_EXACT;
	return rp_track_push(s->track, kind, head, n_head, &note, sizeof(note), walk.pc,
	                     walk.n * sizeof(*walk.pc));
}

void rp_capture_into(struct rp_self *s, const struct rp_regs *regs, struct rp_note_stack *stack,
                     uint64_t *pc, uint32_t cap)
{
	uint8_t marks[RP_INTO_FRAMES];
	struct rp_walk walk = {.pc = pc, .exact = marks, .cap = cap};
	const struct rp_tables *tables = rp_tables_take();
	struct rp_window window;

	memset(stack, 0, sizeof(*stack));
	if (tables && cap <= RP_INTO_FRAMES) {
		if (regs->sp < s->stack_lo || regs->sp >= s->stack_hi)
			rp_capture_bounds(s);
		rp_window_live(&window, regs->sp, s->stack_lo, s->stack_hi);
		stack->generation = tables->generation;
		rp_stack_walk(tables, regs, &window, &walk);
		stack->n = walk.n;
		stack->stop = walk.stop;
		for (uint32_t i = 0; i < walk.n; i++)
			if (marks[i])
				pc[i] |= RP_PC_EXACT;
	}
	rp_tables_give();
}
