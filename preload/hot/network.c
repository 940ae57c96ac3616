/* network.c - see network.h.  Room: hot, pure.  SPDX-License-Identifier: MIT */
#include "preload/hot/network.h"

#include <netinet/in.h>
#include <string.h>
#include "preload/hot/delim_framing.h"

enum { MAPPED = 12 }; /* bytes in front of an IPv4 address */

static const uint8_t PREFIX[MAPPED] = {[10] = 0xff, [11] = 0xff};

static void set_ip4(struct rp_ip *ip, const void *bytes)
{
	memcpy(ip->bytes, PREFIX, MAPPED);
	memcpy(ip->bytes + MAPPED, bytes, 4);
}

bool rp_ip_of_socket(struct rp_ip *ip, const struct sockaddr_storage *a)
{
	static const uint8_t HERE[4] = {127, 0, 0, 1};

	if (a->ss_family == AF_UNIX)
		set_ip4(ip, HERE);
	else if (a->ss_family == AF_INET)
		set_ip4(ip, &((const struct sockaddr_in *)(const void *)a)->sin_addr);
	else if (a->ss_family == AF_INET6)
		memcpy(ip, &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr, sizeof(*ip));
	else
		return false;
	return true;
}

bool rp_ip_of_address(struct rp_ip *ip, const struct rp_address *a)
{
	struct sockaddr_storage socket;

	return rp_address_socket(a, &socket) && rp_ip_of_socket(ip, &socket);
}

static bool is_mapped(const struct rp_ip *ip)
{
	return !memcmp(ip->bytes, PREFIX, MAPPED);
}

bool rp_ip_is_loopback(const struct rp_ip *ip)
{
	static const struct rp_ip ONE = {.bytes = {[15] = 1}};

	return is_mapped(ip) ? ip->bytes[MAPPED] == 127 : !memcmp(ip, &ONE, sizeof(ONE));
}

/* Digits behind the slash, at most MOST. */
static bool read_bits(struct rp_span text, unsigned most, unsigned *bits)
{
	uint16_t n = rp_address_port(text);

	*bits = n;
	return text.n && text.n <= 3 && n <= most && (n || (text.n == 1 && text.at[0] == '0'));
}

/* "10.0.0.0/8". */
static bool add(struct rp_networks *set, struct rp_span text)
{
	const char *slash = memchr(text.at, '/', text.n);
	struct rp_span front = {text.at, slash ? (size_t)(slash - text.at) : text.n};
	struct rp_address a = {0};
	struct rp_ip *ip = &set->rows[set->n].ip;

	if (set->n == RP_MAX_NETWORKS)
		return false;
	rp_address_read(&a, front);
	if (a.kind == RP_ADDRESS_UNIX || !rp_ip_of_address(ip, &a))
		return false;
	unsigned width = a.kind == RP_ADDRESS_IP4 ? 32 : 128, bits = width;

	if (slash && !read_bits((struct rp_span){slash + 1, text.n - front.n - 1}, width, &bits))
		return false;
	set->rows[set->n++].bits = (uint8_t)(128 - width + bits);
	return true;
}

bool rp_networks_parse(struct rp_networks *set, struct rp_span text)
{
	memset(set, 0, sizeof(*set));
	set->given = true;
	while (text.n) {
		const char *comma = memchr(text.at, ',', text.n);
		size_t n = comma ? (size_t)(comma - text.at) : text.n, used = n + (comma != NULL);
		struct rp_span part = rp_framing_trim((struct rp_span){text.at, n});

		if (!part.n || !add(set, part)) {
			set->n = 0;
			return false;
		}
		text.at += used;
		text.n -= used;
	}
	return set->n > 0;
}

bool rp_networks_hold(const struct rp_networks *set, const struct rp_ip *ip)
{
	for (unsigned i = 0; i < set->n; i++) {
		const uint8_t *a = set->rows[i].ip.bytes;
		unsigned whole = set->rows[i].bits / 8, rest = set->rows[i].bits % 8;

		if (!memcmp(a, ip->bytes, whole) &&
		    (!rest || !((a[whole] ^ ip->bytes[whole]) >> (8 - rest))))
			return true;
	}
	return false;
}
