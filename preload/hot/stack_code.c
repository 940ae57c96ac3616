/* stack_code.c - looks at code: is this address behind a call?
 *
 * Room: hot.  Code of a module that stands is read as it is: who unloads waits for who walks.
 * Everything else is read through the kernel, since it may go at any moment.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/stack_walker.h"

#include <errno.h>
#include <sys/uio.h>
#include "preload/hot/sys.h"

enum { LOWEST = 65536, N_SEEN = 1024, GENERATION_SHIFT = 48 };
enum { PIECE_BYTES = 256, MOST_BYTES = 16384, NEXT_BYTES = 8 };
enum what { CALLED, HAS_FRAME, N_WHAT };
static const uint64_t HIGHEST = 1ull << 47;

/* Addresses in code made at run time of which it was true, with the set's generation. */
static _Atomic uint64_t seen[N_WHAT][N_SEEN];

/* rt_sigprocmask copies the set in before it looks at HOW: with a HOW that does not exist the
 * answer is EFAULT or EINVAL and nothing happens.  No descriptor, no handler of the host's. */
bool rp_stack_readable(uint64_t addr)
{
	return rp_sys(SYS_rt_sigprocmask, -1, addr, 0, 8) == -EINVAL;
}

bool rp_code_peek(uint64_t addr, void *bytes, unsigned n)
{
	struct iovec to = {.iov_base = bytes, .iov_len = n};
	struct iovec from = {.iov_base = (void *)(uintptr_t)addr, .iov_len = n};
	long self = rp_sys(SYS_gettid, 0);

	return rp_sys(SYS_process_vm_readv, self, &to, 1, &from, 1, 0) == (long)n;
}

static bool called_through_kernel(uint64_t addr)
{
	uint8_t bytes[RP_CODE_BACK];

	return rp_code_peek(addr - sizeof(bytes), bytes, sizeof(bytes)) &&
	       rp_machine_call_ends(bytes + sizeof(bytes));
}

/* What is found out about such code is asked for again with every tick, so a yes is remembered; a
 * no could become one, when other code is made there.  TAG: what else it depends on. */
static uint64_t memory_of(const struct rp_tables *tables, uint64_t addr, uint64_t tag)
{
	return addr | (tables->generation ^ tag * 0x9e37) << GENERATION_SHIFT;
}

static _Atomic uint64_t *slot_of(enum what what, uint64_t addr)
{
	return &seen[what][(addr ^ addr >> 10) % N_SEEN];
}

static bool called_in_made(const struct rp_tables *tables, uint64_t addr)
{
	_Atomic uint64_t *slot = slot_of(CALLED, addr);
	uint64_t memory = memory_of(tables, addr, 0);

	if (atomic_load_explicit(slot, memory_order_relaxed) == memory)
		return true;
	if (!called_through_kernel(addr))
		return false;
	atomic_store_explicit(slot, memory, memory_order_relaxed);
	return true;
}

static enum rp_prologue prologue_of(uint64_t pc, uint64_t size)
{
	uint8_t bytes[PIECE_BYTES + RP_PROLOGUE_BYTES];
	enum rp_prologue found = RP_PROLOGUE_FARTHER;

	for (uint64_t at = pc; found == RP_PROLOGUE_FARTHER && pc - at < MOST_BYTES;) {
		at = (at - 1) & ~(uint64_t)(PIECE_BYTES - 1); /* never across a page */
		unsigned n = (unsigned)(pc - at < sizeof(bytes) ? pc - at : sizeof(bytes));

		if (!rp_code_peek(at, bytes, n))
			return RP_PROLOGUE_NOT;
		found = rp_machine_prologue(bytes, bytes + n, size);
	}
	return found;
}

