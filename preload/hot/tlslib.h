/* tlslib.h - the host's libraries for TLS: whose is this object, and which are the true functions?
 *
 * Room: hot.  We stand in front of functions of libraries that we never load.  A process has none,
 * or one, or several copies, some out of reach of dlsym(RTLD_NEXT) (RTLD_LOCAL): what counts is
 * which of them made the object that the host passes.  See decision 51.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_TLSLIB_H
#define RP_HOT_TLSLIB_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* What we ask a library for.  The first of each kind makes its objects: who has that is one. */
#define RP_TLSLIB_NAMES(NAME)                                                                      \
	NAME(SSL_new)                                                                              \
	NAME(SSL_is_server)                                                                        \
	NAME(SSL_get_wfd)                                                                          \
	NAME(SSL_get_error)                                                                        \
	NAME(SSL_get_client_random)                                                                \
	NAME(SSL_read)                                                                             \
	NAME(SSL_read_ex)                                                                          \
	NAME(SSL_read_early_data)                                                                  \
	NAME(SSL_peek)                                                                             \
	NAME(SSL_peek_ex)                                                                          \
	NAME(SSL_write)                                                                            \
	NAME(SSL_write_ex)                                                                         \
	NAME(SSL_write_early_data)                                                                 \
	NAME(SSL_sendfile)                                                                         \
	NAME(gnutls_init)                                                                          \
	NAME(gnutls_session_get_random)                                                            \
	NAME(gnutls_record_recv)                                                                   \
	NAME(gnutls_record_send)

enum rp_tls_name {
#define NAME(name) RP_TLS_##name,
	RP_TLSLIB_NAMES(NAME)
#undef NAME
	        RP_N_TLS
};

struct rp_tlslib {
	_Atomic uint32_t unloads; /* good while rp_tables_unloads is this */
	uintptr_t lo, hi;
	void *fn[RP_N_TLS]; /* NULL: it has none of that name */
};

/* The library of OBJECT, among those that have MAKES (RP_TLS_SSL_new, RP_TLS_gnutls_init).  Where
 * the object does not tell, the one that the code at CALLER was linked with.  NULL: there is none.
 * Takes locks when it meets a library for the first time, and after a dlclose. */
const struct rp_tlslib *rp_tlslib_of(const void *object, enum rp_tls_name makes,
                                     const void *caller);

/* The end of the random bytes with which the client of OBJECT began: what a connection that
 * carries this conversation is known by.  0: we are the client, or nothing is known yet. */
uint64_t rp_tlslib_hello(const struct rp_tlslib *lib, enum rp_tls_name makes, const void *object);

/* Once, in the constructor: how many modules the program was started with. */
void rp_tlslib_boot(void);

/* Around a look at the loader's list, kept apart from forks; set by cold/boot.c. */
extern bool (*rp_tlslib_enter)(void);
extern void (*rp_tlslib_leave)(void);

#endif
