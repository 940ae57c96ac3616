/* gateway.h - requests and answers as gateways write them: FastCGI, SCGI, uwsgi.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_GATEWAY_H
#define RP_TESTS_GATEWAY_H

#include <stddef.h>

enum { GATEWAY_BYTES = 256 << 10 };

struct gateway {
	size_t n;
	char bytes[GATEWAY_BYTES];
};

/* The types of FastCGI's records. */
enum {
	GATEWAY_BEGIN = 1,
	GATEWAY_ABORT = 2,
	GATEWAY_END = 3,
	GATEWAY_PARAMS = 4,
	GATEWAY_STDIN = 5,
	GATEWAY_STDOUT = 6,
	GATEWAY_STDERR = 7,
};

void gateway_bytes(struct gateway *g, const void *bytes, size_t n);

/* A record of FastCGI with PADDING bytes of rubbish behind its content. */
void gateway_record(struct gateway *g, unsigned type, unsigned id, const void *content, size_t n,
                    unsigned padding);
void gateway_begin(struct gateway *g, unsigned id);
void gateway_end(struct gateway *g, unsigned id);

/* Variables: NAME, VALUE, NAME, VALUE, ..., NULL in each one's spelling.  The whole of them as
 * PARAMS in records of at most PIECE bytes, and the empty one. */
void gateway_params(struct gateway *g, unsigned id, size_t piece, const char *const *variables);
void gateway_scgi(struct gateway *g, const char *const *variables);
void gateway_uwsgi(struct gateway *g, unsigned modifier, const char *const *variables);

#endif
