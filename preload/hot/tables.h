/* tables.h - unwind rows of every module, as the walker reads them; built by cold/modules.c.
 *
 * Room: hot (shared with cold as data).  A set of tables is immutable once published; readers
 * hold it between rp_tables_take and rp_tables_give, so cold knows when an old one may go.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TABLES_H
#define RP_HOT_TABLES_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What a row's CFA is: 0..15 mean that register (x86-64's DWARF number; on aarch64 only SP, and BP
 * for x29) plus the offset. */
enum rp_cfa {
	RP_REG_BX = 3,
	RP_REG_BP = 6,
	RP_REG_SP = 7,
	RP_CFA_PLT = 16, /* rsp + 8, and 8 more once (pc & 15) >= offset */
	RP_CFA_AT_BP,    /* [rbp + (offset >> 11)] + (offset & 2047) */
	RP_CFA_AT_SP,    /* the same from rsp */
	RP_CFA_SIGNAL,   /* everything is restored from the context that the kernel left */
	RP_CFA_END,      /* the outermost function: it has no return address */
	RP_CFA_GAP,      /* no function here */
	RP_CFA_RULE,     /* a function, but by a rule that no row can say */
};

/* DWARF's numbers of what a row follows.  Where calls leave the return address in a register, BX is
 * that register, and row->bx says where it is saved. */
struct rp_machine {
	uint8_t sp, bp, bx, ra;
	bool link;
};
extern const struct rp_machine rp_machine_x86_64, rp_machine_aarch64;
extern const struct rp_machine *const rp_machine_here;

/* How the caller's rbp or rbx is found. */
enum rp_saved {
	RP_SAVED_NOT,    /* still in the register */
	RP_SAVED_AT_CFA, /* at CFA + 8 * n */
	RP_SAVED_AT_BP,  /* at rbp + 8 * n */
	RP_SAVED_LOST,   /* nobody knows */
};

/* From PC on until the next row, these rules hold.  On x86-64 the return address is at CFA - 8. */
struct rp_row {
	uint32_t pc;    /* from the module's lo */
	uint32_t cfa;   /* enum rp_cfa in 5 bits, above it a signed offset */
	int16_t bp, bx; /* enum rp_saved in 2 bits, above it a signed n */
};
static_assert(sizeof(struct rp_row) == 12, "three rows in 36 bytes");

enum { RP_CFA_BITS = 5, RP_SAVED_BITS = 2, RP_DEREF_BITS = 11, RP_ROWS_PAGE_BITS = 9 };

/* By what a module is known again (standing.h). */
struct rp_identity {
	const void *link_map, *eh_frame; /* as the loader says */
	uint64_t id_at;                  /* where its build-id is */
	const uint8_t *id;
	uint32_t n; /* bytes of it; 0: it cannot be known again */
};

struct rp_module_rows {
	uint64_t lo, hi; /* absolute range of the mapped module [lo, hi) */
	const struct rp_row *rows;
	const uint32_t
	        *pages;  /* pages[p]: rows before p << RP_ROWS_PAGE_BITS; one past the end too */
	uint32_t n_rows; /* 0: pages is NULL */
	uint32_t module; /* number of the module in cold/modules.c, stable for its life */
	bool fixed;      /* there since the process began: it never goes */
	uint64_t text_lo, text_hi; /* its readable code without holes; empty when there are any */
	struct rp_identity identity;
};

/* What stood where besides the modules, when the kernel was asked. */
enum rp_map_kind {
	RP_MAP_NONE, /* nobody knows: not there, or not to be read then */
	RP_MAP_DATA, /* readable, no code */
	RP_MAP_MADE, /* code that the process put there: no file, a deleted one, a module's again */
	RP_MAP_FOREIGN, /* code from a file that the loader does not know */
};

struct rp_map {
	uint64_t lo, hi;
	uint32_t kind; /* enum rp_map_kind; never NONE */
	uint32_t file; /* of code: hash of device and inode; 0: none */
};