/* A prologue alone may be that of the function before. */
static bool uses_frame(uint64_t pc, uint64_t size)
{
	uint8_t next[NEXT_BYTES];
	enum rp_uses uses;

	if (!rp_code_peek(pc, next, sizeof(next)) ||
	    !rp_code_peek(rp_machine_jump(next, pc), next, sizeof(next)))
		return false;
	uses = rp_machine_uses_frame(next);
	if (uses == RP_USES_ALL)
		return true;
	return prologue_of(pc, size) >= (uses ? RP_PROLOGUE_THERE : RP_PROLOGUE_SIZED);
}

bool rp_code_has_frame(const struct rp_tables *tables, uint64_t pc, uint64_t size)
{
	_Atomic uint64_t *slot = slot_of(HAS_FRAME, pc);
	uint64_t memory = memory_of(tables, pc, size / 8);

	if (atomic_load_explicit(slot, memory_order_relaxed) == memory)
		return true;
	if (!uses_frame(pc, size))
		return false;
	atomic_store_explicit(slot, memory, memory_order_relaxed);
	return true;
}

bool rp_code_in_text(const struct rp_walker *w, const struct rp_module_rows *module, uint64_t addr)
{
	if (module->text_hi > module->text_lo)
		return addr >= module->text_lo && addr < module->text_hi;
	return w->tables->n_maps == 0 || rp_tables_map(w->tables, addr) > RP_MAP_DATA;
}

/* Can its code be read as it is?  While something is being unloaded, or behind a copy, it may be
 * gone. */
static bool is_readable(const struct rp_walker *w, const struct rp_module_rows *module,
                        uint64_t addr)
{
	return addr >= module->text_lo + RP_CODE_BACK && addr <= module->text_hi &&
	       (module->fixed || (!w->window.delta && !rp_tables_going()));
}

const uint8_t *rp_code_before(const struct rp_walker *w, const struct rp_module_rows *module,
                              uint64_t addr, uint8_t room[RP_CODE_BACK])
{
	if (is_readable(w, module, addr))
		return (const uint8_t *)(uintptr_t)addr;
	return rp_code_peek(addr - RP_CODE_BACK, room, RP_CODE_BACK) ? room + RP_CODE_BACK : NULL;
}

static bool called_in_module(const struct rp_walker *w, const struct rp_module_rows *module,
                             uint64_t addr)
{
	if (!rp_code_in_text(w, module, addr - 1))
		return false;
	if (!is_readable(w, module, addr))
		return called_in_made(w->tables, addr);
	return rp_machine_call_ends((const uint8_t *)(uintptr_t)addr);
}

enum rp_code rp_code_at(const struct rp_walker *w, uint64_t word)
{
	const struct rp_module_rows *module;

	if (word < LOWEST || word >= HIGHEST)
		return RP_CODE_NOT;
	module = rp_tables_module(w->tables, word - 1);
	if (module && !rp_walker_sure(w, module, word - 1))
		return rp_stack_readable(word - RP_CODE_BACK) ? RP_CODE_STRANGE : RP_CODE_NOT;
	if (module)
		return called_in_module(w, module, word) ? RP_CODE_CALLED : RP_CODE_NOT;
	switch (rp_tables_map(w->tables, word - 1)) {
	case RP_MAP_DATA:
		return RP_CODE_NOT;
	case RP_MAP_MADE:
		return RP_CODE_MADE;
	case RP_MAP_FOREIGN:
		return RP_CODE_STRANGE;
	default:
		if (!rp_stack_readable(word - RP_CODE_BACK))
			return RP_CODE_NOT;
		atomic_store_explicit(&rp_tables_strange, 1, memory_order_relaxed);
		return RP_CODE_STRANGE;
	}
}

bool rp_code_behind_call(const struct rp_walker *w, uint64_t addr)
{
	switch (rp_code_at(w, addr)) {
	case RP_CODE_CALLED:
		return true;
	case RP_CODE_MADE:
		return called_in_made(w->tables, addr);
	case RP_CODE_STRANGE:
		return called_through_kernel(addr);
	default:
		return false;
	}
}
