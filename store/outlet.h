/* outlet.h - bytes of a session on their way to its descriptor: few calls, and a disk that failed
 * once gets no byte more.
 *
 * Room: store, also linked into the shim.  Part of the writer.  SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_OUTLET_H
#define RP_STORE_OUTLET_H

#include "store/writer.h"

enum { RP_OUTLET_BYTES = 8 << 10 }; /* the records of a short session */

struct rp_outlet {
	struct rp_writer_os os;
	int fd, error;  /* the first failure, of anybody */
	bool dead;      /* the disk failed */
	uint32_t n;     /* that wait for more */
	uint64_t wrote; /* and are in the file */
	uint8_t waiting[RP_OUTLET_BYTES];
};

void rp_outlet_make(struct rp_outlet *out, int fd, const struct rp_writer_os *os);

/* N bytes follow.  false: the disk failed, now or before. */
bool rp_outlet_put(struct rp_outlet *out, const uint8_t *at, size_t n);

/* Nothing waits any more. */
bool rp_outlet_push(struct rp_outlet *out);

/* Something was refused for ERROR; false. */
bool rp_outlet_refuse(struct rp_outlet *out, int error);

static inline uint64_t rp_outlet_bytes(const struct rp_outlet *out)
{
	return out->wrote + out->n;
}

#endif