struct rp_tables {
	uint32_t generation; /* of the snapshot; grows */
	uint32_t unloads;    /* rp_tables_unloads before the modules were listed */
	uint32_t subs;       /* the loader's count of objects that went, when they were */
	uint32_t n_modules, n_maps;
	const struct rp_module_rows *modules; /* sorted by lo, disjoint */
	const struct rp_map *maps; /* the same; modules are in here, too, and come first */
	_Atomic uint64_t *known;   /* RP_TABLES_KNOWN words of stack_known.c; may be NULL */
};
enum { RP_TABLES_KNOWN = 4096 };

/* The published set; NULL before the first build.  Written by cold/modules.c. */
extern _Atomic(const struct rp_tables *) rp_tables_now;

/* Not zero: a dlopen was seen since.  Cleared by cold/modules.c when a fresh set is out and nothing
 * happened meanwhile. */
extern _Atomic uint32_t rp_tables_stale;

/* Grows with everything that may unload.  A stack that was copied is walked with a set of the same
 * count only: another module may have stood where one of the set's stands. */
extern _Atomic uint32_t rp_tables_unloads;

/* Grows with every dlopen, before it. */
extern _Atomic uint32_t rp_tables_loads;

/* Not zero: a walk met an address that the set knows nothing of.  Written by whoever walks,
 * cleared by cold/modules.c, which then asks the kernel again. */
extern _Atomic uint32_t rp_tables_strange;

/* Whoever met what a newer set would know: our thread should not sleep its turn out, but once only
 * until it has looked, and RP_WANT_NS after its last look at the earliest. */
enum { RP_WANT_NS = 2000000 };
void rp_tables_want(void);
void rp_tables_looked(uint64_t now_ns); /* for cold/modules.c */

/* For the hooks.  LOADING before dlopen.  UNLOADING before what may unload: it waits (a moment) for
 * whoever walks, and who walks in between reads through the kernel what may go; UNLOADED after
 * it. */
void rp_tables_loading(void);
void rp_tables_unloading(void);
void rp_tables_unloaded(void);

/* In a forked child: whoever walked or unloaded did so in the parent. */
void rp_tables_forked(void);

/* The set to walk with now, or NULL: none yet.  Its modules may be gone (standing.h).  Any thread,
 * also in a signal handler; every take needs its give, also after NULL. */
const struct rp_tables *rp_tables_take(void);
void rp_tables_give(void);

/* Is anything being unloaded?  And is TABLES as it was listed, nothing having been unloaded since?
 */
bool rp_tables_going(void);
bool rp_tables_fresh(const struct rp_tables *tables);

/* Is nobody between take and give?  Asked by cold after it has published another set. */
bool rp_tables_idle(void);

/* The module and the row that hold PC, or NULL for what there is not. */
struct rp_found {
	const struct rp_module_rows *module;
	const struct rp_row *row;
};
struct rp_found rp_tables_search(const struct rp_tables *tables, uint64_t pc);

/* Where a pc was found last time: module's index << 32 | row's.  A hint is tried, never believed,
 * so it may be anybody's and of any age. */
enum { RP_TABLES_HINTS = 4096 };
extern _Atomic uint64_t rp_tables_hints[RP_TABLES_HINTS];

static inline _Atomic uint64_t *rp_tables_hint(uint64_t pc)
{
	return &rp_tables_hints[(pc ^ pc >> 11) % RP_TABLES_HINTS];
}

/* Asks the hints first. */
static inline struct rp_found rp_tables_find(const struct rp_tables *tables, uint64_t pc)
{
	uint64_t hint = atomic_load_explicit(rp_tables_hint(pc), memory_order_relaxed);
	uint32_t at = (uint32_t)(hint >> 32);
	uint64_t row = (uint32_t)hint;
	const struct rp_module_rows *m = &tables->modules[at];

	if (at < tables->n_modules && pc >= m->lo && pc < m->hi && row < m->n_rows &&
	    m->rows[row].pc <= pc - m->lo &&
	    (row + 1 == m->n_rows || m->rows[row + 1].pc > pc - m->lo))
		return (struct rp_found){m, &m->rows[row]};
	return rp_tables_search(tables, pc);
}

/* The module alone; and what else was at ADDR. */
const struct rp_module_rows *rp_tables_module(const struct rp_tables *tables, uint64_t addr);
enum rp_map_kind rp_tables_map(const struct rp_tables *tables, uint64_t addr);

#endif
