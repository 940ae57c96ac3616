/* answer.c - which answers are replaced, from the flagged head to the connection's death.  See
 * answer.h.
 *
 * Room: hot.  What is swallowed and queued: answer_out.c.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/answer.h"

#include <linux/futex.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include "preload/hot/clock.h"
#include "preload/hot/delim_framing.h"
#include "preload/hot/sys.h"

enum { TAKE_MS = 100 };

struct rp_answer rp_answers[RP_MAX_ANSWERS];
bool (*rp_answer_start)(struct rp_answer *a);

static _Atomic uint32_t numbers;

static void wake(_Atomic uint32_t *word)
{
	rp_sys(SYS_futex, word, FUTEX_WAKE_PRIVATE, RP_MAX_ANSWERS);
}

static void ring(struct rp_answer *a)
{
	atomic_fetch_add(&a->bell, 1);
	wake(&a->bell);
}

void rp_answer_set(struct rp_answer *a, enum rp_answer_state state)
{
	atomic_store(&a->state, state);
	ring(a);
}

/* A is one of C's: its memory stays while it is held. */
static bool hold(struct rp_answer *a, const struct rp_conn *c)
{
	if (atomic_load_explicit(&a->conn, memory_order_relaxed) != c)
		return false;
	atomic_fetch_add(&a->holders, 1);
	if (atomic_load(&a->conn) == c && atomic_load(&a->state) != RP_ANSWER_FREE)
		return true;
	rp_answer_let(a);
	return false;
}

void rp_answer_let(struct rp_answer *a)
{
	atomic_fetch_sub(&a->holders, 1);
}

struct rp_answer *rp_answer_hold(struct rp_conn *c, uint32_t request, uint32_t serial)
{
	for (unsigned i = 0; serial && i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		if (a->request == request && a->serial == serial)
			return a;
		rp_answer_let(a);
	}
	return NULL;
}

struct rp_answer *rp_answer_hold_due(struct rp_conn *c)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		if (a->tls && atomic_load(&a->state) == RP_ANSWER_DUE)
			return a;
		rp_answer_let(a);
	}
	return NULL;
}

static bool takes_more(struct rp_answer *a)
{
	uint32_t state = atomic_load(&a->state);

	return !a->tls && (state == RP_ANSWER_DUE || state == RP_ANSWER_LEFT) &&
	       atomic_load(&a->taken) == RP_TAKEN_YES && !(atomic_load(&a->queued) & RP_QUEUE_OVER);
}

struct rp_answer *rp_answer_hold_last(struct rp_conn *c)
{
	struct rp_answer *last = NULL;

	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		if (!takes_more(a) || (last && last->number > a->number)) {
			rp_answer_let(a);
			continue;
		}
		if (last)
			rp_answer_let(last);
		last = a;
	}
	return last;
}

static uint32_t newest_on(struct rp_conn *c)
{
	uint32_t newest = 0;

	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].conn) == c && rp_answers[i].number > newest &&
		    atomic_load(&rp_answers[i].state) != RP_ANSWER_FREE)
			newest = rp_answers[i].number;
	return newest;
}

static struct rp_answer *claim(void)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		uint32_t none = RP_ANSWER_FREE;

		if (atomic_compare_exchange_strong(&rp_answers[i].state, &none, RP_ANSWER_WANTED))
			return &rp_answers[i];
	}
	return NULL;
}

static bool is_idempotent(struct rp_span method)
{
	static const char *const words[] = {"get", "put", "delete", "options", "query"};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (rp_framing_same(method, words[i]))
			return true;
	return false;
}

/* The host hears of each call when the kernel is done with its bytes (MSG_ZEROCOPY): it would wait
 * for ever for those that never come there. */
static bool is_counted(int fd)
{
	int on = 0;
	socklen_t n = sizeof(on);

	return rp_sys(SYS_getsockopt, fd, SOL_SOCKET, SO_ZEROCOPY, &on, &n) == 0 && on;
}

/* What the request says of it; the answer has its say, too. */
static bool is_replaceable(int fd, const struct rp_conn *c, const struct rp_request *r,
                           const struct rp_head *head)
{
	return head->wire == RP_WIRE_HTTP && !head->asked && !head->is_head && !head->is_connect &&
	       !head->upgrade && !c->n_epoll_more && (r->force || is_idempotent(head->method)) &&
	       !is_counted(fd);
}

static bool start(struct rp_answer *a, int fd, struct rp_conn *c, struct rp_request *r)
{
	struct stat st = {.st_ino = 0};

	rp_sys(SYS_fstat, fd, &st);
	a->fd = fd;
	a->set = c->epoll - 1;
	a->device = st.st_dev;
	a->inode = st.st_ino;
	a->request = (uint32_t)(r - rp_requests);
	a->serial = atomic_load(&r->serial);
	a->mode = r->mode;
	a->tls = c->layer == RP_LAYER_TLS;
	a->page = NULL;
	atomic_store(&a->cut, false);
	a->n_page = a->n_given = a->n_call = 0;
	atomic_store(&a->ready, 0);
	atomic_store(&a->again, NULL);
	a->after = newest_on(c);
	a->number = atomic_fetch_add(&numbers, 1) + 1;
	atomic_store(&a->taken, 0);
	atomic_store(&a->n_head, 0);
	atomic_store(&a->queued, 0);
	atomic_store(&a->sent, 0);
	atomic_store(&a->hungry, false);
	atomic_fetch_add(&rp_n_answers, 1);
	atomic_fetch_add(&rp_followed, 1); /* no short way past us */
	if (rp_answer_start && rp_answer_start(a)) {
		atomic_store(&a->conn, c);
		return true;
	}
	rp_answer_end(a);
	return false;
}

