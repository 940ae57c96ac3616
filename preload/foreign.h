/* foreign.h - functions of libraries that a host may load and we never do: their shapes.
 *
 * Room: preload.  Their own headers are not needed to build, and what they call SSL and
 * gnutls_session_t is a pointer to us.  SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_FOREIGN_H
#define RP_PRELOAD_FOREIGN_H

#include <stddef.h>
#include <sys/types.h>
#include <ucontext.h>

struct ssl_st;
struct gnutls_session_int;

/* OpenSSL, BoringSSL, LibreSSL.  The _ex and early ones: 1, and N_READ bytes; the early read also
 * 2, when no more of them come. */
int SSL_read(struct ssl_st *ssl, void *buf, int n);
int SSL_read_ex(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read);
int SSL_read_early_data(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read);
int SSL_peek(struct ssl_st *ssl, void *buf, int n);
int SSL_peek_ex(struct ssl_st *ssl, void *buf, size_t n, size_t *n_read);
int SSL_write(struct ssl_st *ssl, const void *buf, int n);
int SSL_write_ex(struct ssl_st *ssl, const void *buf, size_t n, size_t *n_written);
int SSL_write_early_data(struct ssl_st *ssl, const void *buf, size_t n, size_t *n_written);
int SSL_get_error(const struct ssl_st *ssl, int ret);
int SSL_get_wfd(const struct ssl_st *ssl); /* asked, not hooked */
ssize_t SSL_sendfile(struct ssl_st *ssl, int fd, off_t at, size_t n, int flags);

/* GnuTLS */
ssize_t gnutls_record_recv(struct gnutls_session_int *session, void *buf, size_t n);
ssize_t gnutls_record_send(struct gnutls_session_int *session, const void *buf, size_t n);

/* libunwind: goes on at TO, which it made itself; returns only where that fails. */
int _Ux86_64_setcontext(const ucontext_t *to);

#endif
