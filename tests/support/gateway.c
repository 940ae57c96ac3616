/* gateway.c - see gateway.h.  SPDX-License-Identifier: MIT */
#include "tests/support/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void gateway_bytes(struct gateway *g, const void *bytes, size_t n)
{
	if (n > sizeof(g->bytes) - g->n)
		abort();
	if (n)
		memcpy(g->bytes + g->n, bytes, n);
	g->n += n;
}

static void put_byte(struct gateway *g, size_t byte)
{
	char c = (char)byte;

	gateway_bytes(g, &c, 1);
}

void gateway_record(struct gateway *g, unsigned type, unsigned id, const void *content, size_t n,
                    unsigned padding)
{
	const unsigned char head[8] = {1,
	                               (unsigned char)type,
	                               (unsigned char)(id >> 8),
	                               (unsigned char)id,
	                               (unsigned char)(n >> 8),
	                               (unsigned char)n,
	                               (unsigned char)padding,
	                               0x5a};

	gateway_bytes(g, head, sizeof(head));
	gateway_bytes(g, content, n);
	while (padding--)
		put_byte(g, 0xa5);
}

void gateway_begin(struct gateway *g, unsigned id)
{
	gateway_record(g, GATEWAY_BEGIN, id, "\0\1\1\0\0\0\0\0", 8, 0);
}

void gateway_end(struct gateway *g, unsigned id)
{
	gateway_record(g, GATEWAY_END, id, "\0\0\0\0\0\0\0\0", 8, 0);
}

static void put_length(struct gateway *g, size_t n)
{
	if (n > 127) {
		put_byte(g, n >> 24 | 0x80);
		put_byte(g, n >> 16);
		put_byte(g, n >> 8);
	}
	put_byte(g, n);
}

void gateway_params(struct gateway *g, unsigned id, size_t piece, const char *const *variables)
{
	static struct gateway all;

	for (all.n = 0; *variables; variables += 2) {
		size_t n_name = strlen(variables[0]), n_value = strlen(variables[1]);

		put_length(&all, n_name);
		put_length(&all, n_value);
		gateway_bytes(&all, variables[0], n_name);
		gateway_bytes(&all, variables[1], n_value);
	}
	for (size_t at = 0; at < all.n; at += piece)
		gateway_record(g, GATEWAY_PARAMS, id, all.bytes + at,
		               all.n - at < piece ? all.n - at : piece, at / piece % 5);
	gateway_record(g, GATEWAY_PARAMS, id, "", 0, 0);
}

void gateway_scgi(struct gateway *g, const char *const *variables)
{
	size_t n = 0;
	char head[24];

	for (const char *const *v = variables; *v; v++)
		n += strlen(*v) + 1;
	gateway_bytes(g, head, (size_t)snprintf(head, sizeof(head), "%zu:", n));
	for (; *variables; variables++)
		gateway_bytes(g, *variables, strlen(*variables) + 1);
	put_byte(g, ',');
}

void gateway_uwsgi(struct gateway *g, unsigned modifier, const char *const *variables)
{
	size_t n = 0;

	for (const char *const *v = variables; *v; v++)
		n += 2 + strlen(*v);
	put_byte(g, modifier);
	put_byte(g, n);
	put_byte(g, n >> 8);
	put_byte(g, 0);
	for (; *variables; variables++) {
		put_byte(g, strlen(*variables));
		put_byte(g, strlen(*variables) >> 8);
		gateway_bytes(g, *variables, strlen(*variables));
	}
}
