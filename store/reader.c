/* reader.c - see reader.h.  Files, the head, frames and checksums; unfold.c does payloads.
 *
 * Room: store; for the tool: allocates.  The file is read, not mapped: a mapped file that shrinks
 * meanwhile would kill the reader.
 * SPDX-License-Identifier: MIT
 */
#include "store/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/crc32c.h"
#include "store/cursor.h"
#include "store/format.h"
#include "store/unfold.h"

enum { NAME_SHOWN = 100, FILE_MAX = 1 << 30 };

enum progress { READING, COMPLETE, TORN, DAMAGED };

struct rp_reader {
	const uint8_t *bytes;
	size_t n, at; /* at: of the record being read */
	uint8_t *owned;
	uint32_t salt;
	uint64_t records;
	size_t record_bytes; /* of the record being unfolded; 0: between records */
	enum progress progress;
	struct rp_session_head head;
	struct rp_unfold unfold;
	struct rp_why why;
	char name[NAME_SHOWN + 4];
};

/* Long paths keep their end: sentences are short. */
static void shorten(char *shown, const char *name)
{
	size_t n = strlen(name);

	if (n <= NAME_SHOWN)
		memcpy(shown, name, n + 1);
	else
		snprintf(shown, NAME_SHOWN + 4, "...%s", name + n - NAME_SHOWN);
}

static bool check_mark(const uint8_t *bytes, size_t n, const char *name, struct rp_why *why)
{
	size_t n_mark = n < RP_FORMAT_MAGIC_BYTES ? n : RP_FORMAT_MAGIC_BYTES;

	if (n == 0)
		return rp_why_set(why, 0,
		                  "%s is empty: the server stopped, or the disk was full, before "
		                  "the first byte; record the request again",
		                  name);
	if (memcmp(bytes, RP_FORMAT_MAGIC, n_mark) != 0)
		return rp_why_set(why, 0,
		                  "%s is not a session: it does not begin with the session mark; "
		                  "\"reqprof ls\" lists the sessions",
		                  name);
	if (n < RP_FORMAT_HEAD_BYTES)
		return rp_why_set(
		        why, n,
		        "%s ends after %zu of the head's %d bytes, nothing is to be read; "
		        "record the request again",
		        name, n, RP_FORMAT_HEAD_BYTES);
	return true;
}

static bool check_head(struct rp_reader *r, struct rp_why *why)
{
	struct rp_cursor c = {r->bytes + RP_FORMAT_MAGIC_BYTES, r->bytes + RP_FORMAT_HEAD_BYTES,
	                      false};
	unsigned version = (unsigned)rp_cursor_fixed(&c, 2);

	if (version > RP_FORMAT_VERSION)
		return rp_why_set(why, RP_FORMAT_MAGIC_BYTES,
		                  "%s has format version %u and this reqprof reads up to %d; use a "
		                  "newer reqprof",
		                  r->name, version, RP_FORMAT_VERSION);

	unsigned head_bytes = (unsigned)rp_cursor_fixed(&c, 2);
	uint64_t flags = rp_cursor_fixed(&c, 4);

	memcpy(r->head.id, rp_cursor_bytes(&c, RP_FORMAT_ID_BYTES), RP_FORMAT_ID_BYTES);
	r->head.began_wall_ns = rp_cursor_fixed(&c, 8);
	r->head.began_mono_ns = rp_cursor_fixed(&c, 8);
	r->head.pid = (uint32_t)rp_cursor_fixed(&c, 4);

	uint64_t reserved = rp_cursor_fixed(&c, 8);
	uint64_t crc = rp_cursor_fixed(&c, 4);

	if (crc != rp_crc32c(0, r->bytes, RP_FORMAT_HEAD_CRC_AT) || version == 0 || flags ||
	    reserved || head_bytes != RP_FORMAT_HEAD_BYTES)
		return rp_why_set(why, RP_FORMAT_HEAD_CRC_AT,
		                  "%s is damaged in its head (bytes 0 to 63), nothing can be "
		                  "trusted; copy it again or record the request again",
		                  r->name);
	return true;
}

/* Takes OWNED, also when it fails. */
static struct rp_reader *open_owned(const void *bytes, size_t n, uint8_t *owned, const char *name,
                                    struct rp_why *why)
{
	struct rp_reader *r = calloc(1, sizeof(*r));

	if (!r) {
		free(owned);
		rp_why_set(why, 0, "%s: no memory to read it", name);
		return NULL;
	}
	r->bytes = bytes;
	r->n = n;
	r->owned = owned;
	shorten(r->name, name);
	if (!check_mark(bytes, n, r->name, why) || !check_head(r, why)) {
		rp_reader_close(r);
		return NULL;
	}
	r->at = RP_FORMAT_HEAD_BYTES;
	r->salt = rp_crc32c(0, r->head.id, RP_FORMAT_ID_BYTES);
	return r;
}

struct rp_reader *rp_reader_open_bytes(const void *bytes, size_t n, const char *name,
                                       struct rp_why *why)
{
	return open_owned(bytes, n, NULL, name, why);
}

static void explain_open(struct rp_why *why, const char *name, int error)
{
	if (error == ENOENT)
		rp_why_set(why, 0, "%s: there is no such file; \"reqprof ls\" lists the sessions",
		           name);
	else if (error == EACCES)
		rp_why_set(why, 0, "%s: you may not read it; try again as its owner, or with sudo",
		           name);
	else
		rp_why_set(why, 0, "%s: it cannot be read: %s", name, strerror(error));
}

