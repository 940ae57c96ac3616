/* writer.h - appends records to a session file; plain write(2), fixed memory, no malloc, no stdio.
 *
 * Room: store.  One thread at a time owns a writer (cold/drain.c in the host; tests elsewhere).
 * Small records of one kind (stacks, samples, objects, waits) are gathered into batches; flush
 * writes them so that every record only refers to records before it.  Whole records wait in memory
 * for more of them.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_WRITER_H
#define RP_STORE_WRITER_H

#include <stdbool.h>
#include <sys/types.h>
#include "store/records.h"

enum { RP_WRITER_BYTES = 136 << 10 };

/* The calls a writer makes, so that a test can fail the nth and the host can pass its true ones. */
struct rp_writer_os {
	ssize_t (*write)(int fd, const void *buf, size_t n);
};

struct rp_writer; /* lives in caller's memory of RP_WRITER_BYTES, 16-aligned */

/* What the file head says (FORMAT.md section 2). */
struct rp_session_head {
	uint8_t id[16];
	uint64_t began_wall_ns, began_mono_ns;
	uint32_t pid;
};

/* Starts a session on FD (owned by the caller, empty file) and writes its head.
 * MAX_BYTES bounds the file: what would pass it is refused.  NULL when the head cannot be written.
 */
struct rp_writer *rp_writer_make(void *memory, int fd, const struct rp_session_head *head,
                                 uint64_t max_bytes, const struct rp_writer_os *os);

/* Appends one item of any kind but END.  false: refused; the reason is rp_writer_error(). */
bool rp_writer_put(struct rp_writer *w, const struct rp_item *item);

/* Writes the records that are whole, and goes on gathering the others.  false: as of flush. */
bool rp_writer_push(struct rp_writer *w);

/* Writes all, also what is gathered.  false: the disk failed; the file stays a valid prefix. */
bool rp_writer_flush(struct rp_writer *w);

/* Flushes and appends END.  The caller then closes and renames. */
bool rp_writer_end(struct rp_writer *w);

/* 0, or the errno of the first failure (EFBIG: MAX_BYTES).  Sticky. */
int rp_writer_error(const struct rp_writer *w);

/* Bytes written to the file so far. */
uint64_t rp_writer_bytes(const struct rp_writer *w);

#endif
