/* gate.c - see gate.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/gate.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include "preload/hot/clock.h"
#include "preload/hot/conn.h"
#include "preload/hot/drops.h"
#include "preload/hot/mask.h"
#include "preload/hot/nonces.h"
#include "preload/hot/permit.h"
#include "preload/hot/sys.h"
#include "preload/real.h"
#include "preload/settings.h"

enum { CLIENT_FLOOR_NS = 100000 }; /* a client never gets a shorter interval than this */

bool (*rp_gate_start)(void);

/* Token bucket as one number: the time at which the bucket is full again (GCRA). */
bool rp_gate_within(_Atomic uint64_t *full_at_ns, uint64_t now_ns, enum rp_drop drop)
{
	uint64_t each_ns = rp_settings.rate_milli ? 1000000000000u / rp_settings.rate_milli : 0;
	uint64_t was = atomic_load(full_at_ns), next;

	do {
		next = (was > now_ns ? was : now_ns) + each_ns;
		if (next - now_ns > each_ns * rp_settings.burst) {
			rp_drop(drop);
			return false;
		}
	} while (!atomic_compare_exchange_weak(full_at_ns, &was, next));
	return true;
}

/* A token lets in one request of this process. */
static enum rp_refusal use_up(const struct rp_token *token, uint64_t now_s)
{
	switch (rp_nonce_take(token->nonce, (uint32_t)token->exp_s + RP_TOKEN_SKEW_S,
	                      (uint32_t)now_s)) {
	case RP_NONCE_NEW:
		return RP_REFUSAL_NONE;
	case RP_NONCE_FULL:
		return RP_REFUSAL_many;
	default:
		return RP_REFUSAL_replayed;
	}
}

static uint64_t interval_ns(const struct rp_trigger *t)
{
	if (!t->interval_ns)
		return rp_settings.interval_ns;
	return t->interval_ns > CLIENT_FLOOR_NS ? t->interval_ns : CLIENT_FLOOR_NS;
}

/* When the kernel got the last bytes of FD, to one of its ticks (CONFIG_HZ: 1 to 10 ms). */
static uint64_t arrived_ns(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	memset(&info, 0, sizeof(info));
	if (rp_sys(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &n) != 0)
		return RP_NEVER;
	return rp_mono_ns() - info.tcpi_last_data_recv * 1000000ull;
}

/* Who has connected a Unix socket. */
static uint32_t pid_of(int fd, const struct sockaddr_storage *peer)
{
	struct ucred who = {.pid = 0};
	socklen_t n = sizeof(who);

	if (peer->ss_family != AF_UNIX ||
	    rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_PEERCRED, &who, &n) != 0)
		return 0;
	return (uint32_t)who.pid;
}

static struct rp_request *open_request(int fd, const struct rp_trigger *t,
                                       const struct sockaddr_storage *peer, socklen_t n_peer)
{
	struct rp_request *r = rp_request_claim(rp_settings.concurrent);

	if (!r)
		return NULL;
	r->peer = *peer;
	r->n_peer = n_peer;
	r->n_local = sizeof(r->local);
	if (rp_sys(SYS_getsockname, fd, &r->local, &r->n_local) != 0)
		r->n_local = 0;
	r->peer_pid = pid_of(fd, peer);
	r->interval_ns = interval_ns(t);
	r->arrived_ns = arrived_ns(fd);
	r->wall_ns = rp_wall_ns();
	rp_mask_pick();
	if (!rp_gate_start || !rp_gate_start()) {
		rp_drop(RP_DROP_no_thread);
		rp_request_free(r);
		return NULL;
	}
	return r;
}

static bool within_rate(uint64_t now_ns)
{
	static _Atomic uint64_t full_at_ns;

	return rp_gate_within(&full_at_ns, now_ns, RP_DROP_over_rate);
}

/* Told once a minute where somebody reads it.  Our thread writes the line. */
static void tell(enum rp_refusal why, const struct rp_permit *p, uint64_t now_ns)
{
	if (rp_refuse(why, p->has_client ? &p->client : NULL, now_ns) && rp_settings.log[0] &&
	    rp_gate_start)
		(void)rp_gate_start();
}

/* T may be recorded, in the mode that it has then; else it is what its route says, or nothing. */
static bool is_allowed(const struct rp_head *head, struct rp_trigger *t,
                       const struct sockaddr_storage *peer, uint64_t now_ns)
{
	struct rp_permit p;
	uint64_t now_s = rp_wall_ns() / 1000000000;

	rp_permit(&p, head, t, peer, now_s);
	if (!p.why && !within_rate(now_ns))
		return false;
	if (!p.why && p.has_token)
		p.why = use_up(&p.token, now_s);
	if (!p.why) {
		t->mode = p.mode;
		if (p.doubt)
			tell(p.doubt, &p, now_ns);
		return true;
	}
	rp_drop(RP_DROP_refused);
	tell(p.why, &p, now_ns);
	if (!t->routed)
		return false;
	*t = (struct rp_trigger){.kind = RP_TRIGGER_ROUTE, .routed = true};
	return within_rate(now_ns);
}

struct rp_request *rp_gate_admit(int fd, const struct rp_head *head, uint64_t first_ns,
                                 uint64_t accepted_ns)
{
	struct rp_trigger t;
	struct sockaddr_storage peer;
	socklen_t n_peer = sizeof(peer);

	if (rp_likely(rp_trigger_judge(&rp_settings.rules, head, &t) == RP_TRIGGER_NONE))
		return NULL;
	if (!rp_awake || rp_self.ours || !rp_conn_own_process() ||
	    rp_sys(SYS_getpeername, fd, &peer, &n_peer) != 0)
		return NULL; /* not a connected socket: nobody to serve */
	if (!is_allowed(head, &t, &peer, rp_mono_ns()))
		return NULL;
	uint64_t now_ns = rp_mono_ns(), cpu_ns = rp_cpu_ns();
	struct rp_request *r = open_request(fd, &t, &peer, n_peer);

	if (!r)
		return NULL;
	rp_self.gate_serial = atomic_load(&r->serial);
	rp_self.gate_ns = now_ns;
	rp_self.gate_cpu_ns = cpu_ns;
	r->client = head->peer;
	atomic_store(&r->course.accepted_ns, accepted_ns);
	rp_request_open(r, head, &t, first_ns ? first_ns : now_ns, now_ns);
	return r;
}
