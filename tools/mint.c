/* mint.c - see mint.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/mint.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/now.h"

const char *rp_mint_file(const char *file)
{
	const char *named = file ? file : getenv("REQPROF_SECRET_FILE");

	return named && *named ? named : NULL;
}

static bool take_first(struct rp_mint *m, FILE *file)
{
	char *line = NULL;
	size_t cap = 0;
	bool found = false;

	while (!found && getline(&line, &cap, file) >= 0)
		found = rp_secret_set(&m->secret, line, strcspn(line, "\r\n"));
	if (line)
		explicit_bzero(line, cap);
	free(line);
	return found;
}

bool rp_mint_open(struct rp_mint *m, const char *path, struct rp_why *why)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	if (!file || fstat(fd, &st) != 0)
		return rp_why_set(why, 0, "%s cannot be opened: %s", path, strerror(errno));
	bool fits = S_ISREG(st.st_mode) && !(st.st_mode & 077);
	bool found = fits && take_first(m, file);

	fclose(file);
	if (!fits)
		return rp_why_set(why, 0,
		                  "%s is no file that only its owner may read (chmod 600 it)",
		                  path);
	return found || rp_why_set(why, 0, "%s has no line of %d to %d bytes", path,
	                           RP_SECRET_LEAST, RP_SECRET_MOST);
}

bool rp_mint(const struct rp_mint *m, char token[RP_TOKEN_BYTES + 1])
{
	struct rp_token t = {.scope = m->scope};
	size_t n_path = m->path ? strlen(m->path) : 0;

	if (n_path > RP_TOKEN_PATH || getrandom(&t.nonce, sizeof(t.nonce), 0) != sizeof(t.nonce))
		return false;
	t.exp_s = rp_now_ns(CLOCK_REALTIME) / 1000000000 + m->life_s;
	t.n_path = (uint8_t)n_path;
	if (n_path)
		memcpy(t.path, m->path, n_path);
	size_t n = rp_token_write(token, &t, &m->secret);

	token[n] = '\0';
	return n > 0;
}

const char *rp_mint_path(const char *url, char path[RP_TOKEN_PATH + 1])
{
	struct rp_token t = {.n_path = 0};
	const char *scheme = strstr(url, "://");
	const char *from = scheme ? scheme + 3 : url;

	from += strcspn(from, "/?#");
	size_t n = strcspn(from, "?#");

	if (n > RP_TOKEN_PATH) /* up to a border between its parts */
		for (n = RP_TOKEN_PATH; n > 1 && from[n] != '/'; n--)
			;
	if (n < 2)
		return NULL;
	memcpy(path, from, n);
	path[n] = '\0';
	t.n_path = (uint8_t)n;
	memcpy(t.path, path, n);
	return rp_token_covers(&t, path, n) ? path : NULL;
}
