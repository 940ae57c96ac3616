/* conn_tls.h - connections that carry TLS: which they are, and the plain bytes inside.
 *
 * Room: hot.  What passes on the descriptor is not parsed; the hooks of the host's TLS library
 * (hooks_tls.c) bring the bytes inside, and those go to the same delimiter as without TLS.  An
 * object of the library is known by the random bytes of the ClientHello, which pass here first.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_CONN_TLS_H
#define RP_HOT_CONN_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The descriptor that carries the conversation known by HELLO (0: not known), -1: none does.
 * NESTED: one on which bytes moved inside the very call, which is proof enough; -1: none. */
int rp_conn_carrier(uint64_t hello, int nested);

/* N plain bytes came in on FD, to the host; DRY: there is no more of them in its library.
 * BUF NULL, in either direction: unseen. */
void rp_conn_plain_heard(int fd, const void *buf, size_t n, bool dry);
/* ... go out, as the host's library has accepted them; the wire may still wait for them. */
void rp_conn_plain_said(int fd, const void *buf, size_t n);

#endif
