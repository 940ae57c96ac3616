/* delim_cgi.c - see delim_cgi.h.
 *
 * Room: hot, pure.  The peer is the client that the gateway names: whoever is connected is the
 * gateway.  One that names nobody leaves it unknown, and so does one that names two.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_cgi.h"

#include <string.h>
#include "preload/hot/delim_framing.h"

/* NAME is the text of WORD, a string in its place. */
#define IS(name, word) ((name).n == sizeof(word) - 1 && !memcmp((name).at, word, sizeof(word) - 1))
#define SPAN(word)     ((struct rp_span){word, sizeof(word) - 1})

static const struct {
	char name[17];
	uint8_t n, at; /* where its value goes, in struct rp_head */
} spans[] = {
#define ROW(name, field)                                                                           \
	{                                                                                          \
		name, sizeof(name) - 1, offsetof(struct rp_head, field)                            \
	}
        ROW("REQUEST_METHOD", method),  ROW("REQUEST_URI", target),
        ROW("QUERY_STRING", query),     ROW("HTTP_HOST", host),
        ROW("HTTP_X_REQPROF", trigger), ROW("HTTP_TRACEPARENT", traceparent),
};

void rp_cgi_begin(struct rp_cgi *c, struct rp_head *head, enum rp_wire wire)
{
	static const struct rp_span NAMES[] = {
	        [RP_WIRE_FCGI] = {"FastCGI", 7},
	        [RP_WIRE_SCGI] = {"SCGI", 4},
	        [RP_WIRE_UWSGI] = {"uwsgi", 5},
	};

	memset(head, 0, sizeof(*head));
	*c = (struct rp_cgi){.head = head};
	head->wire = (uint8_t)wire;
	head->protocol = NAMES[wire];
	head->asked = RP_ASKED_CGI | (wire == RP_WIRE_FCGI ? RP_ASKED_RECORDS : 0);
}

static bool take_span(struct rp_head *head, struct rp_span name, struct rp_span value)
{
	for (size_t i = 0; i < sizeof(spans) / sizeof(*spans); i++) {
		if (name.n != spans[i].n || memcmp(name.at, spans[i].name, name.n) != 0)
			continue;
		memcpy((char *)head + spans[i].at, &value, sizeof(value));
		return true;
	}
	return false;
}

/* Named twice, differently, it is nobody: one of them may be the client's own word. */
static void take_peer(struct rp_head *head, struct rp_span text)
{
	struct rp_address before = head->peer;

	rp_address_read(&head->peer, text);
	if (before.kind && (before.kind != head->peer.kind ||
	                    memcmp(before.bytes, head->peer.bytes, sizeof(before.bytes)) != 0))
		head->forwarded = true;
}

static void take_http(struct rp_head *head, struct rp_span name, struct rp_span value)
{
	static const char FORWARDED[] = "HTTP_X_FORWARDED_";

	if (IS(name, "HTTP_X_FORWARDED_FOR"))
		head->forwarded_for = value;
	if (IS(name, "HTTP_FORWARDED") || IS(name, "HTTP_X_REAL_IP") || IS(name, "HTTP_VIA") ||
	    (name.n >= sizeof(FORWARDED) && !memcmp(name.at, FORWARDED, sizeof(FORWARDED) - 1)))
		head->forwarded = true;
	else if (IS(name, "HTTP_TRANSFER_ENCODING"))
		head->chunked = true;
	else if (IS(name, "HTTP_UPGRADE"))
		head->upgrade = true;
}

void rp_cgi_take(struct rp_cgi *c, struct rp_span name, struct rp_span value)
{
	struct rp_head *head = c->head;

	if (take_span(head, name, value))
		return;
	if (IS(name, "CONTENT_LENGTH"))
		c->bad |= value.n && !rp_framing_length(value, &head->body_bytes);
	else if (IS(name, "REMOTE_ADDR"))
		take_peer(head, value);
	else if (IS(name, "REMOTE_PORT"))
		head->peer.port = rp_address_port(value);
	else if (IS(name, "SCRIPT_NAME"))
		c->script = value;
	else if (name.n > 5 && !memcmp(name.at, "HTTP_", 5))
		take_http(head, name, value);
}

/* Text that no HTTP request line could have carried is no target that anybody asked for. */
static bool is_line(struct rp_span text)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.at[i] <= ' ')
			return false;
	return text.n > 0;
}

bool rp_cgi_end(struct rp_cgi *c)
{
	struct rp_head *head = c->head;

	if (!head->target.n)
		head->target = c->script.n ? c->script : SPAN("/");
	if (!head->peer.kind)
		head->peer.kind = RP_ADDRESS_UNKNOWN;
	head->is_head = IS(head->method, "HEAD");
	return !c->bad && is_line(head->method) && head->method.n <= 20;
}
