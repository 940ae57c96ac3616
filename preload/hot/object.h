/* object.h - the name of what was waited for: "tcp 127.0.0.1:5432", "/var/lib/x.log", "20 ms".
 *
 * Room: hot.  Asked only for waits that are listed, after the call; by system calls that touch
 * nothing (getpeername, readlink of /proc/self/fd).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_OBJECT_H
#define RP_HOT_OBJECT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include "preload/hot/wait.h"

enum { RP_OBJECT_FDS = 3 }; /* of a set are named */

/* The first descriptors of a select in one word, 16 bits each above their count: its sets are the
 * kernel's to change. */
static inline uint64_t rp_object_add_fd(uint64_t fds, int at, int fd)
{
	return at < RP_OBJECT_FDS ? fds | (uint64_t)fd << (16 * (at + 1)) : fds;
}

static inline int rp_object_fd(uint64_t fds, int at)
{
	return (int)(fds >> (16 * (at + 1)) & 0xffff);
}

/* Writes the name of WHAT into TEXT (at most CAP bytes, no NUL); returns its length.  REQUEST is
 * the slot the thread works for: its own client is called "client". */
size_t rp_object_name(char *text, size_t cap, const struct rp_waited *what, uint32_t request);

/* "127.0.0.1:80", "[::1]:80", "unix:/path" into TEXT; returns its length. */
size_t rp_object_address(char *text, size_t cap, const struct sockaddr *a, socklen_t n);

#endif
