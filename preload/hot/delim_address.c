/* delim_address.c - see delim_address.h; libc's inet_pton is not on the list of what hot may call.
 *
 * Room: hot, pure.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_address.h"

#include <netinet/in.h>
#include <string.h>
#include "preload/hot/delim.h"

enum { NO_GAP = 17 };

static bool read_ip4(uint8_t *out, struct rp_span text)
{
	size_t at = 0;

	for (unsigned part = 0; part < 4; part++) {
		unsigned value = 0;
		size_t begin = at;

		while (at < text.n && at - begin < 3 && text.at[at] >= '0' && text.at[at] <= '9')
			value = value * 10 + (unsigned)(text.at[at++] - '0');
		if (at == begin || value > 255 || (at - begin > 1 && text.at[begin] == '0'))
			return false;
		out[part] = (uint8_t)value;
		if (part < 3 && (at == text.n || text.at[at++] != '.'))
			return false;
	}
	return at == text.n;
}

static unsigned hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

/* The group at the front of TEXT: its length, 0 when there is none. */
static size_t read_group(struct rp_span text, unsigned *value)
{
	size_t n = 0;

	for (*value = 0; n < text.n && n < 4 && hex_digit(text.at[n]) < 16; n++)
		*value = *value << 4 | hex_digit(text.at[n]);
	return n;
}

/* N bytes are there; those behind GAP belong to the end. */
static bool close_gap(uint8_t *out, size_t n, size_t gap)
{
	if (gap == NO_GAP)
		return n == 16;
	if (n == 16)
		return false;
	for (size_t i = 0; i < 16 - gap; i++)
		out[15 - i] = i < n - gap ? out[n - 1 - i] : 0;
	return true;
}

/* RFC 4291 2.2, without a zone. */
static bool read_ip6(uint8_t *out, struct rp_span text)
{
	size_t n = 0, gap = NO_GAP;

	if (text.n >= 2 && text.at[0] == ':' && text.at[1] == ':') {
		gap = 0;
		text.at += 2;
		text.n -= 2;
	}
	while (text.n) {
		unsigned value;
		size_t used = read_group(text, &value);

		if (used < text.n && text.at[used] == '.') /* the last 32 bits in dots */
			return n <= 12 && read_ip4(out + n, text) && close_gap(out, n + 4, gap);
		if (!used || n == 16)
			return false;
		out[n++] = (uint8_t)(value >> 8);
		out[n++] = (uint8_t)value;
		text.at += used;
		text.n -= used;
		if (!text.n)
			break;
		if (*text.at != ':' || text.n == 1)
			return false;
		bool twice = text.at[1] == ':';

		if (twice && gap != NO_GAP)
			return false;
		gap = twice ? n : gap;
		text.at += twice ? 2 : 1;
		text.n -= twice ? 2 : 1;
	}
	return close_gap(out, n, gap);
}

void rp_address_read(struct rp_address *a, struct rp_span text)
{
	if (text.n >= 5 && !memcmp(text.at, "unix:", 5))
		a->kind = RP_ADDRESS_UNIX;
	else if (read_ip4(a->bytes, text))
		a->kind = RP_ADDRESS_IP4;
	else if (read_ip6(a->bytes, text))
		a->kind = RP_ADDRESS_IP6;
	else
		a->kind = RP_ADDRESS_UNKNOWN;
	unsigned n = a->kind == RP_ADDRESS_IP6 ? 16 : a->kind == RP_ADDRESS_IP4 ? 4 : 0;

	memset(a->bytes + n, 0, sizeof(a->bytes) - n);
}

socklen_t rp_address_socket(const struct rp_address *a, struct sockaddr_storage *to)
{
	struct sockaddr_in *in = (void *)to;
	struct sockaddr_in6 *in6 = (void *)to;

	memset(to, 0, sizeof(*to));
	in->sin_port = __builtin_bswap16(a->port); /* where it is in both */
	switch (a->kind) {
	case RP_ADDRESS_UNIX:
		to->ss_family = AF_UNIX;
		return sizeof(to->ss_family);
	case RP_ADDRESS_IP4:
		to->ss_family = AF_INET;
		memcpy(&in->sin_addr, a->bytes, sizeof(in->sin_addr));
		return sizeof(*in);
	case RP_ADDRESS_IP6:
		to->ss_family = AF_INET6;
		memcpy(&in6->sin6_addr, a->bytes, sizeof(in6->sin6_addr));
		return sizeof(*in6);
	default:
		return 0;
	}
}

uint16_t rp_address_port(struct rp_span text)
{
	unsigned value = 0;

	for (size_t i = 0; i < text.n; i++) {
		unsigned digit = (unsigned char)text.at[i] - (unsigned)'0';

		if (digit > 9 || value * 10 + digit > UINT16_MAX)
			return 0;
		value = value * 10 + digit;
	}
	return (uint16_t)value;
}
