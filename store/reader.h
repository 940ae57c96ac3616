/* reader.h - a session file, read-only; damage is reported, never fatal.
 *
 * Room: store.  A reader belongs to one thread.  Items come one at a time, batches unfolded.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_READER_H
#define RP_STORE_READER_H

#include <stdbool.h>
#include "store/records.h"
#include "store/why.h"
#include "store/writer.h"

struct rp_reader;

/* Opens PATH.  NULL on failure (not a session, unreadable, newer version) with WHY filled. */
struct rp_reader *rp_reader_open(const char *path, struct rp_why *why);
void rp_reader_close(struct rp_reader *r);

/* The same over bytes the caller keeps alive; NAME is used in sentences. */
struct rp_reader *rp_reader_open_bytes(const void *bytes, size_t n, const char *name,
                                       struct rp_why *why);

const struct rp_session_head *rp_reader_head(const struct rp_reader *r);

/* The next item in *ITEM.  false at the end of what can be trusted; slices in ITEM live until
 * close.  References (stack parent, module, thread, object) are checked: they exist. */
bool rp_reader_next(struct rp_reader *r, struct rp_item *item);

/* After the end: true when END was read and all was well.  Otherwise WHY says
 * "incomplete, N records" (a torn tail) or what is damaged and where. */
bool rp_reader_complete(const struct rp_reader *r, struct rp_why *why);

/* Records (not items) read so far. */
uint64_t rp_reader_records(const struct rp_reader *r);

#endif
