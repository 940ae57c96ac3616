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
	RP_WIRE_FRAMES, /* struct rp_wire_sizes and N bytes, of rp_wire_part; VALUE: the last part
	                 */
	RP_WIRE_TEXT,   /* N bytes */
	RP_WIRE_FETCH,  /* N bytes: a build-id; the answer is RP_WIRE_FETCHED */
	RP_WIRE_OPENED, /* VALUE: so many bytes of files are to be read */
};

struct rp_wire_head {
	uint32_t reply;
	uint32_t value;
	uint64_t n;
};

/* Of a part: bytes of texts, and how many of the rest. */
struct rp_wire_sizes {
	uint64_t n_text, n_frames, n_lists, n_answers;
};

/* Frames are packed until a part is large enough to be sent; a text is sent once. */
struct rp_wire_packer;
struct rp_wire_packer *rp_wire_packer_make(void);
void rp_wire_packer_free(struct rp_wire_packer *packer);

/* FRAMES are those of address number AT.  rp_wire_forget: what was packed may be gone, and others
 * may stand where it was. */
void rp_wire_pack(struct rp_wire_packer *packer, size_t at, const struct rp_frames *frames);
void rp_wire_forget(struct rp_wire_packer *packer);
size_t rp_wire_n_bytes(const struct rp_wire_packer *packer);

/* What was packed since the last part, to be written one after the other; valid until more is
 * packed. */
struct rp_wire_part {
	struct rp_wire_sizes sizes;
	const void *piece[4];
	size_t n_bytes[4];
};
struct rp_wire_part rp_wire_part(struct rp_wire_packer *packer);

/* The parts of an answer to N addresses are put together in OUT; frames and names live in POOL. */
struct rp_wire_answer {
	struct rp_pool *pool;
	struct rp_frames *out;
	size_t n;
	const char **text; /* by number */
	size_t n_texts, cap_texts;
};
struct rp_wire_answer rp_wire_answer(struct rp_pool *pool, struct rp_frames *out, size_t n);

/* Takes the N_BYTES of a part.  False: it is none, and OUT is not to be used. */
bool rp_wire_unpack(struct rp_wire_answer *answer, const struct rp_wire_sizes *sizes,
                    const void *bytes, size_t n_bytes);

/* Ends it.  False: some address has no frames. */
bool rp_wire_answer_end(struct rp_wire_answer *answer);

#endif
