/* imports.h - what a loaded module calls of others, and where the loader has put their addresses.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_IMPORTS_H
#define RP_COLD_IMPORTS_H

#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rp_imports {
	uint64_t bias;
	const ElfW(Sym) * symbols;
	const char *names;
	const ElfW(Rela) * tables[2]; /* bound when loaded, bound when called */
	size_t n[2];
	uint64_t relro_lo, relro_hi; /* read-only since it was bound */
};

/* Of the module HANDLE, which is dlopen's. */
bool rp_imports_find(void *handle, struct rp_imports *imports);

/* From now on the address at SLOT is VALUE. */
bool rp_imports_put(const struct rp_imports *imports, uint64_t slot, void *value);

#endif
