/* tls_gnutls.c PORT PEM - a server that does TLS by GnuTLS, a connection after the other.
 *
 * Room: tests/hosts.  The shapes are written here: the library is everywhere, its headers are not.
 * SPDX-License-Identifier: MIT
 */
#include "tls.h"

typedef struct gnutls_session_int *session_t;
typedef struct gnutls_certificate_credentials_st *credentials_t;
int gnutls_certificate_allocate_credentials(credentials_t *c);
int gnutls_certificate_set_x509_key_file(credentials_t c, const char *cert, const char *key,
                                         int type);
int gnutls_init(session_t *s, unsigned flags);
void gnutls_deinit(session_t s);
int gnutls_set_default_priority(session_t s);
int gnutls_credentials_set(session_t s, int type, void *c);
void gnutls_transport_set_int2(session_t s, int in, int out);
int gnutls_handshake(session_t s);
int gnutls_bye(session_t s, int how);
ssize_t gnutls_record_recv(session_t s, void *buf, size_t n);
ssize_t gnutls_record_send(session_t s, const void *buf, size_t n);

enum { PEM = 1, AS_SERVER = 1, BY_CERTIFICATE = 1, RDWR = 0 };

static ssize_t take(void *session, void *buf, size_t n)
{
	return gnutls_record_recv(session, buf, n);
}

static bool put(void *session, const char *bytes, size_t n)
{
	return gnutls_record_send(session, bytes, n) == (ssize_t)n;
}

static void serve(int fd, credentials_t credentials)
{
	session_t session;

	if (gnutls_init(&session, AS_SERVER) != 0)
		exit(1);
	gnutls_set_default_priority(session);
	gnutls_credentials_set(session, BY_CERTIFICATE, credentials);
	gnutls_transport_set_int2(session, fd, fd);
	if (gnutls_handshake(session) == 0) {
		struct tls_peer p = {session, take, put, NULL, fd};

		tls_serve_peer(&p);
		gnutls_bye(session, RDWR);
	}
	gnutls_deinit(session);
	close(fd);
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);
	credentials_t credentials;

	gnutls_certificate_allocate_credentials(&credentials);
	if (argc < 3 ||
	    gnutls_certificate_set_x509_key_file(credentials, argv[2], argv[2], PEM) != 0)
		return 1;
	signal(SIGPIPE, SIG_IGN);
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			serve(fd, credentials);
	}
}
