/* hooks_tls.c - bytes inside TLS: what the host reads from and writes to its TLS library.
 *
 * Room: hot.  Waits are those of the descriptor beneath, in the hooks of libc's calls.  Nothing is
 * asked of the library but who speaks: its error queue and errno stay what its call left.
 * SPDX-License-Identifier: MIT
 */
#include <netinet/tcp.h>
#include "preload/hot/answer_tls.h"
#include "preload/hot/conn_tls.h"
#include "preload/hot/drops.h"
#include "preload/hot/heads.h"
#include "preload/hot/hooks.h"
#include "preload/hot/sys.h"
#include "preload/hot/tlslib.h"

enum { SAME_STACK_BYTES = 1 << 20 };

struct call {
	const struct rp_tlslib *lib;
	const void *object;
	enum rp_tls_name makes;
	int fd; /* that carries it, as far as somebody is followed; -1: not known */
	const void *caller;
	bool inner; /* made by the library in another call on this object: the bytes are that one's
	             */
};

/* The true function for C. */
#define TRUE_OF(c, name)                                                                           \
	((__typeof__(name) *)((c)->lib && (c)->lib->fn[RP_TLS_##name]                              \
	                              ? (c)->lib->fn[RP_TLS_##name]                                \
	                              : (void *)rp_real.name))

static bool is_inner(const struct rp_self *s, const void *object, uintptr_t frame)
{
	return s->tls.object == object && frame < s->tls.frame &&
	       s->tls.frame - frame < SAME_STACK_BYTES;
}

/* Before the call, as before one on a descriptor: whose thread is this? */
static void enter(struct call *c, const void *object, enum rp_tls_name makes, bool writes,
                  const void *caller)
{
	struct rp_self *s = &rp_self;
	uintptr_t frame = (uintptr_t)__builtin_frame_address(0);

	c->lib = rp_tlslib_of(object, makes, caller);
	c->object = object;
	c->makes = makes;
	c->fd = -1;
	c->caller = caller;
	c->inner = is_inner(s, object, frame);
	if (c->inner)
		return;
	s->tls.object = object;
	s->tls.frame = frame;
	s->tls.fd = -1;
	s->tls.writes = writes;
	s->tls.again = NULL;
	if (rp_likely(!atomic_load_explicit(&rp_followed, memory_order_relaxed)))
		return;
	c->fd = rp_conn_carrier(rp_tlslib_hello(c->lib, makes, object), -1);
	if (c->fd >= 0)
		rp_conn_touch(c->fd, !writes, MSG_DONTWAIT); /* it waits beneath, if at all */
}

/* After it: the descriptor that carries the N bytes that passed; -1: none of ours.  What moved
 * beneath says whose the object is also when nothing passed (a handshake, a peek), unless a
 * coroutine was in a call of its own meanwhile. */
static int leave(const struct call *c, size_t n)
{
	struct rp_self *s = &rp_self;
	int nested = s->tls.object == c->object ? s->tls.fd : -1;

	s->tls.object = NULL;
	if (c->inner || (!n && nested < 0))
		return -1;
	uint64_t hello = rp_tlslib_hello(c->lib, c->makes, c->object);
	int fd = rp_conn_carrier(hello, nested);

	if (!n)
		return -1;
	if (fd < 0 && hello &&
	    c->makes == RP_TLS_SSL_new) /* GnuTLS does not say whose side it is */
		rp_drop(RP_DROP_no_carrier);
	return fd;
}

/* N bytes of the ROOM that the host had. */
static void heard(const struct call *c, const void *buf, size_t n, size_t room)
{
	int fd = leave(c, n);

	rp_self.caller = c->caller;
	if (fd >= 0)
		rp_conn_plain_heard(fd, buf, n, n < room);
}

static void said(const struct call *c, const void *buf, size_t n)
{
	int fd = leave(c, n);

	if (fd >= 0)
		rp_conn_plain_said(fd, buf, n);
}

static size_t positive(ssize_t n)
{
	return n > 0 ? (size_t)n : 0;
}

/* Lines of ours may belong into what is written. */
static bool gets_lines(const struct call *c)
{
	return rp_unlikely(c->fd >= 0) && rp_offer_wanted(c->fd);
}

#define OBJECT_OF(c) ((void *)(uintptr_t)(c)->object)
#define OBJECT(call) OBJECT_OF((const struct call *)(call)->of)

static long give_ssl(const struct rp_heads_call *call, const void *buf, size_t n, size_t *put)
{
	int took = TRUE_OF((const struct call *)call->of, SSL_write)(OBJECT(call), buf, (int)n);

	*put = positive(took);
	return took;
}

static long give_ssl_ex(const struct rp_heads_call *call, const void *buf, size_t n, size_t *put)
{
	int ok = TRUE_OF((const struct call *)call->of, SSL_write_ex)(OBJECT(call), buf, n, put);

	if (ok != 1)
		*put = 0;
	return ok;
}

static long give_gnutls(const struct rp_heads_call *call, const void *buf, size_t n, size_t *put)
{
	ssize_t took =
	        TRUE_OF((const struct call *)call->of, gnutls_record_send)(OBJECT(call), buf, n);

	*put = positive(took);
	return took;
}

/* The kernel encrypts: the host may give it files of which nothing is swallowed (SSL_sendfile). */
static bool is_kernels(int fd)
{
	char name[16];
	socklen_t n = sizeof(name);

	return rp_sys(SYS_getsockopt, fd, IPPROTO_TCP, TCP_ULP, name, &n) == 0 && n;
}

/* The library itself writes to the descriptor that carries it: no filter of the host in between. */
static bool is_direct(const struct call *c)
{
	__typeof__(SSL_get_wfd) *get =
	        (__typeof__(get))(c->lib ? c->lib->fn[RP_TLS_SSL_get_wfd] : NULL);

	return get && get(OBJECT_OF(c)) == c->fd && !is_kernels(c->fd);
}

/* What the host is told, and how much of its own that is. */
static long write_lines(const struct call *c, const void *buf, size_t n, size_t *put,
                        __typeof__(give_ssl) *give)
{
	struct rp_heads_call call = {give, c, c->makes == RP_TLS_gnutls_init};
	struct iovec iov = {(void *)(uintptr_t)buf, n};
	struct rp_offer offer = {.fd = c->fd, .iov = &iov, .n_iov = 1, .n = n, .in = -1};
	bool is_ssl = c->makes == RP_TLS_SSL_new;
	long word;

	if (!atomic_load_explicit(&rp_n_answers, memory_order_relaxed) ||
	    !rp_answer_tls(&offer, c->object, is_ssl && is_direct(c), &call, put, &word))
		word = rp_heads_tls(c->fd, buf, n, &call, put);
	rp_self.tls.again = !*put && rp_answer_tls_again(c->object) ? c->object : NULL;
	leave(c, 0);
	return word;
}

#define ENTER(c, ssl, writes) enter(c, ssl, RP_TLS_SSL_new, writes, __builtin_return_address(0))

RP_HOOK int SSL_read(struct ssl_st *ssl, void *buf, int n)
{
	struct call c;

	ENTER(&c, ssl, false);
	int got = TRUE_OF(&c, SSL_read)(ssl, buf, n);

	heard(&c, buf, positive(got), positive(n));
	return got;
}

RP_HOOK int SSL_read_ex(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read)
{
	struct call c;

	ENTER(&c, ssl, false);
	int ok = TRUE_OF(&c, SSL_read_ex)(ssl, buf, n, n_read);

	heard(&c, buf, ok == 1 ? *n_read : 0, n);
	return ok;
}

RP_HOOK int SSL_read_early_data(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read)
{
	struct call c;

	ENTER(&c, ssl, false);
	int ret = TRUE_OF(&c, SSL_read_early_data)(ssl, buf, n, n_read);

	heard(&c, buf, ret > 0 ? *n_read : 0, n);
	return ret;
}

/* What is peeked at comes again: it starts nothing. */
RP_HOOK int SSL_peek(struct ssl_st *ssl, void *buf, int n)
{
	struct call c;

	ENTER(&c, ssl, false);
	int got = TRUE_OF(&c, SSL_peek)(ssl, buf, n);

	leave(&c, 0);
	return got;
}

RP_HOOK int SSL_peek_ex(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read)
{
	struct call c;

	ENTER(&c, ssl, false);
	int ok = TRUE_OF(&c, SSL_peek_ex)(ssl, buf, n, n_read);

	leave(&c, 0);
	return ok;
}

RP_HOOK int SSL_write(struct ssl_st *ssl, const void *buf, int n)
{
	struct call c;

	ENTER(&c, ssl, true);
	if (gets_lines(&c) && n > 0) {
		size_t took;
		long word = write_lines(&c, buf, (size_t)n, &took, give_ssl);

		return took ? (int)took : word ? (int)word : -1;
	}
	int put = TRUE_OF(&c, SSL_write)(ssl, buf, n);

	said(&c, buf, positive(put));
	return put;
}

RP_HOOK int SSL_write_ex(struct ssl_st *ssl, const void *buf, size_t n, size_t *n_written)
{
	struct call c;

	ENTER(&c, ssl, true);
	if (gets_lines(&c) && n > 0) {
		long word = write_lines(&c, buf, n, n_written, give_ssl_ex);

		return *n_written ? 1 : (int)word;
	}
	int ok = TRUE_OF(&c, SSL_write_ex)(ssl, buf, n, n_written);

	said(&c, buf, ok == 1 ? *n_written : 0);
	return ok;
}

RP_HOOK int SSL_write_early_data(struct ssl_st *ssl, const void *buf, size_t n, size_t *n_written)
{
	struct call c;

	ENTER(&c, ssl, true);
	if (gets_lines(&c))
		rp_answer_tls_leave(c.fd);
	int ok = TRUE_OF(&c, SSL_write_early_data)(ssl, buf, n, n_written);

	said(&c, buf, ok == 1 ? *n_written : 0);
	return ok;
}

/* "Again" is ours where the last call heard it from us; else the library's. */
RP_HOOK int SSL_get_error(const struct ssl_st *ssl, int ret)
{
	enum { WANT_WRITE = 3 };
	struct call c = {.lib = rp_tlslib_of(ssl, RP_TLS_SSL_new, __builtin_return_address(0))};

	if (rp_unlikely(rp_self.tls.again == ssl) && ssl && ret <= 0)
		return WANT_WRITE;
	return TRUE_OF(&c, SSL_get_error)(ssl, ret);
}

/* The kernel encrypts: the bytes of the file are seen by nobody. */
RP_HOOK ssize_t SSL_sendfile(struct ssl_st *ssl, int in, off_t at, size_t n, int flags)
{
	struct call c;

	ENTER(&c, ssl, true);
	if (gets_lines(&c))
		rp_answer_tls_leave(c.fd);
	ssize_t put = TRUE_OF(&c, SSL_sendfile)(ssl, in, at, n, flags);

	said(&c, NULL, positive(put));
	return put;
}

RP_HOOK ssize_t gnutls_record_recv(struct gnutls_session_int *session, void *buf, size_t n)
{
	struct call c;

	enter(&c, session, RP_TLS_gnutls_init, false, __builtin_return_address(0));
	ssize_t got = TRUE_OF(&c, gnutls_record_recv)(session, buf, n);

	heard(&c, buf, positive(got), n);
	return got;
}

/* After "again" the host may come back without buffer: the bytes of the last call are meant. */
RP_HOOK ssize_t gnutls_record_send(struct gnutls_session_int *session, const void *buf, size_t n)
{
	struct call c;

	enter(&c, session, RP_TLS_gnutls_init, true, __builtin_return_address(0));
	if (gets_lines(&c)) {
		size_t took;
		long word = write_lines(&c, buf, n, &took, give_gnutls);

		return took ? (ssize_t)took : word;
	}
	ssize_t put = TRUE_OF(&c, gnutls_record_send)(session, buf, n);

	said(&c, buf, positive(put));
	return put;
}
