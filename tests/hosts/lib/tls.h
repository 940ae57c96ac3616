/* tls.h - what the hosts that do TLS answer, whatever library does it.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#ifndef TEST_HOSTS_LIB_TLS_H
#define TEST_HOSTS_LIB_TLS_H

#include "../http.h"

/* One conversation: how its bytes move, and what else the host does on some paths, where it writes
 * another answer into TEXT. */
struct tls_peer {
	void *object;
	ssize_t (*take)(void *object, void *buf, size_t n);
	bool (*put)(void *object, const char *bytes, size_t n);
	void (*more)(struct tls_peer *peer, const char *path, char *text, size_t cap);
	int fd;
};

static inline bool tls_answer(struct tls_peer *p, const char *body)
{
	char whole[8192];
	int n = snprintf(whole, sizeof(whole), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
	                 strlen(body), body);

	return p->put(p->object, whole, (size_t)n);
}

/* Reads a request and its body; false: there is no more. */
static inline bool tls_request(struct tls_peer *p, struct http_request *q, char *body, size_t cap)
{
	char *end = NULL, *length;
	size_t n_head, want = 0;

	for (q->n = 0; !end && q->n < sizeof(q->head) - 1;) {
		ssize_t got = p->take(p->object, q->head + q->n, sizeof(q->head) - 1 - q->n);

		if (got <= 0)
			return false;
		q->n += (size_t)got;
		q->head[q->n] = 0;
		end = strstr(q->head, "\r\n\r\n");
	}
	if (!end || !http_parse(q))
		return false;
	length = strstr(q->head, "Content-Length: ");
	want = length && length < end ? (size_t)atoi(length + 16) : 0;
	n_head = (size_t)(end + 4 - q->head);
	size_t n = q->n - n_head;

	if (want >= cap || n > want)
		return false;
	memcpy(body, end + 4, n);
	while (n < want) {
		ssize_t got = p->take(p->object, body + n, want - n);

		if (got <= 0)
			return false;
		n += (size_t)got;
	}
	body[n] = 0;
	return true;
}

static inline void tls_serve_peer(struct tls_peer *p)
{
	struct http_request *q = (struct http_request *)malloc(sizeof(*q));
	char body[4096], text[4096];

	while (tls_request(p, q, body, sizeof(body))) {
		snprintf(text, sizeof(text), "%s says '%.3000s'\n", q->path, body);
		if (p->more)
			p->more(p, q->path, text, sizeof(text));
		if (!tls_answer(p, text))
			break;
	}
	free(q);
}

#endif
