/* session.h - makes realistic sessions for tests: through the real writer, the same every time.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SESSION_H
#define RP_TESTS_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "store/writer.h"

/* What the session is like; session_shape() is a good start. */
struct session_shape {
	const char *method, *target, *server;
	uint32_t status, how;   /* how: enum rp_end_how */
	uint32_t threads;       /* >= 1; samples take turns among them */
	uint32_t modules;       /* >= 1; all named, with build-ids */
	const char *main_path;  /* path of module 1; NULL: "/usr/sbin/shopd" */
	const uint8_t *main_id; /* its build-id, N_MAIN_ID bytes; NULL: made up */
	size_t n_main_id;
	uint32_t vdso_number;    /* of its module; 0: the next one */
	uint32_t leaves, depth;  /* distinct stacks, frames in each */
	uint32_t samples, waits; /* one sample every interval_ns; waits follow the samples */
	uint64_t interval_ns;
	uint64_t began_wall_ns, began_mono_ns;
	uint64_t max_bytes;
	uint32_t pid;
	uint32_t flush_every; /* items between flushes; 0: only at the end */
	bool end;             /* false: as a killed server leaves it */
};

/* Two threads, three modules, 12 stacks of 8 frames, 40 samples, 6 waits, all records. */
struct session_shape session_shape(void);

/* Puts everything but END through W.  The first refusal stops the bulk, never the response. */
void session_put(struct rp_writer *w, const struct session_shape *shape);

/* A whole session into the empty file FD, into PATH (replaced), into malloc'ed memory. */
bool session_write(int fd, const struct session_shape *shape);
bool session_file(const char *path, const struct session_shape *shape);
uint8_t *session_bytes(const struct session_shape *shape, size_t *n);

/* The head that these sessions begin with. */
struct rp_session_head session_head(const struct session_shape *shape);

#endif
