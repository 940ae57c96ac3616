/* delim_cgi.h - a request head from CGI's variables (RFC 3875), as gateways hand it on.
 *
 * Room: hot, pure.  SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_DELIM_CGI_H
#define RP_HOT_DELIM_CGI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "preload/hot/delim.h"

/* A head that is being read; zero but for its HEAD. */
struct rp_cgi {
	struct rp_head *head;
	struct rp_span script; /* the target where REQUEST_URI does not say it */
	bool bad;
};

/* Empties HEAD for variables that come over WIRE. */
void rp_cgi_begin(struct rp_cgi *c, struct rp_head *head, enum rp_wire wire);

/* One variable.  Its text stays where it is, and HEAD points there. */
void rp_cgi_take(struct rp_cgi *c, struct rp_span name, struct rp_span value);

/* All are told.  False: they make no request. */
bool rp_cgi_end(struct rp_cgi *c);

#endif
