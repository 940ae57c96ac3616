/* permit.h - who asks, and what may he: the judgement of the gate, without its bounds.
 *
 * Room: hot.  Reads settings and the used tokens; changes nothing.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PERMIT_H
#define RP_HOT_PERMIT_H

#include <sys/socket.h>
#include "preload/hot/refusal.h"
#include "preload/hot/trigger.h"
#include "store/token.h"

struct rp_permit {
	enum rp_refusal why;   /* RP_REFUSAL_NONE: he may */
	enum rp_refusal doubt; /* why a mode became SAVE, where that is worth a line */
	enum rp_mode mode;
	bool has_token; /* to be used up */
	struct rp_token token;
	bool has_client;
	struct rp_ip client; /* as far as it is known */
};

/* Judges trigger T of HEAD, which PEER sent, at NOW_S. */
void rp_permit(struct rp_permit *p, const struct rp_head *head, const struct rp_trigger *t,
               const struct sockaddr_storage *peer, uint64_t now_s);

#endif
