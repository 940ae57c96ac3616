/* network.h - sets of addresses: "10.0.0.0/8,::1,192.0.2.7".
 *
 * Room: hot.  Pure.  An address is 16 bytes, one of IPv4 as ::ffff:a.b.c.d.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_NETWORK_H
#define RP_HOT_NETWORK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include "preload/hot/delim.h"

enum { RP_MAX_NETWORKS = 32 };

struct rp_ip {
	uint8_t bytes[16];
};

struct rp_networks {
	bool given; /* also when it could not be read: then nobody is in it */
	uint8_t n;
	struct {
		struct rp_ip ip;
		uint8_t bits; /* of it that count */
	} rows[RP_MAX_NETWORKS];
};

/* Replaces SET by what TEXT lists.  False: it is no such list, and nobody is in SET. */
bool rp_networks_parse(struct rp_networks *set, struct rp_span text);

bool rp_networks_hold(const struct rp_networks *set, const struct rp_ip *ip);

/* Unix sockets are of this machine: 127.0.0.1.  False: another family, or nobody named. */
bool rp_ip_of_socket(struct rp_ip *ip, const struct sockaddr_storage *a);
bool rp_ip_of_address(struct rp_ip *ip, const struct rp_address *a);

/* This machine speaks to itself: 127.0.0.0/8, ::1. */
bool rp_ip_is_loopback(const struct rp_ip *ip);

#endif
