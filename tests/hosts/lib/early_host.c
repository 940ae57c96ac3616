/* early_host.c - a server that tells what its library did before main; see early.c.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "../http.h"

extern char early_report[];

static bool serve(int fd, const struct http_request *q)
{
	(void)q;
	usleep(5000);
	return http_answer_text(fd, early_report);
}

int main(int argc, char **argv)
{
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
