/* fiber.c - see fiber.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/fiber.h"

#include <signal.h>
#include <stdatomic.h>
#include "preload/hot/capture.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/request.h"
#include "preload/hot/stack.h"
#include "preload/hot/sys.h"
#include "preload/hot/tables.h"
#include "preload/hot/turn.h"

/* So many answers in a row that were given on the stack where their request was read, while others
 * were read in between.  NEVER: one was not. */
enum { SHOWN = 16, NEVER = -1 };
enum { ELSEWHERE = 1 }; /* no root */
enum { PAGE = 4096 };
static _Atomic int shown;
static _Atomic uint32_t heads; /* that fibers have read */
static _Atomic uint32_t taken; /* requests that they took */

static bool is_believed(void)
{
	return atomic_load_explicit(&shown, memory_order_relaxed) >= SHOWN;
}

void rp_fiber_disbelieve(void)
{
	atomic_store(&shown, NEVER);
}

static bool is_on_alternate_stack(void)
{
	stack_t at = {.ss_flags = 0};

	return rp_sys(SYS_sigaltstack, 0, &at) == 0 && at.ss_flags & SS_ONSTACK;
}

bool rp_fiber_looks(struct rp_self *s, uint64_t here)
{
	if (!s->coroutine.found && rp_coroutine_is_at(s, here))
		return false;
	if (here / PAGE == s->coroutine.away_page)
		return true;
	rp_capture_bounds(s);
	if (here - s->stack_lo < s->stack_hi - s->stack_lo || is_on_alternate_stack())
		return false;
	s->coroutine.away_page = here / PAGE;
	return true;
}

/* Where the walk from REGS outwards ends; 0: not known. */
static uint64_t root_of(const struct rp_regs *regs)
{
	const struct rp_tables *tables = rp_tables_take();
	struct rp_window window;
	uint64_t root = 0;

	if (tables) {
		rp_window_live(&window, regs->sp, 0, 0);
		root = rp_stack_root(tables, regs, &window);
	}
	rp_tables_give();
	return root;
}

/* The same from here; *LO: this stack is in use down to there. */
static __attribute__((noinline)) uint64_t root_here(uint64_t *lo)
{
	volatile char room[1024]; /* for what is called here by who called this */
	struct rp_regs regs;

	room[0] = 0;
	*lo = (uint64_t)(uintptr_t)room;
	rp_regs_here(&regs);
	return root_of(&regs);
}

bool rp_fiber_looks_elsewhere(void)
{
	struct rp_self *s = &rp_self;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0), lo;

	if (here >= s->coroutine.hi || !rp_fiber_is_away() || root_here(&lo) != s->coroutine.hi)
		return true;
	s->coroutine.lo = lo;
	return false;
}

/* Who is alone has other stacks, too (generators, tasks); but what a loop's turn brings there else
 * is not its own. */
bool rp_fiber_has_left(void)
{
	uint32_t request = rp_self.request;

	return !(rp_request_is_alone(request) && rp_turn_leads(request)) && rp_fiber_is_elsewhere();
}

/* The handler runs on the stack that was interrupted. */
void rp_fiber_ticks(struct rp_self *s, const void *context)
{
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	struct rp_regs regs;

	if (!s->coroutine.own || !s->coroutine.found)
		return;
	rp_regs_from_context(&regs, context);
	if (here < s->coroutine.lo && regs.sp < s->coroutine.hi &&
	    (rp_coroutine_is_at(s, regs.sp) || root_of(&regs) == s->coroutine.hi))
		s->coroutine.lo = here;
}

/* A fiber that waits for events is the loop as long as no other one reads requests: where they do,
 * each may wait for all. */
bool rp_fiber_is_guest(void)
{
	struct rp_self *s = &rp_self;
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0), lo;

	if (!rp_fiber_is_away())
		return false;
	if (!s->coroutine.loop_root || atomic_load_explicit(&heads, memory_order_relaxed))
		return true;
	if (here - s->coroutine.loop_lo < s->coroutine.loop_root - s->coroutine.loop_lo)
		return false;
	if (here > s->coroutine.loop_root || root_here(&lo) != s->coroutine.loop_root)
		return true;
	s->coroutine.loop_lo = lo;
	return false;
}

bool rp_fiber_is_anybodys(bool loop)
{
	return (loop || atomic_load_explicit(&heads, memory_order_relaxed)) && rp_fiber_is_guest();
}

