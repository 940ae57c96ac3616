/* tls_openssl.c - a plugin that serves HTTP over TLS by the OpenSSL it is linked with.
 *
 * Room: tests/hosts.  The shapes are written here: the library is everywhere, its headers are not.
 * SPDX-License-Identifier: MIT
 */
#include "tls.h"

#include <fcntl.h>

typedef struct ssl_st SSL;
typedef struct ssl_ctx_st SSL_CTX;
const void *TLS_server_method(void);
SSL_CTX *SSL_CTX_new(const void *method);
int SSL_CTX_use_certificate_chain_file(SSL_CTX *ctx, const char *file);
int SSL_CTX_use_PrivateKey_file(SSL_CTX *ctx, const char *file, int type);
SSL *SSL_new(SSL_CTX *ctx);
void SSL_free(SSL *ssl);
int SSL_set_fd(SSL *ssl, int fd);
int SSL_accept(SSL *ssl);
int SSL_shutdown(SSL *ssl);
int SSL_renegotiate(SSL *ssl);
int SSL_do_handshake(SSL *ssl);
int SSL_get_error(const SSL *ssl, int ret);
int SSL_read(SSL *ssl, void *buf, int n);
int SSL_read_ex(SSL *ssl, void *buf, size_t n, size_t *got);
int SSL_peek(SSL *ssl, void *buf, int n);
int SSL_write(SSL *ssl, const void *buf, int n);
int SSL_write_ex(SSL *ssl, const void *buf, size_t n, size_t *put);
ssize_t SSL_sendfile(SSL *ssl, int fd, off_t at, size_t n, int flags);
unsigned long ERR_get_error(void);
void *BIO_new_file(const char *path, const char *mode);

enum { PEM = 1 };

static SSL_CTX *context;

/* Peeks first, as some hosts do: what is peeked at is not read. */
static ssize_t take(void *ssl, void *buf, size_t n)
{
	char first;

	return SSL_peek(ssl, &first, 1) == 1 ? SSL_read(ssl, buf, (int)n) : -1;
}

static bool put(void *ssl, const char *bytes, size_t n)
{
	size_t half = n / 2, n_put;

	return SSL_write(ssl, bytes, (int)half) == (int)half &&
	       SSL_write_ex(ssl, bytes + half, n - half, &n_put) == 1;
}

struct text {
	char *at;
	size_t n, cap;
};

static void tell(struct text *t, const char *what, SSL *ssl, int ret)
{
	int told = errno, error = SSL_get_error(ssl, ret);

	t->n += (size_t)snprintf(t->at + t->n, t->cap - t->n, "%s: %d, errno %d, error %d, queue",
	                         what, ret, told, error);
	for (unsigned long e; (e = ERR_get_error()) != 0;)
		t->n += (size_t)snprintf(t->at + t->n, t->cap - t->n, " %lx", e);
	t->n += (size_t)snprintf(t->at + t->n, t->cap - t->n, "\n");
}

/* Calls that fail, and calls with somebody else's errors in the queue. */
static void errors(struct tls_peer *p, char *text, size_t cap)
{
	struct text t = {text, 0, cap};
	SSL *ssl = p->object, *fresh = SSL_new(context);
	int flags = fcntl(p->fd, F_GETFL);
	char buf[16];
	size_t n = 99;

	errno = 71;
	tell(&t, "a read without conversation", fresh, SSL_read(fresh, buf, sizeof(buf)));
	errno = 72;
	tell(&t, "a write without conversation", fresh, SSL_write(fresh, "x", 1));
	tell(&t, "a file without conversation", fresh, (int)SSL_sendfile(fresh, 0, 0, 1, 0));
	SSL_free(fresh);
	fcntl(p->fd, F_SETFL, flags | O_NONBLOCK);
	errno = 73;
	tell(&t, "nothing to read", ssl, SSL_read(ssl, buf, sizeof(buf)));
	tell(&t, "nothing to read, _ex", ssl, SSL_read_ex(ssl, buf, sizeof(buf), &n));
	tell(&t, "nothing to peek at", ssl, SSL_peek(ssl, buf, sizeof(buf)));
	BIO_new_file("/nowhere/at/all", "r");
	errno = 74;
	tell(&t, "nothing to read, with errors", ssl, SSL_read(ssl, buf, 0));
	BIO_new_file("/nowhere/at/all", "r");
	tell(&t, "a write of nothing, with errors", ssl, SSL_write(ssl, "", 0));
	fcntl(p->fd, F_SETFL, flags);
	snprintf(t.at + t.n, t.cap - t.n, "%zu\n", n);
}

static void more(struct tls_peer *p, const char *path, char *text, size_t cap)
{
	if (!strcmp(path, "/errors"))
		errors(p, text, cap);
	else if (!strcmp(path, "/anew") && SSL_renegotiate(p->object) == 1)
		SSL_do_handshake(p->object); /* the rest of it comes in the next read */
}

static void serve(int fd)
{
	SSL *ssl = SSL_new(context);
	struct tls_peer p = {ssl, take, put, more, fd};

	SSL_set_fd(ssl, fd);
	if (SSL_accept(ssl) == 1) {
		tls_serve_peer(&p);
		SSL_shutdown(ssl);
	}
	SSL_free(ssl);
	close(fd);
}

/* Serves one connection of LISTENER after another, for ever.  PEM_FILE: certificate and key. */
__attribute__((visibility("default"))) int tls_serve(int listener, const char *pem_file)
{
	context = SSL_CTX_new(TLS_server_method());
	if (SSL_CTX_use_certificate_chain_file(context, pem_file) != 1 ||
	    SSL_CTX_use_PrivateKey_file(context, pem_file, PEM) != 1)
		return 1;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd >= 0)
			serve(fd);
	}
}
