/* browser.c - see browser.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/browser.h"

#include <errno.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include "tools/commands.h"
#include "tools/term.h"

extern char **environ;

int rp_browser_open(const char *what)
{
	const char *browser = getenv("BROWSER");
	char *words[] = {(char *)(browser && *browser ? browser : "xdg-open"), (char *)what, NULL};
	pid_t pid;
	int status = posix_spawnp(&pid, words[0], NULL, NULL, words, environ);

	if (status != 0)
		return rp_term_complain("%s cannot be started (%s); the page is %s", words[0],
		                        strerror(status), what);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (status != 0)
		return rp_term_complain("%s failed; the page is %s", words[0], what);
	return RP_EXIT_OK;
}
