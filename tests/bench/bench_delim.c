/* bench_delim.c - what the delimiter and the trigger cost a request that nobody flagged.
 *
 * Room: tests.  Medians over rounds, nanoseconds.
 * SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include "preload/hot/delim.h"
#include "preload/hot/delim_h2.h"
#include "preload/hot/delim_glance.h"
#include "preload/hot/trigger.h"
#include "tests/bench/self.h"
#include "tests/support/gateway.h"
#include "tests/support/h2wire.h"

enum { N_ROUNDS = 31, N_TURNS = 20000 };

static const char BROWSER[] = BROWSER_HEAD;
static const char CURL[] = "GET / HTTP/1.1\r\nHost: localhost:8080\r\nUser-Agent: curl/7.88.1\r\n"
                           "Accept: */*\r\n\r\n";
static const char TLS[] = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03";
static const char RESPONSE[] =
        "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Sun, 22 Nov 2026 19:00:00 GMT\r\n"
        "Content-Type: text/html\r\nContent-Length: 10\r\n"
        "Last-Modified: Sun, 22 Nov 2026 18:00:00 GMT\r\nConnection: keep-alive\r\n"
        "ETag: \"637d1a-264\"\r\nAccept-Ranges: bytes\r\n\r\n0123456789";

static struct rp_trigger_rules rules = {.name = "profile"};
static struct rp_head head;
static volatile unsigned sink;

static void feed_request(const char *bytes, size_t n)
{
	struct rp_delim_in d = {0};
	enum rp_in_event event;
	bool want_kept;

	do {
		event = rp_delim_in_feed(&d, &bytes, &n, NULL, &want_kept, &head);
		sink += event;
	} while (event != RP_IN_MORE && event != RP_IN_OPAQUE);
}

/* As an event loop may see it: the head in two reads. */
static void feed_halves(const char *bytes, size_t n)
{
	static char kept[RP_HEAD_MAX];
	struct rp_delim_in d = {0};
	enum rp_in_event event;
	bool want_kept;
	size_t half = n / 2, rest = n - half;

	rp_delim_in_feed(&d, &bytes, &half, kept, &want_kept, &head);
	do {
		event = rp_delim_in_feed(&d, &bytes, &rest, kept, &want_kept, &head);
		sink += event;
	} while (event != RP_IN_MORE && event != RP_IN_OPAQUE);
}

/* As php-fpm reads them: heads of 8 bytes, contents. */
static void feed_records(const char *bytes, size_t n)
{
	static char kept[RP_HEAD_MAX];
	struct rp_delim_in d = {0};
	bool want_kept;

	for (size_t at = 0; at < n;) {
		size_t content = (unsigned char)bytes[at + 4] << 8 | (unsigned char)bytes[at + 5];
		size_t pieces[2] = {8, content + (unsigned char)bytes[at + 6]};

		for (unsigned i = 0; i < 2; i++) {
			const char *piece = bytes + at;
			size_t left = pieces[i];

			at += left;
			while (left)
				sink += rp_delim_in_feed(&d, &piece, &left, kept, &want_kept,
				                         &head);
		}
	}
}

static void feed_response(const char *bytes, size_t n)
{
	struct rp_delim_out d = {0};
	enum rp_out_event event;

	do {
		event = rp_delim_out_feed(&d, &bytes, &n, 0);
		sink += event;
	} while (event != RP_OUT_MORE && event != RP_OUT_OPAQUE);
}

static void feed_answer(const char *bytes, size_t n)
{
	struct rp_delim_out d = {0};

	while (n)
		sink += rp_delim_out_feed(&d, &bytes, &n, RP_ASKED_CGI | RP_ASKED_RECORDS);
}

static struct rp_h2_in h2_in;
static struct rp_h2_out h2_out;

static void feed_h2(struct rp_h2_side *side, const char *bytes, size_t n)
{
	static struct rp_h2_told told;

	while (rp_h2_feed(side, &bytes, &n, &told) != RP_H2_MORE)
		sink += told.bytes;
}

static void feed_h2_first(const char *bytes, size_t n)
{
	rp_h2_open_in(&h2_in);
	feed_h2(&h2_in.side, bytes, n);
}

static void feed_h2_next(const char *bytes, size_t n)
{
	h2_in.side.newest = 0;
	feed_h2(&h2_in.side, bytes, n);
}

static void feed_h2_answer(const char *bytes, size_t n)
{
	feed_h2(&h2_out.side, bytes, n);
}

static void glance_request(const char *bytes, size_t n)
{
	struct rp_glance g;

	sink += rp_glance_request(bytes, n, &g);
}

static void glance_response(const char *bytes, size_t n)
{
	struct rp_delim_out d = {0};

	sink += rp_glance_response(&d, bytes, n, n);
}

static void judge(const char *bytes, size_t n)
{
	struct rp_trigger t;

	(void)bytes, (void)n;
	sink += rp_trigger_judge(&rules, &head, &t);
}

static void measure(const char *name, void (*work)(const char *, size_t), const char *bytes,
                    size_t n)
{
	double rounds[N_ROUNDS];

	for (int r = 0; r < N_ROUNDS; r++) {
		double began_ns = now_ns();

		for (int i = 0; i < N_TURNS; i++)
			work(bytes, n);
		rounds[r] = (now_ns() - began_ns) / N_TURNS;
	}
	double median_ns = median_of(rounds, N_ROUNDS);

	printf("%-44s %4zu bytes %8.1f ns  (fastest %.1f)\n", name, n, median_ns, rounds[0]);
}

