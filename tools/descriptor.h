/* descriptor.h - what another process has open: "tcp 127.0.0.1:5432", "/var/lib/x.log", "pipe".
 *
 * Room: tools.  By /proc, as its owner may see it.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_DESCRIPTOR_H
#define RP_DESCRIPTOR_H

#include <stddef.h>
#include <stdint.h>

/* The name of descriptor FD of process PID, into TEXT; "fd 7" when it is not to be had. */
void rp_descriptor_name(uint32_t pid, int fd, char *text, size_t cap);

#endif
