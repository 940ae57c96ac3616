/* guard_wire.h - frames on their way from the process that reads to the one that asked, which
 * believes nothing: an answer is whole and points into itself, or it is none.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_GUARD_WIRE_H
#define RP_SYMBOLIZE_GUARD_WIRE_H

#include <stdbool.h>
#include <stddef.h>

#include "symbolize/pool.h"
#include "symbolize/symbolize.h"

/* What is asked.  A text or other bytes follow a question as its N says. */
enum rp_wire_ask {
	RP_WIRE_DIR,      /* N bytes: the debug directory; no reply */
	RP_WIRE_ADD,      /* struct rp_wire_module and N bytes; no reply */
	RP_WIRE_BATCH,    /* N addresses; frames */
	RP_WIRE_STATE,    /* text, VALUE: the state */
	RP_WIRE_DEMANGLE, /* N bytes; text */
	RP_WIRE_FETCHED,  /* N bytes: the path of a file, or none */
};

struct rp_wire_question {
	uint32_t ask;
	int32_t module;
	uint64_t n;
};

struct rp_wire_module {
	uint64_t n_path, n_build_id, n_image;
	uint64_t has_build_id, plain;
};

enum rp_wire_reply {
	RP_WIRE_FRAMES, /* struct rp_wire_sizes and N bytes, made by rp_wire_pack */
	RP_WIRE_TEXT,   /* N bytes */
	RP_WIRE_FETCH,  /* N bytes: a build-id; the answer is RP_WIRE_FETCHED */
	RP_WIRE_OPENED, /* VALUE: so many bytes of files are to be read */
};

struct rp_wire_head {
	uint32_t reply;
	uint32_t value;
	uint64_t n;
};

struct rp_wire_sizes {
	uint64_t n_text, n_frames, n_lists;
};

/* The parts of an answer, to be written one after the other. */
struct rp_wire_packed {
	struct rp_wire_sizes sizes;
	void *part[4];
	size_t n_bytes[4];
};

void rp_wire_pack(struct rp_wire_packed *packed, const struct rp_frames *frames, size_t n);
void rp_wire_packed_free(struct rp_wire_packed *packed);

/* The N_BYTES of an answer to N addresses into OUT; frames and names into POOL.  False: it is not
 * one, and OUT is not to be used. */
bool rp_wire_unpack(struct rp_pool *pool, const struct rp_wire_sizes *sizes, const void *bytes,
                    size_t n_bytes, struct rp_frames *out, size_t n);

#endif
