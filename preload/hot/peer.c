/* peer.c - see peer.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/peer.h"

#include <netinet/in.h>
#include <linux/tcp.h>
#include <string.h>
#include "preload/hot/book.h"
#include "preload/hot/capture.h"
#include "preload/hot/clock.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/conn_slot.h"
#include "preload/hot/current.h"
#include "preload/hot/handed.h"
#include "preload/hot/object.h"
#include "preload/hot/peer_verb.h"
#include "preload/hot/request.h"
#include "preload/hot/sampler.h"
#include "preload/hot/seat.h"
#include "preload/hot/sys.h"
#include "preload/hot/text.h"
#include "preload/hot/turn.h"
#include "preload/place.h"

/* By descriptor; two that share a slot: the later one has it. */
struct peer {
	_Atomic uint32_t busy; /* somebody is in it; another one passes by */
	int fd;                /* -1: nobody's */
	bool asking;           /* not yet answered */
	uint32_t request, serial;
	uint32_t tid, tick;             /* the segment that asked */
	uint32_t linked;                /* serial of the request that this connection was told to */
	uint32_t heard_tid, heard_turn; /* who read the last of the answer, and in which turn */
	uint64_t since_ns;
	bool named;    /* its first bytes were looked at */
	bool several;  /* a question was asked before the one before was answered: which one an
	                  answer is to nobody knows */
	uint16_t port; /* of the other end, 0: not asked yet, or none */
	uint32_t n_asked, n_object;
	char asked[RP_PEER_BYTES], object[RP_OBJECT_BYTES];
	struct rp_note_stack stack;
	uint64_t pc[RP_BLAME_FRAMES];
};

struct rp_await rp_awaits[RP_MAX_AWAITS];

static struct peer peers[RP_MAX_PEERS];
static _Atomic uint32_t n_used; /* ever: nothing to look at before */

/* The slot of FD, for the caller alone; NULL: somebody is in it. */
static struct peer *enter(int fd)
{
	struct peer *p = &peers[(unsigned)fd % RP_MAX_PEERS];

	return atomic_exchange_explicit(&p->busy, 1, memory_order_acquire) ? NULL : p;
}

static void leave(struct peer *p)
{
	atomic_store_explicit(&p->busy, 0, memory_order_release);
}

static bool holds(const struct peer *p, int fd)
{
	return p->serial && p->fd == fd;
}

static void forget(struct peer *p)
{
	if (p->serial && rp_conn_kind(p->fd) == RP_FD_UPSTREAM)
		rp_conn_set_kind(p->fd, RP_FD_SOCKET);
	if (p->serial && p->asking)
		rp_flight_asks(p->request, p->serial, -1);
	p->serial = 0;
}

/* Where it is asked: while the thread still works for the request. */
static void capture(struct rp_self *s, struct peer *p)
{
	struct rp_regs regs;

	rp_regs_here(&regs);
	rp_capture_into(s, &regs, &p->stack, p->pc, RP_BLAME_FRAMES);
}

/* FD belongs to what the calling thread works for; A: where it is being connected to. */
static void own(struct rp_self *s, struct peer *p, int fd, const struct sockaddr *a, socklen_t n)
{
	struct rp_waited what = {
	        .kind = a ? RP_WAIT_CONNECT : RP_WAIT_SEND, .fd = fd, .at = a, .n = a ? n : 0};

	if (p->serial && p->fd != fd)
		forget(p);
	if (p->fd != fd)
		p->linked = 0;
	if (p->fd != fd || a || p->request != s->request || p->serial != s->serial)
		p->several = false;
	if (p->fd != fd || a)
		p->port = 0;
	atomic_store_explicit(&n_used, 1, memory_order_relaxed);
	p->fd = fd;
	p->request = s->request;
	p->serial = s->serial;
	p->tid = s->tid;
	p->tick = s->tick;
	p->asking = true;
	p->named = false;
	p->n_asked = p->n_object = p->stack.n = 0;
	p->since_ns = rp_seat_call_ns();
	rp_conn_set_kind(fd, RP_FD_UPSTREAM);
	rp_flight_asks(p->request, p->serial, fd);
	if (s->armed == RP_ARMED_LIGHT)
		return; /* named when the answer is late */
	p->n_object = (uint32_t)rp_object_name(p->object, sizeof(p->object), &what, p->request);
	capture(s, p);
}

/* The thread works for somebody. */
static bool follows(const struct rp_self *s)
{
	return (s->armed == RP_ARMED && !s->rests_ns) || s->armed == RP_ARMED_LIGHT;
}

/* Before a call: what comes at the other end came after that. */
static void says(struct rp_self *s)
{
	if (s->armed == RP_ARMED ||
	    (atomic_load_explicit(&rp_n_live, memory_order_relaxed) && s->turn.looped))
		s->says_ns = rp_mono_ns();
}

