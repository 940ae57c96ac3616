/* cmd_token.c - reqprof token: a key for one flagged request, to be given to somebody.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/mint.h"
#include "tools/term.h"
#include "tools/values.h"

struct words {
	const char *life, *path, *scope, *file;
};

static int fill(struct rp_mint *m, const struct words *w)
{
	const char *file = rp_mint_file(w->file);
	struct rp_why why;
	uint64_t life_ns = RP_TOKEN_LIFE_S * 1000000000ull;

	if (w->life && (!rp_value_time(w->life, &life_ns) || life_ns < 1000000000 ||
	                life_ns > RP_TOKEN_LIFE_S * 1000000000ull))
		return rp_term_complain("--for wants a time from 1s to %dm, not '%s'",
		                        RP_TOKEN_LIFE_S / 60, w->life);
	m->life_s = life_ns / 1000000000;
	m->scope = w->scope ? rp_scope_spelled(w->scope, strlen(w->scope)) : RP_SCOPE_SAVE;
	if (!m->scope)
		return rp_term_complain("--scope wants save, text or html, not '%s'", w->scope);
	if (w->path && (*w->path != '/' || strlen(w->path) > RP_TOKEN_PATH))
		return rp_term_complain(
		        "--path wants a path from the root, of at most %d bytes, not '%s'",
		        RP_TOKEN_PATH, w->path);
	m->path = w->path;
	if (!file)
		return rp_term_complain("which secret signs it?  --secret-file FILE, or "
		                        "REQPROF_SECRET_FILE as the server has it");
	return rp_mint_open(m, file, &why) ? RP_FLAGS_GO : rp_term_complain("%s", why.text);
}

int rp_cmd_token(int argc, char **argv)
{
	struct words w = {0};
	const struct rp_flag flags[] = {
	        {0, "for", "TIME", "how long it lives, at most and usually 15m", &w.life, NULL},
	        {0, "path", "PATH", "only for this path and what is below it", &w.path, NULL},
	        {0, "scope", "WHAT", "save (usual), text, or html", &w.scope, NULL},
	        {0, "secret-file", "FILE", "its first line signs; REQPROF_SECRET_FILE", &w.file,
	         NULL},
	        {0},
	};
	struct rp_mint mint = {.scope = RP_SCOPE_NONE};
	char token[RP_TOKEN_BYTES + 1];
	int first, status = rp_flags_parse(flags, "token [options]", argc, argv, &first);

	if (status == RP_FLAGS_GO && first < argc)
		return rp_term_complain("what is '%s'?  usage: reqprof token [options]",
		                        argv[first]);
	if (status == RP_FLAGS_GO)
		status = fill(&mint, &w);
	if (status != RP_FLAGS_GO)
		return status;
	if (!rp_mint(&mint, token))
		return rp_term_complain("the kernel gave no random bytes");
	puts(token);
	return rp_term_finish();
}
