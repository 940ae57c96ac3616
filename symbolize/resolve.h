/* resolve.h - the reader of modules, in the process that calls it; guard.c calls it in another.
 *
 * Room: symbolize, private.  As symbolize.h has it, where nothing else is said.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_RESOLVE_H
#define RP_SYMBOLIZE_RESOLVE_H

#include "symbolize/symbolize.h"

struct rp_resolver;

struct rp_resolver *rp_resolve_make(void);
void rp_resolve_free(struct rp_resolver *r);
void rp_resolve_debug_dir(struct rp_resolver *r, const char *dir);
int rp_resolve_add(struct rp_resolver *r, const struct rp_sym_module *module);

/* Before the first batch of MODULE: its symbol table will do, debug information is not read. */
void rp_resolve_plain(struct rp_resolver *r, int module);

/* Takes the frames of each address, in any order: they live until END_UNIT returns, their texts
 * longer. */
struct rp_resolve_sink {
	void (*frames)(void *arg, size_t at, const struct rp_frames *frames);
	void (*end_unit)(void *arg);
	void *arg;
};

/* VADDR is the callee's to free (by free), which it does early. */
void rp_resolve_batch(struct rp_resolver *r, int module, uint64_t *vaddr, size_t n,
                      const struct rp_resolve_sink *sink);
enum rp_sym_state rp_resolve_state(struct rp_resolver *r, int module, const char **source);
const char *rp_resolve_demangle(struct rp_resolver *r, const char *name);

#endif
