/* delim_address.h - a client's address as somebody in between writes it down.
 *
 * Room: hot, pure.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_ADDRESS_H
#define RP_HOT_DELIM_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

struct rp_span;

enum rp_address_kind {
	RP_ADDRESS_NONE,    /* nobody names it */
	RP_ADDRESS_UNKNOWN, /* named, but not in words that say who it is */
	RP_ADDRESS_UNIX,
	RP_ADDRESS_IP4, /* the first 4 bytes */
	RP_ADDRESS_IP6,
};

struct rp_address {
	uint8_t kind;
	uint8_t reserved;
	uint16_t port; /* 0: not said */
	uint8_t bytes[16];
};

/* "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1" or "unix:..."; the port stays as it is. */
void rp_address_read(struct rp_address *a, struct rp_span text);

/* As the kernel writes it down; 0: it names nobody. */
socklen_t rp_address_socket(const struct rp_address *a, struct sockaddr_storage *to);

/* Digits alone, up to 65535; anything else is 0. */
uint16_t rp_address_port(struct rp_span text);

#endif