/* Which connection it is, so that the other server's session can be found by it. */
static void tell_link(struct rp_self *s, struct peer *p)
{
	struct rp_note_link link = {.at_ns = s->says_ns};
	struct sockaddr_storage local, remote;
	socklen_t n_local = sizeof(local), n_remote = sizeof(remote);

	if (p->linked == p->serial)
		return;
	p->linked = p->serial;
	if (rp_sys(SYS_getsockname, p->fd, &local, &n_local) != 0 ||
	    rp_sys(SYS_getpeername, p->fd, &remote, &n_remote) != 0)
		return;
	link.n_local = (uint32_t)rp_object_address(link.local, sizeof(link.local),
	                                           (const void *)&local, n_local);
	link.n_remote = (uint32_t)rp_object_address(link.remote, sizeof(link.remote),
	                                            (const void *)&remote, n_remote);
	rp_track_push(s->track, RP_NOTE_LINK, &link, sizeof(link), NULL, 0, NULL, 0);
}

static bool is_own(const struct rp_self *s, const struct peer *p)
{
	return follows(s) && p->request == s->request && p->serial == s->serial;
}

/* Data went out on FD, and came back since: whoever asked last has been answered. */
static bool is_idle(int fd)
{
	struct tcp_info info;
	socklen_t n = sizeof(info);

	memset(&info, 0, sizeof(info));
	return rp_sys(SYS_getsockopt, fd, IPPROTO_TCP, TCP_INFO, &info, &n) == 0 &&
	       info.tcpi_bytes_acked > 1 && info.tcpi_bytes_received &&
	       info.tcpi_last_data_recv <= info.tcpi_last_data_sent;
}

/* A look whether a connection on which everybody was answered may be used again: by whoever the
 * turn belongs to, if it is one's.  Nothing is read. */
static bool is_trial(const struct rp_self *s, int fd, int flags)
{
	return flags & MSG_PEEK && follows(s) &&
	       (s->turn.kind == RP_TURN_ONE || rp_request_is_alone(s->request)) && is_idle(fd);
}

/* In a loop what is read on somebody else's socket is for somebody else; and where several events
 * came at once, a socket that waits for an answer, or never had one, may be written to by that
 * somebody. */
void rp_peer_strange(int fd, bool reads, int flags)
{
	struct rp_self *s = &rp_self;

	if (!reads) {
		says(s);
		if (rp_handed_asks())
			rp_current_leave();
	}
	if (!follows(s) || !rp_coroutine_in_loop(s) || (rp_current_is_told(s) && !reads) ||
	    is_trial(s, fd, flags))
		return;
	if (reads ||
	    (s->turn.kind != RP_TURN_ONE && !rp_request_is_alone(s->request) && !is_idle(fd)))
		rp_current_leave();
}

/* A second question in the turn that read the answer to the first: by whoever asked, or by
 * somebody who has waited for the connection to be free. */
static bool may_be_anybodys(const struct rp_self *s, const struct peer *p)
{
	return !p->asking && p->heard_tid == s->tid && p->heard_turn == s->turn.number &&
	       !rp_request_is_alone(p->request);
}

/* What becomes of the thread S that is about to READ, or write, where P asked. */
enum touch { STAYS, ENTERS, LEAVES, FORGETS };

static enum touch judge(const struct rp_self *s, const struct peer *p, int fd, bool reads)
{
	if (rp_current_is_told(s)) /* by who writes; what is read may be another one's */
		return reads && !(holds(p, fd) && is_own(s, p)) ? LEAVES : STAYS;
	bool may_be_handed = !reads && rp_handed_asks();

	if (!holds(p, fd) || !rp_request_lives(p->request, p->serial))
		return reads || may_be_handed ? LEAVES : STAYS;
	if (may_be_handed || (!reads && may_be_anybodys(s, p)))
		return FORGETS;
	if (is_own(s, p))
		return STAYS;
	if (!reads && follows(s))
		return p->asking ? FORGETS : STAYS;
	/* Who has been answered there may have given it back: anybody asks next. */
	if (!reads && !p->asking && !rp_request_is_alone(p->request))
		return LEAVES;
	return rp_handed_allows(p->request) && rp_turn_allows(p->request, RP_BY_UPSTREAM, reads)
	               ? ENTERS
	               : LEAVES;
}

