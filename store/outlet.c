/* outlet.c - see outlet.h.  Room: store, also linked into the shim.  SPDX-License-Identifier: MIT
 */
#include "store/outlet.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

void rp_outlet_make(struct rp_outlet *out, int fd, const struct rp_writer_os *os)
{
	memset(out, 0, offsetof(struct rp_outlet, waiting));
	out->os.write = os && os->write ? os->write : write;
	out->fd = fd;
}

bool rp_outlet_refuse(struct rp_outlet *out, int error)
{
	if (!out->error)
		out->error = error;
	return false;
}

/* The disk's no is for ever; the bytes already there stay a valid prefix with a torn tail. */
static bool write_all(struct rp_outlet *out, const uint8_t *at, size_t n)
{
	while (n && !out->dead) {
		ssize_t wrote = out->os.write(out->fd, at, n);

		if (wrote > 0) {
			at += wrote;
			n -= (size_t)wrote;
			out->wrote += (uint64_t)wrote;
		} else if (wrote == 0 || errno != EINTR) {
			out->dead = true;
			rp_outlet_refuse(out, wrote == 0 ? ENOSPC : errno);
		}
	}
	return !out->dead;
}

bool rp_outlet_push(struct rp_outlet *out)
{
	uint32_t n = out->n;

	out->n = 0;
	return write_all(out, out->waiting, n);
}

/* A call for each record would cost a short session more than all the rest of its writing. */
bool rp_outlet_put(struct rp_outlet *out, const uint8_t *at, size_t n)
{
	if (out->n + n > RP_OUTLET_BYTES && !rp_outlet_push(out))
		return false;
	if (n > RP_OUTLET_BYTES)
		return write_all(out, at, n);
	memcpy(out->waiting + out->n, at, n);
	out->n += (uint32_t)n;
	return !out->dead;
}
