/* cmd_serve.c - reqprof serve: the sessions of some folders in the browser, for this machine only.
 *
 * Room: tools.  The only file that knows of HTTP's library.  One thread answers, a request at a
 * time: the parts that make a page were never meant for more. SPDX-License-Identifier: MIT
 */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include "tools/browser.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/serve.h"
#include "tools/term.h"
#include "tools/values.h"

enum { MOST_CONNECTIONS = 64, SECONDS_IDLE = 30, MOST_HEAD = 32 * 1024 };

static const char *value_of(void *arg, const char *key)
{
	return MHD_lookup_connection_value(arg, MHD_GET_ARGUMENT_KIND, key);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection,
                                   struct rp_serve_answer *answer)
{
	struct MHD_Response *response =
	        MHD_create_response_from_buffer(answer->n_body, answer->body,
	                                        MHD_RESPMEM_MUST_FREE);

	if (!response) {
		free(answer->body);
		return MHD_NO;
	}
	if (answer->n_body)
		MHD_add_response_header(response, "Content-Type", answer->type);
	MHD_add_response_header(response, "Content-Security-Policy", answer->policy);
	for (const char *const *h = rp_serve_headers; *h; h += 2)
		MHD_add_response_header(response, h[0], h[1]);
	if (answer->status == 405)
		MHD_add_response_header(response, "Allow", "GET, HEAD");
	enum MHD_Result result = MHD_queue_response(connection, answer->status, response);

	MHD_destroy_response(response);
	return result;
}

/* Called with the head, then with each piece of a body, which is thrown away. */
static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *n_upload, void **seen)
{
	static char began;

	(void)version;
	(void)upload;
	if (!*seen || *n_upload) {
		*seen = &began;
		*n_upload = 0;
		return MHD_YES;
	}
	struct rp_serve_asked asked = {.method = method,
	                               .url = url,
	                               .host = MHD_lookup_connection_value(connection,
	                                                                   MHD_HEADER_KIND, "Host"),
	                               .value = value_of,
	                               .arg = connection};
	struct rp_serve_answer answer = rp_serve_answer(arg, &asked);

	return send_answer(connection, &answer);
}

static struct MHD_Daemon *start(struct rp_serve *s, uint16_t port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL, NULL, on_request, s,
	                        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
	                        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
	                        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)SECONDS_IDLE,
	                        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MOST_HEAD,
	                        MHD_OPTION_END);
}

static int serve(struct rp_serve *s, uint16_t port, bool open)
{
	sigset_t ends;
	char url[128];
	int signal, status = RP_EXIT_OK;

	/* The library's thread shall not get these. */
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigaddset(&ends, SIGHUP);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	struct MHD_Daemon *daemon = start(s, port);

	if (!daemon)
		return rp_term_complain("port %u of 127.0.0.1 cannot be had; --port 0 takes a free "
		                        "one",
		                        port);
	s->port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/%s/", s->port, s->token);
	printf("%s\n", url);
	status = rp_term_finish();
	if (status == RP_EXIT_OK && open)
		rp_browser_open(url);
	if (status == RP_EXIT_OK)
		sigwait(&ends, &signal);
	MHD_stop_daemon(daemon);
	return status;
}

int rp_cmd_serve(int argc, char **argv)
{
	struct rp_serve s = {0};
	const char *port_text = NULL;
	uint64_t port = 0;
	bool open = false;
	const struct rp_flag flags[] = {
	        {0, "port", "N", "of 127.0.0.1; a free one by default", &port_text, NULL},
	        {0, "open", NULL, "show it in the browser", NULL, &open},
	        {0},
	};
	struct rp_why why;
	int first, status = rp_flags_parse(flags, "serve [--port N] [--open] [DIRECTORY...]", argc,
	                                   argv, &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (port_text && (!rp_value_count(port_text, &port) || port > 65535))
		return rp_term_complain("--port wants a number up to 65535, not '%s'", port_text);
	status = rp_flags_folders(argv + first, argc - first);
	if (status != RP_FLAGS_GO)
		return status;
	if (!rp_serve_token(&s))
		return rp_term_complain("the kernel gave no random bytes");
	if (!rp_watch_open(&s.watch, (const char *const *)argv + first, (size_t)(argc - first),
	                   &why))
		return rp_term_complain("%s", why.text);
	status = serve(&s, (uint16_t)port, open);
	rp_watch_close(&s.watch);
	return status;
}