void rp_peer_touch(int fd, bool reads, int flags)
{
	struct rp_self *s = &rp_self;

	if (!reads)
		says(s);
	struct peer *p = rp_coroutine_in_loop(s) && !is_trial(s, fd, flags) ? enter(fd) : NULL;

	if (!p)
		return;
	enum touch touch = judge(s, p, fd, reads);
	struct rp_handoff handoff = {p->request, p->serial, .by = RP_BY_UPSTREAM, .tid = p->tid,
	                             .at_ns = p->since_ns};

	if (touch == FORGETS)
		forget(p);
	leave(p);
	if (touch == ENTERS)
		rp_current_take(&handoff);
	else if (touch != STAYS)
		rp_current_leave();
}

void rp_peer_connected(int fd, const struct sockaddr *a, socklen_t n)
{
	struct rp_self *s = &rp_self;
	struct peer *p;

	if (!follows(s) || (unsigned)fd >= RP_MAX_FDS)
		return;
	if (rp_handed_asks()) {
		rp_current_leave();
		return;
	}
	if (!(p = enter(fd)))
		return;
	if (!holds(p, fd) || !p->asking || p->request != s->request || p->serial != s->serial)
		own(s, p, fd, a, n);
	leave(p);
}

static uint16_t port_of(int fd)
{
	struct sockaddr_in6 a; /* the port is where IPv4 has it */
	socklen_t n = sizeof(a);

	if (rp_sys(SYS_getpeername, fd, &a, &n) != 0 || n < sizeof(struct sockaddr_in) ||
	    (a.sin6_family != AF_INET && a.sin6_family != AF_INET6))
		return 0;
	return __builtin_bswap16(a.sin6_port);
}

/* Bytes that begin a question, and another one than that which waits for its answer, ask anew;
 * other bytes are its body. */
static void name(struct peer *p, const struct iovec *iov, size_t n_iov, size_t n)
{
	char asked[RP_PEER_BYTES];

	while (n_iov && !iov->iov_len) {
		iov++;
		n_iov--;
	}
	if (p->several || !n_iov || !iov->iov_base)
		return;
	p->port = p->port ? p->port : port_of(p->fd);
	size_t n_asked = rp_peer_verb(asked, sizeof(asked), iov->iov_base,
	                              iov->iov_len < n ? iov->iov_len : n, p->port);

	if (p->named && n_asked &&
	    (n_asked != p->n_asked || memcmp(asked, p->asked, n_asked) != 0)) {
		p->several = true;
		p->n_asked = 0;
	} else if (!p->named) {
		memcpy(p->asked, asked, n_asked);
		p->n_asked = (uint32_t)n_asked;
	}
	p->named = true;
}

void rp_peer_said(int fd, const struct iovec *iov, size_t n_iov, size_t n)
{
	struct rp_self *s = &rp_self;
	bool armed = follows(s);
	struct peer *p = (unsigned)fd < RP_MAX_FDS ? enter(fd) : NULL;

	if (!p)
		return;
	/* A new question after an answer, or by somebody else: of whoever writes it now. */
	if (!holds(p, fd) || !p->asking || !rp_request_lives(p->request, p->serial) ||
	    (armed && (p->request != s->request || p->serial != s->serial))) {
		if (armed)
			own(s, p, fd, NULL, 0);
		else if (holds(p, fd))
			forget(p);
	}
	if (holds(p, fd)) {
		if (!armed)
			p->tick = 0;
		if (s->armed == RP_ARMED && is_own(s, p))
			tell_link(s, p);
		name(p, iov, n_iov, n);
	}
	leave(p);
}

/* The thread that asked has stayed with the request until the answer: its waits tell it. */
static bool stayed(const struct peer *p)
{
	const struct rp_self *s = &rp_self;

	return follows(s) && s->tid == p->tid && s->tick == p->tick;
}

static void fill(struct rp_await *a, const struct peer *p, uint64_t over_ns)
{
	struct rp_line l = {a->wait.object, 0, sizeof(a->wait.object)};

	a->request = p->request;
	a->serial = p->serial;
	a->tid = p->tid;
	a->wait = (struct rp_note_wait){.at_ns = p->since_ns, .span_ns = over_ns - p->since_ns};
	rp_line_bytes(&l, p->object, p->n_object);
	if (p->n_asked)
		rp_line_byte(&l, ' ');
	rp_line_bytes(&l, p->asked, p->n_asked);
	a->wait.n_object = (uint32_t)l.n;
	a->stack = p->stack;
	memcpy(a->pc, p->pc, p->stack.n * sizeof(*p->pc));
}