static bool check_file(const struct stat *st, const char *name, struct rp_why *why)
{
	if (S_ISDIR(st->st_mode))
		return rp_why_set(why, 0,
		                  "%s is a folder, not a session; name a file in it, or set "
		                  "REQPROF_DIR to it",
		                  name);
	if (!S_ISREG(st->st_mode))
		return rp_why_set(why, 0, "%s is not a regular file; a session is one", name);
	if (st->st_size > FILE_MAX)
		return rp_why_set(why, 0, "%s is larger than %d MiB; no session is that large",
		                  name, FILE_MAX >> 20);
	return true;
}

/* Up to N bytes; *GOT is less when the file ends early.  NULL with errno. */
static uint8_t *read_bytes(int fd, size_t n, size_t *got)
{
	uint8_t *bytes = malloc(n ? n : 1);
	ssize_t more = 1;

	*got = 0;
	while (bytes && *got < n && more != 0) {
		more = read(fd, bytes + *got, n - *got);
		if (more > 0) {
			*got += (size_t)more;
		} else if (more < 0 && errno != EINTR) {
			free(bytes);
			return NULL;
		}
	}
	return bytes;
}

struct rp_reader *rp_reader_open(const char *path, struct rp_why *why)
{
	char shown[NAME_SHOWN + 4];
	uint8_t *bytes = NULL;
	struct stat st;
	size_t n = 0;
	/* O_NONBLOCK: a named pipe must not hold us up before it is refused. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	shorten(shown, path);
	if (fd < 0 || fstat(fd, &st) != 0) {
		explain_open(why, shown, errno);
	} else if (check_file(&st, shown, why)) {
		bytes = read_bytes(fd, (size_t)st.st_size, &n);
		if (!bytes)
			explain_open(why, shown, errno);
	}
	if (fd >= 0)
		close(fd);
	return bytes ? open_owned(bytes, n, bytes, path, why) : NULL;
}

void rp_reader_close(struct rp_reader *r)
{
	if (!r)
		return;
	rp_unfold_free(&r->unfold);
	free(r->owned);
	free(r);
}

const struct rp_session_head *rp_reader_head(const struct rp_reader *r)
{
	return &r->head;
}

static bool damaged(struct rp_reader *r, size_t at, const char *what)
{
	r->progress = DAMAGED;
	return rp_why_set(
	        &r->why, at,
	        "%s is damaged at byte %zu: record %llu: %s; what comes before it is good", r->name,
	        at, (unsigned long long)r->records + 1, what);
}

static bool torn(struct rp_reader *r)
{
	r->progress = TORN;
	return rp_why_set(
	        &r->why, r->at,
	        "%s is incomplete, %llu records: it is still being written, or the server "
	        "was killed",
	        r->name, (unsigned long long)r->records);
}

/* A whole record with a right checksum, or the end of what can be trusted. */
static bool begin_record(struct rp_reader *r)
{
	const uint8_t *record = r->bytes + r->at;
	size_t left = r->n - r->at;
	struct rp_cursor c = {record, record + left, false};
	uint64_t payload_bytes = rp_cursor_fixed(&c, 4);
	uint8_t kind = (uint8_t)rp_cursor_fixed(&c, 1);
	unsigned version = (unsigned)rp_cursor_fixed(&c, 1);
	unsigned reserved = (unsigned)rp_cursor_fixed(&c, 2);

	if (c.failed)
		return torn(r);
	if (payload_bytes > RP_RECORD_PAYLOAD_MAX)
		return damaged(r, r->at, "its length is impossible");

	const uint8_t *payload = rp_cursor_bytes(&c, payload_bytes);
	size_t crc_at = r->at + (size_t)(c.at - record);
	uint64_t crc = rp_cursor_fixed(&c, 4);

	if (c.failed)
		return torn(r);
	if (crc != rp_crc32c(r->salt, record, RP_RECORD_HEAD_BYTES + (size_t)payload_bytes))
		return damaged(r, crc_at, "its checksum is wrong");
	if (reserved || version == 0)
		return damaged(r, r->at + 5, "its reserved bits are set");
	/* A newer layout of a kind is as unknown as a new kind: number 0 is neither. */
	rp_unfold_begin(&r->unfold, version == RP_RECORD_VERSION ? kind : 0, payload,
	                (size_t)payload_bytes);
	r->record_bytes = (size_t)(c.at - record);
	return true;
}

static void finish_record(struct rp_reader *r)
{
	r->at += r->record_bytes;
	r->record_bytes = 0;
	r->records++;
}

/* END is the last: its number must be right and nothing may follow. */
static bool take_end(struct rp_reader *r, const struct rp_item *item)
{
	if (item->end.records != r->records)
		return damaged(r, r->at, "the end counts another number of records");
	finish_record(r);
	if (r->at != r->n)
		return damaged(r, r->at, "there are bytes after the end");
	r->progress = COMPLETE;
	return true;
}

bool rp_reader_next(struct rp_reader *r, struct rp_item *item)
{
	while (r->progress == READING) {
		if (!r->record_bytes && !begin_record(r))
			return false;
		switch (rp_unfold_next(&r->unfold, item)) {
		case RP_UNFOLDED_ITEM:
			return item->kind == RP_ITEM_END ? take_end(r, item) : true;
		case RP_UNFOLDED_DONE:
			finish_record(r);
			break;
		case RP_UNFOLDED_BAD:
			return damaged(r, (size_t)(r->unfold.c.at - r->bytes), r->unfold.complaint);
		}
	}
	return false;
}

bool rp_reader_complete(const struct rp_reader *r, struct rp_why *why)
{
	if (r->progress == COMPLETE)
		return true;
	if (r->progress == READING)
		return rp_why_set(why, r->at, "%s was not read to its end", r->name);
	if (why)
		*why = r->why;
	return false;
}

uint64_t rp_reader_records(const struct rp_reader *r)
{
	return r->records;
}
