/* symbolize.h - modules and addresses in, functions and lines out.
 *
 * Room: symbolize.  Knows nothing of sessions.  One thread owns a symbolizer.  Everything handed
 * out is borrowed and lives until rp_sym_free.  Modules are read by a process of its own (guard.c).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_H
#define RP_SYMBOLIZE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_symbolizer;

/* How much is known of a module: an answer, not an error. */
enum rp_sym_state {
	RP_SYM_DEBUG,       /* DWARF found (in the file, by build-id, debuglink or debuginfod) */
	RP_SYM_SYMTAB,      /* .symtab only */
	RP_SYM_DYNSYM,      /* exported names only */
	RP_SYM_NO_FILE,     /* the file is not there (any more) */
	RP_SYM_OTHER_BUILD, /* a file is there, but with another build-id */
	RP_SYM_BAD_FILE,    /* not an ELF file, or damaged */
	RP_SYM_REFUSED,     /* reading it crashed, took too long or too much: rp_sym_why */
};

struct rp_sym_module {
	const char *path;
	const uint8_t *build_id; /* NULL: not known, not checked */
	size_t n_build_id;
	const void *image; /* an ELF image instead of a file (vdso), or NULL */
	size_t n_image;
};

/* One function of an address.  Innermost (inlined) first. */
struct rp_frame {
	/* Demangled.  When no name is known "libfoo.so+0x1230", where the unwind table says that
	 * the function begins; the address itself when that does not say it either. */
	const char *function;
	const char *file;   /* source path, or NULL */
	uint32_t line;      /* of the address; 0 unknown */
	uint32_t func_line; /* where the function is declared; 0 unknown */
	bool inlined;       /* its caller is the next frame */
	bool named;         /* false: function is module+offset only */
	/* Which copy of the function the compiler made, ".part.0.cold": in the symbol table, not in
	 * FUNCTION.  NULL: the function itself, or inlined. */
	const char *suffix;
};

struct rp_frames {
	const struct rp_frame *frame;
	uint32_t n; /* always >= 1 */
};

struct rp_symbolizer *rp_sym_make(void);
void rp_sym_free(struct rp_symbolizer *s);

/* Also looks for debug files in DIR, laid out as /usr/lib/debug is and asked before it. */
void rp_sym_debug_dir(struct rp_symbolizer *s, const char *dir);

/* Adds a module; returns its handle (>= 0).  Nothing is opened before the first resolve. */
int rp_sym_add(struct rp_symbolizer *s, const struct rp_sym_module *module);

/* Resolves N addresses of MODULE (ELF virtual addresses; the caller already took one off return
 * addresses) into OUT[N].  Any order, duplicates welcome; one big call is faster than many. */
void rp_sym_resolve(struct rp_symbolizer *s, int module, const uint64_t *vaddr, size_t n,
                    struct rp_frames *out);

/* State of a module, and where its names came from (a path), after a resolve. */
enum rp_sym_state rp_sym_state(struct rp_symbolizer *s, int module, const char **source);

/* Why a module is RP_SYM_REFUSED, or NULL.  Its own symbols may be known nevertheless. */
const char *rp_sym_why(struct rp_symbolizer *s, int module);

/* NAME demangled (C++, Rust); NAME itself when it is not mangled.  Borrowed. */
const char *rp_sym_demangle(struct rp_symbolizer *s, const char *name);

#endif
