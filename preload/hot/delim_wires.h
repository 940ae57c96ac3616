/* delim_wires.h - what a connection may carry besides HTTP/1: FastCGI, SCGI, uwsgi, and the
 * prefaces of the PROXY protocol and of HTTP/2.
 *
 * Room: hot, pure.  Asked by delim_in.c where bytes are no HTTP/1, and by delim_out.c for answers
 * in records.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_WIRES_H
#define RP_HOT_DELIM_WIRES_H

#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"

/* A head at the front of N bytes that lies in one piece.  All of these answer with its bytes, 0
 * when it is not complete, -1 as soon as these bytes cannot become one. */
struct rp_wire_bytes {
	const char *at;
	size_t n;
	char *mine; /* AT, when it may be written to, else NULL */
};

/* The head of whatever D may carry: *D->wire is set as soon as that is known. */
long rp_wires_head(struct rp_delim_in *d, struct rp_wire_bytes b, struct rp_head *head);

/* The netstring of SCGI; the block of uwsgi; "PROXY ..." and its binary form (head->peer). */
long rp_scgi_head(struct rp_wire_bytes b, struct rp_head *head);
long rp_uwsgi_head(struct rp_wire_bytes b, struct rp_head *head);
long rp_proxy_head(struct rp_wire_bytes b, struct rp_head *head);
long rp_preface_head(struct rp_wire_bytes b, struct rp_head *head);

/* FastCGI: from BEGIN_REQUEST to the empty PARAMS.  Variables that lie in several records are put
 * together where they lie: it is not complete in bytes that are not MINE.  SCANNED: 0 at first,
 * kept between calls for the same head. */
long rp_fcgi_head(struct rp_wire_bytes b, uint32_t *scanned, struct rp_head *head);

/* FastCGI behind a head: the body comes in records, and so does the answer.  rp_fcgi_in sets *OVER
 * where the next head may begin; the body may have been told long before that. */
void rp_fcgi_begin_body(struct rp_delim_in *d, const struct rp_head *head);
enum rp_in_event rp_fcgi_in(struct rp_delim_in *d, const char **bytes, size_t *n, bool *over);
enum rp_out_event rp_fcgi_out(struct rp_delim_out *d, const char **bytes, size_t *n,
                              unsigned asked);

#endif