/* What nginx's fastcgi_params and a browser make of a request. */
static const char *const variables[] = {
        "SCRIPT_FILENAME",
        "/var/www/html/index.php",
        "QUERY_STRING",
        "",
        "REQUEST_METHOD",
        "GET",
        "CONTENT_TYPE",
        "",
        "CONTENT_LENGTH",
        "",
        "SCRIPT_NAME",
        "/index.php",
        "REQUEST_URI",
        "/index.php",
        "DOCUMENT_URI",
        "/index.php",
        "DOCUMENT_ROOT",
        "/var/www/html",
        "SERVER_PROTOCOL",
        "HTTP/1.1",
        "REQUEST_SCHEME",
        "http",
        "GATEWAY_INTERFACE",
        "CGI/1.1",
        "SERVER_SOFTWARE",
        "nginx/1.22.1",
        "REMOTE_ADDR",
        "127.0.0.1",
        "REMOTE_PORT",
        "40000",
        "SERVER_ADDR",
        "127.0.0.1",
        "SERVER_PORT",
        "80",
        "SERVER_NAME",
        "localhost",
        "REDIRECT_STATUS",
        "200",
        "HTTP_HOST",
        "localhost:8080",
        "HTTP_CONNECTION",
        "keep-alive",
        "HTTP_UPGRADE_INSECURE_REQUESTS",
        "1",
        "HTTP_USER_AGENT",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
        "Chrome/120.0.0.0 Safari/537.36",
        "HTTP_ACCEPT",
        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
        "HTTP_ACCEPT_ENCODING",
        "gzip, deflate, br",
        "HTTP_ACCEPT_LANGUAGE",
        "en-US,en",
        "HTTP_COOKIE",
        "a=b; theme=light1",
        NULL};

static void measure_gateways(void)
{
	static struct gateway g;

	gateway_begin(&g, 1);
	gateway_params(&g, 1, 60000, variables);
	measure("FastCGI request as php-fpm reads it", feed_records, g.bytes, g.n);
	g.n = 0;
	gateway_uwsgi(&g, 0, variables);
	measure("uwsgi request, whole", feed_request, g.bytes, g.n);
	g.n = 0;
	gateway_record(&g, GATEWAY_STDOUT, 1, RESPONSE + 17, sizeof(RESPONSE) - 18, 0);
	gateway_end(&g, 1);
	measure("FastCGI response, whole", feed_answer, g.bytes, g.n);
}

/* What a browser sends, the first time and when it says the same once more. */
static void measure_h2(void)
{
	static const char *const request[] = {
	        ":method",
	        "GET",
	        ":authority",
	        "localhost:8080",
	        ":scheme",
	        "https",
	        "!:path",
	        "/index.html?x=1",
	        "upgrade-insecure-requests",
	        "1",
	        "user-agent",
	        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
	        "Chrome/120.0.0.0 Safari/537.36",
	        "accept",
	        "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8",
	        "sec-fetch-site",
	        "none",
	        "sec-fetch-mode",
	        "navigate",
	        "accept-encoding",
	        "gzip, deflate, br",
	        "accept-language",
	        "en-US,en",
	        "cookie",
	        "a=b; theme=light1",
	        NULL};
	static const char *const answer[] = {":status",        "200", "server", "nginx",
	                                     "content-length", "10",  NULL};
	static struct h2wire to, from;

	h2wire_open(&to, 4096);
	h2wire_headers(&to, H2WIRE_ENDS, 1, request, 16384);
	measure("HTTP/2 request head, the first", feed_h2_first, to.bytes, to.n);
	to.n = 0;
	h2wire_headers(&to, H2WIRE_ENDS, 1, request, 16384);
	measure("HTTP/2 request head, the next", feed_h2_next, to.bytes, to.n);
	h2wire_open(&from, 0);
	h2wire_headers(&from, 0, 1, answer, 16384);
	h2wire_frame(&from, H2WIRE_DATA, H2WIRE_ENDS, 1, "0123456789", 10);
	rp_h2_open_out(&h2_out);
	measure("HTTP/2 response, whole", feed_h2_answer, from.bytes, from.n);
}

int main(void)
{
	measure("request head of a browser, whole", feed_request, BROWSER, sizeof(BROWSER) - 1);
	measure("trigger on it, unflagged", judge, BROWSER, sizeof(BROWSER) - 1);
	measure("the same head in two reads", feed_halves, BROWSER, sizeof(BROWSER) - 1);
	measure("request head of curl, whole", feed_request, CURL, sizeof(CURL) - 1);
	measure("not HTTP, first bytes", feed_request, TLS, sizeof(TLS) - 1);
	measure("response of nginx, whole", feed_response, RESPONSE, sizeof(RESPONSE) - 1);
	measure_gateways();
	measure_h2();
	measure("request head of a browser, at a glance", glance_request, BROWSER,
	        sizeof(BROWSER) - 1);
	measure("response of nginx, at a glance", glance_response, RESPONSE, sizeof(RESPONSE) - 1);
	return 0;
}
