/* object.h - one module with all that has been learned of it.
 *
 * Room: symbolize, private.  Filled by debugfile.c, cus.c and symbols.c, asked by resolve.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_OBJECT_H
#define RP_SYMBOLIZE_OBJECT_H

#include <stdbool.h>
#include <libelf.h>

#include "symbolize/addrmap.h"
#include "symbolize/demangle.h"
#include "symbolize/dwarf.h"
#include "symbolize/elfopen.h"
#include "symbolize/fde.h"
#include "symbolize/inflate.h"
#include "symbolize/pool.h"
#include "symbolize/spans.h"
#include "symbolize/symbolize.h"

/* What all modules of a symbolizer share. */
struct rp_shared {
	struct rp_pool pool;
	struct rp_pool frames;  /* of the last batch */
	struct rp_pool scratch; /* emptied after each unit */
	struct rp_demangle demangle;
	const char *debug_dir; /* searched before /usr/lib/debug, or NULL */
};

struct rp_object {
	struct rp_shared *shared;
	struct rp_sym_module is; /* our copy */
	bool opened;
	bool plain; /* debug information is not to be read */
	enum rp_sym_state state;
	const char *source;

	struct rp_elf_file main, debug; /* debug: a separate file, when one is used */
	struct rp_elf_file mini;        /* the symbols of .gnu_debugdata */
	struct rp_inflated mini_image;
	struct rp_dwarf *dwarf; /* NULL: none */

	struct rp_spans cus;          /* of struct rp_cu */
	struct rp_cu *rangeless;      /* units that do not say where their code is */
	struct rp_addrmap die_names;  /* DIE to struct rp_dienames_entry */
	struct rp_spans symbols;      /* of const char *: sized, and PLT entries */
	struct rp_spans bare_symbols; /* those without a size */
	struct rp_fde fde;            /* of the main file: a debug file has no bytes there */
};

#endif