/* The same of a request that nobody flagged. */
static void note(const struct peer *p, uint64_t over_ns)
{
	struct rp_note_wait n = {.at_ns = p->since_ns, .span_ns = over_ns - p->since_ns};
	struct rp_waited what = {.kind = RP_WAIT_RECV, .fd = p->fd};
	struct rp_line l = {n.object, 0, sizeof(n.object)};

	if (n.span_ns < RP_CAUGHT_WAIT_NS || !rp_flight_lives(p->request, p->serial))
		return;
	l.n = rp_object_name(n.object, sizeof(n.object), &what, RP_REQUEST_CAUGHT);
	if (p->n_asked)
		rp_line_byte(&l, ' ');
	rp_line_bytes(&l, p->asked, p->n_asked);
	n.n_object = (uint32_t)l.n;
	if (!rp_book_note((struct rp_book_for){p->request, p->serial, p->tid}, RP_NOTE_AWAIT, &n,
	                  rp_book_wait_bytes(&n), NULL, 0, NULL))
		atomic_fetch_add(&rp_book_of(p->request)->lost_waits, 1);
}

/* The await of P ended at OVER_NS, or with its request. */
static void tell(const struct peer *p, uint64_t over_ns)
{
	uint64_t request_over_ns = rp_request_over_ns(p->request, p->serial);

	if (p->request >= RP_REQUEST_FLIGHTS) {
		note(p, over_ns);
		return;
	}
	if (atomic_load(&rp_requests[p->request].serial) != p->serial)
		return;
	over_ns = request_over_ns < over_ns ? request_over_ns : over_ns;
	if (over_ns < p->since_ns + RP_WAIT_SHORT_NS)
		return;
	for (unsigned i = 0; i < RP_MAX_AWAITS; i++) {
		uint32_t none = RP_AWAIT_FREE;

		if (atomic_load_explicit(&rp_awaits[i].state, memory_order_relaxed) ||
		    !atomic_compare_exchange_strong(&rp_awaits[i].state, &none, RP_AWAIT_FILLING))
			continue;
		fill(&rp_awaits[i], p, over_ns);
		atomic_store_explicit(&rp_awaits[i].state, RP_AWAIT_FULL, memory_order_release);
		return;
	}
	rp_request_drop(&rp_requests[p->request], RP_DROP_lost_waits, 1);
}

void rp_peer_heard(int fd)
{
	struct peer *p = (unsigned)fd < RP_MAX_FDS ? enter(fd) : NULL;

	if (!p)
		return;
	if (!holds(p, fd)) {
		rp_conn_set_kind(fd, RP_FD_SOCKET);
	} else if (p->asking) {
		if (!stayed(p))
			tell(p, rp_mono_ns());
		if (p->request >= RP_REQUEST_FLIGHTS && rp_flight_lives(p->request, p->serial))
			atomic_fetch_add(&rp_book_of(p->request)->upstreams, 1);
		p->asking = false;
		rp_flight_asks(p->request, p->serial, -1);
	}
	if (holds(p, fd) && rp_request_lives(p->request, p->serial))
		rp_handed_answered(p->request);
	p->heard_tid = rp_self.tid;
	p->heard_turn = rp_self.turn.number;
	leave(p);
}

/* Not every datagram wants an answer. */
static bool is_stream(int fd)
{
	int type = 0;
	socklen_t n = sizeof(type);

	return rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 &&
	       type == SOCK_STREAM;
}

void rp_peer_gone(int fd)
{
	struct peer *p = (unsigned)fd < RP_MAX_FDS ? enter(fd) : NULL;

	if (!p)
		return;
	if (holds(p, fd)) {
		if (p->asking && !stayed(p) && is_stream(fd))
			tell(p, rp_mono_ns());
		if (p->asking)
			rp_flight_asks(p->request, p->serial, -1);
		p->serial = p->linked = 0;
	}
	leave(p);
}

/* More bytes that go out may be of the same question: of POST, PUT, PATCH. */
static bool has_body(const struct peer *p)
{
	return p->n_asked > 1 && p->asked[0] == 'P' && p->asked[1] != 'R';
}

size_t rp_peer_asked(int fd, uint32_t request, bool says, char *text, size_t cap)
{
	struct peer *p = rp_conn_kind(fd) == RP_FD_UPSTREAM ? enter(fd) : NULL;
	size_t n = 0;

	if (!p)
		return 0;
	/* The slot may be another request's by now: what was asked is the earlier one's. */
	if (holds(p, fd) && p->request == request && (!says || (p->asking && has_body(p))) &&
	    rp_request_lives(p->request, p->serial)) {
		n = p->n_asked < cap ? p->n_asked : cap;
		memcpy(text, p->asked, n);
	}
	leave(p);
	return n;
}

RP_EARLY void rp_peer_forked(void)
{
	if (!atomic_load(&n_used))
		return;
	for (unsigned i = 0; i < RP_MAX_PEERS; i++) {
		forget(&peers[i]);
		atomic_store(&peers[i].busy, 0);
	}
	for (unsigned i = 0; i < RP_MAX_AWAITS; i++)
		atomic_store(&rp_awaits[i].state, RP_AWAIT_FREE);
}
