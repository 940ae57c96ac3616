/* sidecar.h - the names of a session's addresses in a file beside it, NAME.reqsym.
 *
 * Room: store; for the tool: allocates.  FORMAT.md section 8 is the law.  Knows numbers and texts,
 * not what they mean.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_SIDECAR_H
#define RP_STORE_SIDECAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store/format.h"
#include "store/why.h"

#define RP_SIDECAR_MAGIC "\x89RQS\r\n\x1a\n"

enum { RP_SIDECAR_VERSION = 1, RP_SIDECAR_MAX_BYTES = 64 << 20 };
enum { RP_SIDECAR_INLINED = 1, RP_SIDECAR_NAMED = 2 };

/* Texts by number; 0: none. */
struct rp_sidecar_frame {
	uint32_t function, file, suffix, line, func_line, flags;
};

struct rp_sidecar_address {
	uint64_t vaddr;
	size_t frame; /* the first; innermost first */
	uint32_t n_frames;
};

struct rp_sidecar_module {
	uint32_t module, state, source; /* by the session's number; enum rp_sym_state; a text */
	size_t address, n_addresses;    /* the first; ascending by vaddr */
};

struct rp_sidecar {
	uint8_t id[RP_FORMAT_ID_BYTES];
	const char **texts; /* texts[0] is NULL */
	struct rp_sidecar_module *modules;
	struct rp_sidecar_address *addresses;
	struct rp_sidecar_frame *frames;
	size_t n_texts, n_modules, n_addresses, n_frames;
	uint8_t *bytes; /* where texts of a read one are; else NULL */
};

/* SIDE as the bytes of a file, malloc'ed; NULL: no memory. */
uint8_t *rp_sidecar_encode(const struct rp_sidecar *side, size_t *n_bytes);

/* The other way round; takes BYTES (malloc'ed), also when it fails.  false with WHY: damaged, of
 * another version, or of another session than ID. */
bool rp_sidecar_decode(struct rp_sidecar *side, uint8_t *bytes, size_t n_bytes, const uint8_t *id,
                       struct rp_why *why);

/* Reads the file PATH for the session ID.  false with an empty WHY: there is none. */
bool rp_sidecar_read(struct rp_sidecar *side, const char *path, const uint8_t *id,
                     struct rp_why *why);

/* Writes PATH anew, in one step: whoever reads sees the old one or this.  When root writes beside
 * somebody's session, OWNER (a uid) gets the file. */
bool rp_sidecar_write(const struct rp_sidecar *side, const char *path, uint32_t owner,
                      struct rp_why *why);

/* Frees the arrays and bytes. */
void rp_sidecar_free(struct rp_sidecar *side);

#endif