/* Others wait for its end. */
void rp_answer_lose(struct rp_answer *a)
{
	a->number = a->after = 0;
	atomic_store(&a->again, NULL);
	atomic_store(&a->conn, NULL);
	atomic_store(&a->state, RP_ANSWER_LEFT);
	atomic_fetch_sub(&rp_followed, 1);
	atomic_fetch_sub(&rp_n_answers, 1);
}

void rp_answer_end(struct rp_answer *a)
{
	rp_answer_lose(a);
	atomic_store(&a->state, RP_ANSWER_FREE);
}

void rp_answer_want(int fd, struct rp_conn *c, struct rp_request *r, const struct rp_head *head)
{
	if (!rp_modes[r->mode].replaces)
		return;
	struct rp_answer *a = is_replaceable(fd, c, r, head) ? claim() : NULL;

	if (a && start(a, fd, c, r))
		atomic_fetch_or(&c->marks, RP_MARK_REPLACED);
	else
		r->mode = RP_MODE_SAVE;
}

/* Nothing is swallowed before our thread has the descriptor. */
bool rp_answer_is_taken(struct rp_answer *a)
{
	uint64_t end_ns = rp_mono_ns() + TAKE_MS * 1000000ull, now_ns;

	while (!atomic_load(&a->taken) && (now_ns = rp_mono_ns()) < end_ns) {
		struct timespec t = {0, (long)(end_ns - now_ns)};

		rp_sys(SYS_futex, &a->taken, FUTEX_WAIT_PRIVATE, 0, &t);
	}
	return atomic_load(&a->taken) == RP_TAKEN_YES;
}

size_t rp_answer_room(struct rp_answer *a, bool *over)
{
	uint64_t was = atomic_load(&a->queued);

	*over = was & RP_QUEUE_OVER;
	return *over ? 0
	             : RP_ANSWER_QUEUE_BYTES -
	                       (size_t)((was & RP_QUEUE_BYTES) - atomic_load(&a->sent));
}

size_t rp_answer_queue(struct rp_answer *a, const char *bytes, size_t n, bool *over)
{
	size_t room = rp_answer_room(a, over);
	uint64_t was = atomic_load(&a->queued), at = was & RP_QUEUE_BYTES;
	size_t from = (size_t)(at % RP_ANSWER_QUEUE_BYTES), first;

	n = n < room ? n : room;
	first = n < RP_ANSWER_QUEUE_BYTES - from ? n : RP_ANSWER_QUEUE_BYTES - from;
	if (!(was & RP_QUEUE_OVER)) {
		memcpy(a->queue + from, bytes, first);
		memcpy(a->queue, bytes + first, n - first);
	}
	do {
		*over = was & RP_QUEUE_OVER;
		if (*over)
			return 0;
	} while (!atomic_compare_exchange_weak(&a->queued, &was, was + n));
	ring(a);
	return n;
}

/* The host writes no more: what there is of its answer is all there will be. */
static void cut(struct rp_answer *a)
{
	uint32_t state = atomic_load(&a->state);
	bool over;

	if (state == RP_ANSWER_HEAD && atomic_load(&a->n_head))
		rp_answer_queue(a, a->head, atomic_load(&a->n_head), &over);
	atomic_store(&a->again, NULL);
	if (a->tls)
		rp_answer_set(a, RP_ANSWER_LEFT);
	else if (state == RP_ANSWER_BODY)
		rp_answer_set(a, RP_ANSWER_DUE);
	else if (state < RP_ANSWER_BODY)
		rp_answer_set(a, RP_ANSWER_LEFT);
}

void rp_answer_closing(struct rp_conn *c, int fd, bool known)
{
	bool any = false;

	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		any = true;
		cut(a);
		atomic_fetch_or(&a->queued, RP_QUEUE_CLOSED);
		atomic_store(&a->conn, NULL);
		ring(a);
		rp_answer_let(a);
	}
	/* While our descriptor lives the kernel would go on telling the host of a connection that
	 * it has closed. */
	if (any && known && c->n_epoll_more)
		rp_conn_unwatch(fd);
	else if (any && known && c->epoll)
		rp_sys(SYS_epoll_ctl, c->epoll - 1, EPOLL_CTL_DEL, fd, NULL);
}

/* Inside TLS nobody but the host can send: the client gets no more. */
bool rp_answer_give_up(struct rp_conn *c, int fd)
{
	bool ours = false;

	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		bool in_body = atomic_load(&a->state) == RP_ANSWER_BODY;

		ours |= !a->tls;
		if (in_body && a->tls)
			rp_sys(SYS_shutdown, fd, SHUT_RDWR);
		atomic_store(&a->over_ns, rp_mono_ns());
		atomic_store(&a->cut, in_body);
		cut(a);
		rp_answer_let(a);
	}
	return ours;
}

bool rp_answer_is_cut(struct rp_conn *c)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].conn) == c && atomic_load(&rp_answers[i].cut))
			return true;
	return false;
}

bool rp_answer_shut(struct rp_conn *c)
{
	bool ours = false;

	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (!hold(a, c))
			continue;
		cut(a);
		if (!a->tls && atomic_load(&a->taken) == RP_TAKEN_YES &&
		    !(atomic_fetch_or(&a->queued, RP_QUEUE_SHUT) & RP_QUEUE_OVER))
			ours = true;
		ring(a);
		rp_answer_let(a);
	}
	return ours;
}

void rp_answer_forked(void)
{
	if (!atomic_load(&numbers))
		return;
	memset(rp_answers, 0, sizeof(rp_answers));
	atomic_store(&rp_n_answers, 0);
}
