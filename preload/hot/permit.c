/* permit.c - see permit.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/permit.h"

#include <string.h>
#include "preload/hot/delim_framing.h"
#include "preload/hot/nonces.h"
#include "preload/settings.h"

/* The last address of "a, b, c" that is no trusted proxy's: the proxies wrote all behind it.
 * False: there is none, or it is no address. */
static bool read_forwarded(struct rp_ip *ip, struct rp_span list)
{
	while (list.n) {
		size_t n = 0;

		while (n < list.n && list.at[list.n - 1 - n] != ',')
			n++;
		struct rp_span part = {list.at + list.n - n, n};
		struct rp_address a = {0};

		list.n -= n < list.n ? n + 1 : n;
		rp_address_read(&a, rp_framing_trim(part));
		if (a.kind == RP_ADDRESS_UNIX || !rp_ip_of_address(ip, &a))
			return false;
		if (!rp_networks_hold(&rp_settings.proxies, ip))
			return true;
	}
	return false;
}

/* False: somebody in between hides the client.  A gateway's word for where its client is counts
 * beside its own address, never instead of it: anybody can say that he speaks for somebody on
 * this machine. */
static bool find_client(struct rp_permit *p, const struct rp_head *head,
                        const struct sockaddr_storage *peer)
{
	struct rp_ip *ip = &p->client;

	p->has_client = rp_ip_of_socket(ip, peer);
	if (!p->has_client)
		return false;
	if (head->peer.kind != RP_ADDRESS_NONE) {
		if (!rp_ip_is_loopback(ip) && !rp_networks_hold(&rp_settings.proxies, ip))
			return false;
		if (!rp_ip_of_address(ip, &head->peer))
			return false;
	}
	if (!head->forwarded)
		return true;
	return rp_networks_hold(&rp_settings.proxies, ip) &&
	       read_forwarded(ip, head->forwarded_for);
}

static enum rp_refusal refusal_of(enum rp_token_verdict verdict)
{
	static const enum rp_refusal WHY[] = {[RP_TOKEN_UNKNOWN] = RP_REFUSAL_unknown,
	                                      [RP_TOKEN_FORGED] = RP_REFUSAL_forged,
	                                      [RP_TOKEN_EXPIRED] = RP_REFUSAL_expired,
	                                      [RP_TOKEN_EARLY] = RP_REFUSAL_early};

	return WHY[verdict];
}

/* A secret, or a token made with one. */
static enum rp_refusal judge_key(struct rp_permit *p, const struct rp_trigger *t, uint64_t now_s,
                                 enum rp_scope *scope)
{
	const struct rp_trigger_rules *rules = &rp_settings.rules;
	enum rp_token_verdict verdict = rp_token_read(&p->token, t->key.at, t->key.n,
	                                              rules->secrets, rules->n_secrets, now_s);

	*scope = RP_SCOPE_HTML;
	if (verdict == RP_TOKEN_ALIEN) {
		if (rp_trigger_secret_ok(rules, t->key))
			return RP_REFUSAL_NONE;
		return t->key.n ? RP_REFUSAL_wrong_key : RP_REFUSAL_no_key;
	}
	if (verdict != RP_TOKEN_GOOD)
		return refusal_of(verdict);
	*scope = p->token.scope;
	p->has_token = true;
	if (!rp_token_covers(&p->token, t->path.at, t->path.n))
		return RP_REFUSAL_path;
	if (t->named && rp_modes[t->mode].scope > *scope)
		return RP_REFUSAL_scope;
	switch (rp_nonce_look(p->token.nonce, (uint32_t)p->token.exp_s + RP_TOKEN_SKEW_S,
	                      (uint32_t)now_s)) {
	case RP_NONCE_USED:
		return RP_REFUSAL_replayed;
	case RP_NONCE_FULL:
		return RP_REFUSAL_many;
	default:
		return RP_REFUSAL_NONE;
	}
}

/* HOST, as the client wrote it, is a name that only this machine can have: a page elsewhere whose
 * own name leads here (DNS rebinding) has another one.  Without a Host it is no browser. */
static bool is_own_name(struct rp_span host)
{
	static const char OWN[] = ".localhost";
	size_t n = host.n;
	struct rp_address a = {0};
	struct rp_ip ip;

	if (!host.n)
		return true;
	if (host.at[0] == '[') {
		const char *end = memchr(host.at, ']', host.n);

		n = end ? (size_t)(end - host.at - 1) : 0;
		host.at++;
	} else {
		const char *colon = memchr(host.at, ':', host.n);

		n = colon ? (size_t)(colon - host.at) : n;
	}
	rp_address_read(&a, (struct rp_span){host.at, n});
	if (a.kind == RP_ADDRESS_IP4 || a.kind == RP_ADDRESS_IP6)
		return rp_ip_of_address(&ip, &a) && rp_ip_is_loopback(&ip);
	if (n >= sizeof(OWN) - 1 &&
	    rp_framing_same((struct rp_span){host.at + n - (sizeof(OWN) - 1), sizeof(OWN) - 1},
	                    OWN))
		return true;
	return rp_framing_same((struct rp_span){host.at, n}, OWN + 1);
}

/* Without a secret: this machine, or who is listed. */
static enum rp_refusal judge_place(struct rp_permit *p, const struct rp_head *head, bool seen,
                                   enum rp_scope *scope)
{
	bool local = seen && rp_ip_is_loopback(&p->client);

	*scope = RP_SCOPE_SAVE;
	if (!seen)
		return p->has_client && !rp_ip_is_loopback(&p->client) ? RP_REFUSAL_peer
		                                                       : RP_REFUSAL_proxy;
	if (!local && !rp_settings.allow.given)
		return RP_REFUSAL_peer;
	if (local && !head->forwarded && rp_settings.open_loopback) {
		if (is_own_name(head->host))
			*scope = RP_SCOPE_HTML;
		else
			p->doubt = RP_REFUSAL_host;
	}
	return RP_REFUSAL_NONE;
}

static enum rp_refusal judge(struct rp_permit *p, const struct rp_head *head,
                             const struct rp_trigger *t, const struct sockaddr_storage *peer,
                             uint64_t now_s, enum rp_scope *scope)
{
	*scope = RP_SCOPE_SAVE;
	if (t->kind == RP_TRIGGER_ROUTE)
		return RP_REFUSAL_NONE; /* the server owner's own wish */
	bool seen = find_client(p, head, peer);

	if (rp_settings.allow.given && !seen)
		return RP_REFUSAL_proxy;
	if (rp_settings.allow.given && !rp_networks_hold(&rp_settings.allow, &p->client))
		return RP_REFUSAL_network;
	if (rp_settings.rules.has_secret)
		return judge_key(p, t, now_s, scope);
	return judge_place(p, head, seen, scope);
}

void rp_permit(struct rp_permit *p, const struct rp_head *head, const struct rp_trigger *t,
               const struct sockaddr_storage *peer, uint64_t now_s)
{
	enum rp_scope scope;

	memset(p, 0, sizeof(*p));
	p->why = judge(p, head, t, peer, now_s, &scope);
	p->mode = t->mode;
	if (rp_modes[p->mode].scope <= scope)
		p->doubt = RP_REFUSAL_NONE;
	if (rp_modes[p->mode].scope > scope ||
	    (rp_settings.keep_answers && rp_modes[p->mode].replaces))
		p->mode = RP_MODE_SAVE;
}