void rp_fiber_loops(struct rp_self *s)
{
	uint64_t lo;

	if (rp_fiber_is_guest()) {
		s->coroutine.loop_root = root_here(&lo);
		s->coroutine.loop_lo = lo;
	}
}

static bool may_take(struct rp_self *s, uint32_t request, uint64_t root)
{
	bool believed = root && is_believed();

	s->lone = !believed && rp_request_is_alone(request);
	return believed || s->lone;
}

static void is_here(struct rp_self *s, uint64_t lo, uint64_t root)
{
	s->coroutine.lo = root ? lo : 0;
	s->coroutine.hi = root;
	s->coroutine.found = root;
	s->coroutine.here_ns = rp_mono_ns();
}

bool rp_fiber_takes(struct rp_self *s, uint32_t request)
{
	uint64_t lo, root;

	rp_current_leave(); /* of another one, or of this for another reason */
	root = root_here(&lo);
	is_here(s, lo, root);
	return may_take(s, request, root);
}

void rp_fiber_has_taken(const struct rp_self *s)
{
	struct rp_handoff h = {.request = s->request,
	                       .serial = s->serial,
	                       .by = RP_BY_COROUTINE,
	                       .queue = s->queue,
	                       .tid = s->tid,
	                       .at_ns = s->coroutine.here_ns};

	rp_coroutine_keeps((const void *)(uintptr_t)s->coroutine.hi, &h);
	atomic_fetch_add_explicit(&taken, 1, memory_order_relaxed);
}

/* Looked up before: this stack, or one that lay there, worked for nobody. */
static bool is_known(const struct rp_self *s, uint64_t here)
{
	return here - s->coroutine.idle_lo < s->coroutine.idle_hi - s->coroutine.idle_lo &&
	       s->coroutine.idle_taken == atomic_load_explicit(&taken, memory_order_relaxed);
}

static void go_on(struct rp_self *s)
{
	uint64_t here = (uint64_t)(uintptr_t)__builtin_frame_address(0), lo, root;
	uint32_t now = atomic_load_explicit(&taken, memory_order_relaxed);
	struct rp_handoff h;

	if (is_known(s, here))
		return;
	root = root_here(&lo);
	if (root && rp_coroutine_kept((const void *)(uintptr_t)root, &h)) {
		if (may_take(s, h.request, root)) {
			is_here(s, lo, root);
			rp_current_go_on(&h);
		}
		return;
	}
	s->coroutine.idle_lo = root ? lo : 0;
	s->coroutine.idle_hi = root;
	s->coroutine.idle_taken = now;
}

void rp_fiber_comes(void)
{
	struct rp_self *s = &rp_self;

	if (s->ours || s->moving || s->wait || rp_current_is_told(s))
		return;
	if (rp_unlikely(s->armed) && rp_fiber_is_left())
		rp_current_leave();
	if (!s->armed && atomic_load_explicit(&taken, memory_order_relaxed) && rp_fiber_is_guest())
		go_on(s);
}

void rp_fiber_forgets(void)
{
	uint64_t lo, root;

	if (!atomic_load_explicit(&taken, memory_order_relaxed) || !rp_fiber_is_guest())
		return;
	root = root_here(&lo);
	if (root)
		rp_coroutine_keeps((const void *)(uintptr_t)root, &(struct rp_handoff){0});
}

void rp_fiber_has_read(struct rp_fiber_read *read, uint32_t run)
{
	uint64_t lo;

	if (read->root && read->run == run)
		return;
	read->root = rp_fiber_is_guest() ? root_here(&lo) : 0;
	read->run = run;
	if (read->root)
		read->heads = 1 + atomic_fetch_add_explicit(&heads, 1, memory_order_relaxed);
}

void rp_fiber_answers(struct rp_fiber_read *read, uint32_t run)
{
	uint64_t lo, root;
	int n = atomic_load(&shown);
	bool crowded = read->heads != atomic_load_explicit(&heads, memory_order_relaxed);

	if (!read->root || read->run != run || n == NEVER)
		return;
	root = rp_fiber_is_guest() ? root_here(&lo) : ELSEWHERE;
	if (root && root != read->root)
		rp_fiber_disbelieve();
	else if (root && crowded && n < SHOWN)
		atomic_compare_exchange_strong(&shown, &n, n + 1);
	read->root = 0;
}
