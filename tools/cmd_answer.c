/* cmd_answer.c - reqprof answer: what a server under the shim sends in place of its answer.
 *
 * Room: tools.  Not for people: preload/cold/maker.c runs it with a session, and reads what it
 * prints as the output of a CGI program is read.  The first line says how long the body is, for
 * whoever must know whether all of it is there. SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>
#include "tools/commands.h"
#include "tools/help.h"
#include "tools/page.h"
#include "tools/select.h"
#include "tools/show.h"

enum { STALL_MS = 5000 }; /* a terminal that takes nothing for so long gets no more */

struct mode {
	const char *word, *type;
	const char *policy,
	        *sandbox; /* Content-Security-Policy; what the page may in spite of it */
	void (*write)(FILE *out, const struct rp_profile *p, struct rp_cli *cli);
};

static const char no_policy[] = "default-src 'none'";

/* For links of the help page; parsed by hand, since no other verb has it. */
static const char *trigger = "profile";

static void write_html(FILE *out, const struct rp_profile *p, struct rp_cli *cli)
{
	const struct rp_page_how how = {.no_source = cli->no_source};

	rp_page_write(out, p, &how);
}

static void write_text(FILE *out, const struct rp_profile *p, struct rp_cli *cli)
{
	const struct rp_term t = {.out = out, .unicode = true};

	rp_show(&t, p, cli);
}

static void write_json(FILE *out, const struct rp_profile *p, struct rp_cli *cli)
{
	cli->json = true;
	write_text(out, p, cli);
}

static void write_help(FILE *out, const struct rp_profile *p, struct rp_cli *cli)
{
	(void)cli;
	rp_help_write(out, &p->sessions[0], trigger);
}

/* As wide and colourful as the terminal that the server has for its errors, if it has one. */
static void write_term(FILE *out, const struct rp_profile *p, struct rp_cli *cli)
{
	struct rp_term t;

	rp_term_open(&t, cli->color, cli->unicode);
	t.out = out;
	rp_show(&t, p, cli);
}

static const struct mode modes[] = {
        {"html", "text/html; charset=utf-8", rp_page_policy, " allow-scripts allow-downloads",
         write_html},
        {"text", "text/plain; charset=utf-8", no_policy, "", write_text},
        {"json", "application/json", no_policy, "", write_json},
        {"help", "text/html; charset=utf-8", rp_help_policy, " allow-scripts", write_help},
        {"term", NULL, NULL, NULL, write_term},
};

static const struct mode *find_mode(const char *word)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		if (strcmp(modes[i].word, word) == 0)
			return &modes[i];
	return NULL;
}

/* The page is a script on the origin of the server: it gets an origin of its own, without the
 * cookies and the storage of that, and nobody keeps a copy. */
static int print_head(const struct mode *mode, size_t n)
{
	return printf("Content-Length: %zu\r\n"
	              "Content-Type: %s\r\n"
	              "Content-Security-Policy: %s; frame-ancestors 'none'; sandbox%s\r\n"
	              "Cache-Control: no-store\r\n"
	              "X-Robots-Tag: noindex\r\n"
	              "X-Content-Type-Options: nosniff\r\n"
	              "Referrer-Policy: no-referrer\r\n\r\n",
	              n, mode->type, mode->policy, mode->sandbox);
}

/* The descriptor is the server's as well: it may be one that does not block. */
static bool put_all(const char *bytes, size_t n)
{
	while (n) {
		ssize_t put = write(STDOUT_FILENO, bytes, n);
		struct pollfd p = {.fd = STDOUT_FILENO, .events = POLLOUT};

		if (put > 0) {
			bytes += put;
			n -= (size_t)put;
		} else if (errno != EAGAIN || poll(&p, 1, STALL_MS) != 1) {
			return false;
		}
	}
	return true;
}

static int answer(const struct mode *mode, struct rp_cli *cli)
{
	struct rp_profile p;
	int status = rp_select_profile(cli, &p);
	char *text = NULL;
	size_t n = 0;

	if (status != RP_CLI_GO)
		return status;
	FILE *out = open_memstream(&text, &n);

	if (!out)
		return rp_term_complain("no memory");
	mode->write(out, &p, cli);
	bool ok = fclose(out) == 0;

	ok = ok && (!mode->type || print_head(mode, n) > 0) && fflush(stdout) == 0;
	ok = ok && put_all(text, n);
	free(text);
	rp_profile_close(&p);
	return ok ? RP_EXIT_OK : rp_term_complain("not written: %s", strerror(errno));
}

/* When memory is short this is what may go, not the server. */
static void stand_back(void)
{
	int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd >= 0 && write(fd, "1000", 4) < 0)
		errno = 0; /* as it was, then */
	if (fd >= 0)
		close(fd);
	prctl(PR_SET_NAME, "reqprof");
}

int rp_cmd_answer(int argc, char **argv)
{
	bool named = argc == 5 && strcmp(argv[1], "--trigger") == 0;
	int first = named ? 3 : 1;
	const struct mode *mode = argc == first + 2 ? find_mode(argv[first]) : NULL;

	if (!mode)
		return rp_term_complain("usage: reqprof answer [--trigger NAME] MODE SESSION");
	if (named)
		trigger = argv[2];
	stand_back();
	return answer(mode, &(struct rp_cli){.sessions = argv + first + 1, .n_sessions = 1});
}
