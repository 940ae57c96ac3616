/* stack_walker.h - what the parts of a walk share; inside of stack.
 *
 * Room: hot.  stack.c goes by rows, stack_known.c by what they said before, stack_chain.c by frame
 * pointers; stack_code.c looks at code, stack_<machine>.c knows registers and instructions.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_STACK_WALKER_H
#define RP_HOT_STACK_WALKER_H

#include "preload/hot/stack.h"
#include "preload/hot/standing.h"
#include "store/records.h"

enum { RP_GO_ON = RP_N_STOPS }; /* instead of an enum rp_stack_stop */

/* The walk reads other functions' frames: what a sanitizer calls poisoned is its business. */
#define RP_READS_STACK __attribute__((no_sanitize("address")))
typedef uint64_t __attribute__((aligned(1), may_alias)) rp_loose_u64;

struct rp_walker {
	const struct rp_tables *tables;
	struct rp_window window;
	struct rp_regs at;
	const struct rp_module_rows *sure; /* the last that was found standing */
	bool bp_lost, bx_lost;
	bool bp_doubtful; /* probably the caller's; where it leads to must be behind a call */
};

/* Probes on until END can be read, as far as the window may reach. */
bool rp_walker_grow(struct rp_window *window, uint64_t end);

RP_READS_STACK static inline bool rp_walker_load(struct rp_window *window, uint64_t addr,
                                                 uint64_t *value)
{
	if (addr < window->lo || addr > UINT64_MAX - 8)
		return false;
	if (addr + 8 > window->hi && !rp_walker_grow(window, addr + 8))
		return false;
	*value = *(const rp_loose_u64 *)(uintptr_t)(addr + (uint64_t)window->delta);
	return true;
}

/* May rows and code of MODULE be believed, which the set has at PC?  A stack that was copied is
 * walked with a set that fits it. */
static inline bool rp_walker_sure(const struct rp_walker *w, const struct rp_module_rows *module,
                                  uint64_t pc)
{
	return module->fixed || module == w->sure || w->window.delta ||
	       rp_standing(w->tables, module, pc);
}

/* Why ADDR could not be read. */
static inline unsigned rp_walker_stop_of_read(const struct rp_walker *w, uint64_t addr)
{
	return w->window.delta && addr >= w->window.lo ? RP_STOP_COPY_SHORT : RP_STOP_BOUNDS;
}

/* The caller is at PC with SP; nothing is known of its other registers but bp and bx. */
static inline void rp_walker_leave(struct rp_walker *w, uint64_t pc, uint64_t sp)
{
	w->at.pc = pc;
	w->at.sp = sp;
	w->at.exact = false;
	w->at.gpr_known = 0;
}

/* Outwards as long as frames are known, into WALK; the last one is not left.  For frames that are
 * not exact, with rbp known and not doubtful, where the set has KNOWN. */
void rp_known_run(struct rp_walker *w, struct rp_walk *walk);

/* The frame that was called before PC in MODULE was left by ROW. */
void rp_known_learn(const struct rp_tables *tables, const struct rp_module_rows *module,
                    const struct rp_row *row, uint64_t pc);

/* One frame outwards by frame pointers, through code that has no rows; WHY if that is not
 * certain. */
unsigned rp_chain_step(struct rp_walker *w, unsigned why);

/* The frame that was interrupted pushed what its rows do not tell: looks for its return address
 * beyond RA_AT, where RA is none.  RP_STOP_RULE if that is not certain. */
unsigned rp_chain_repair(struct rp_walker *w, uint64_t ra_at, uint64_t ra);

/* What WORD could be if it were a return address. */
enum rp_code {
	RP_CODE_NOT,     /* anything else */
	RP_CODE_CALLED,  /* in a module, behind a call */
	RP_CODE_MADE,    /* in code made at run time: interpreters return to where nothing calls */
	RP_CODE_STRANGE, /* memory that the set knows nothing of */
};
enum rp_code rp_code_at(const struct rp_walker *w, uint64_t word);

/* Is the instruction before ADDR a call?  Looks also at code made at run time. */
bool rp_code_behind_call(const struct rp_walker *w, uint64_t addr);

/* May there be code of MODULE at ADDR, which is inside of it? */
bool rp_code_in_text(const struct rp_walker *w, const struct rp_module_rows *module, uint64_t addr);

/* Does the function around PC have a frame pointer, SIZE bytes above its stack pointer?  False: it
 * is not certain. */
bool rp_code_has_frame(const struct rp_tables *tables, uint64_t pc, uint64_t size);

/* N bytes of code at ADDR, which another thread may be taking away; false: not there. */
bool rp_code_peek(uint64_t addr, void *bytes, unsigned n);

/* The machine's part.  CODE has RP_CODE_BACK bytes before what it points to, and RP_CODE_ON. */
enum { RP_CODE_BACK = 8, RP_CODE_ON = 24, RP_CODE_NOWHERE = -1 };

/* What is before ADDR in MODULE: where it is, or, where that may go meanwhile, in ROOM; ADDR is at
 * what is returned.  NULL: it is not there. */
const uint8_t *rp_code_before(const struct rp_walker *w, const struct rp_module_rows *module,
                              uint64_t addr, uint8_t room[RP_CODE_BACK]);

/* A return address without its signature. */
uint64_t rp_machine_strip(uint64_t ra);

/* Does a call end at CODE?  Where does it go, if that is written in it (0: no)? */
bool rp_machine_call_ends(const uint8_t *code);
uint64_t rp_machine_call_target(const uint8_t *code, uint64_t addr);

/* Where the jump at CODE leads; PC itself when it is none. */
uint64_t rp_machine_jump(const uint8_t *code, uint64_t pc);

/* Looks back from CODE to FIRST (32-aligned) for where its function sets up a frame pointer; the
 * last RP_PROLOGUE_BYTES are only looked into.  SIZED: for a frame of SIZE bytes. */
enum { RP_PROLOGUE_BYTES = 16 };
enum rp_prologue { RP_PROLOGUE_FARTHER, RP_PROLOGUE_NOT, RP_PROLOGUE_THERE, RP_PROLOGUE_SIZED };
enum rp_prologue rp_machine_prologue(const uint8_t *first, const uint8_t *code, uint64_t size);

/* What the instruction at CODE takes the frame pointer for: the stack pointer's value, that of a
 * local variable, or nothing that one could tell. */
enum rp_uses { RP_USES_NOT, RP_USES_LOCAL, RP_USES_ALL };
enum rp_uses rp_machine_uses_frame(const uint8_t *code);

/* Bytes from the stack pointer to the return address of a function interrupted at CODE, where it
 * has no frame yet or any more; RP_CODE_NOWHERE: it may have one. */
int rp_machine_frameless(const uint8_t *code);

/* The return address of the frame with CFA by ROW, RP_GO_ON or why not; *AT: where it was. */
#if defined(__x86_64__) /* for every frame: worth being inline */
static inline unsigned rp_machine_return(struct rp_walker *w, const struct rp_row *row,
                                         uint64_t cfa, uint64_t *ra, uint64_t *at)
{
	(void)row;
	if (cfa < w->at.sp + 8 || cfa < 8) /* stacks only shrink towards their callers */
		return RP_STOP_BOUNDS;
	*at = cfa - 8;
	return rp_walker_load(&w->window, *at, ra) ? RP_GO_ON : rp_walker_stop_of_read(w, *at);
}
#else
unsigned rp_machine_return(struct rp_walker *w, const struct rp_row *row, uint64_t cfa,
                           uint64_t *ra, uint64_t *at);

#endif

#endif
