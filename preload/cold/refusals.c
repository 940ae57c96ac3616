/* refusals.c - see refusals.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/refusals.h"

#include <string.h>
#include "preload/cold/log.h"
#include "preload/hot/refusal.h"
#include "preload/hot/text.h"

static const struct {
	const char *name, *text;
} words[RP_N_REFUSALS] = {
#define REFUSAL(name, text) [RP_REFUSAL_##name] = {#name, text},
#include "preload/refusals.def"
};

/* "peer 2, no_key 15". */
static void count_all(struct rp_line *l)
{
	for (unsigned i = RP_REFUSAL_NONE + 1; i < RP_N_REFUSALS; i++) {
		uint64_t n = atomic_load(&rp_refusals[i]);

		if (!n)
			continue;
		if (l->n)
			rp_line_text(l, ", ");
		rp_line_text(l, words[i].name);
		rp_line_byte(l, ' ');
		rp_line_number(l, n, 10);
	}
}

static void put_client(struct rp_line *l, const struct rp_ip *ip)
{
	static const struct rp_ip NOBODY;
	const uint8_t *b = ip->bytes;
	struct rp_networks mapped;

	(void)rp_networks_parse(&mapped, (struct rp_span){"::ffff:0:0/96", 13});
	if (!memcmp(ip, &NOBODY, sizeof(*ip))) {
		rp_line_text(l, "somebody");
	} else if (rp_networks_hold(&mapped, ip)) {
		for (unsigned i = 12; i < 16; i++) {
			rp_line_number(l, b[i], 10);
			if (i < 15)
				rp_line_byte(l, '.');
		}
	} else {
		for (unsigned i = 0; i < 16; i += 2) {
			rp_line_number(l, (uint64_t)b[i] << 8 | b[i + 1], 16);
			if (i < 14)
				rp_line_byte(l, ':');
		}
	}
	rp_line_byte(l, 0);
}

void rp_refusals_tell(void)
{
	char counts[256], client[64];
	struct rp_line l = {counts, 0, sizeof(counts) - 1}, from = {client, 0, sizeof(client)};
	enum rp_refusal why;
	struct rp_ip ip;

	if (!rp_refusal_take(&why, &ip))
		return;
	count_all(&l);
	counts[l.n] = '\0';
	put_client(&from, &ip);
	rp_log("a trigger of ", client,
	       why == RP_REFUSAL_host ? " saves: " : " was refused: ", words[why].text,
	       "; so far: ", counts, NULL);
}
