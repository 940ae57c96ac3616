/* truth_upstream.c - the server that other servers ask: answers each request after 1 to 6 ms.
 *
 * Room: tests/hosts.  `truth_upstream PORT [HEADER]`: a line for its answers.
 * SPDX-License-Identifier: MIT
 */
#include "truth_loop.h"

struct client {
	struct watch watch;
	struct task task;
	bool waits, gone;
};

static const char *header = "";

static void leave(struct client *c)
{
	c->gone = true;
	if (c->waits)
		return;
	close(c->watch.fd);
	free(c);
}

static void answer(struct task *t)
{
	struct client *c = (struct client *)((char *)t - offsetof(struct client, task));
	char whole[1024];

	c->waits = false;
	if (c->gone) {
		leave(c);
		return;
	}
	int n = snprintf(whole, sizeof(whole),
	                 "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n%s%s\r\nslow\n", header,
	                 *header ? "\r\n" : "");

	http_send_all(c->watch.fd, whole, (size_t)n);
}

static void heard(struct watch *w)
{
	struct client *c = (struct client *)w;
	char head[4096];
	ssize_t n = recv(w->fd, head, sizeof(head), 0);

	if (n <= 0) {
		loop_forget(w);
		leave(c);
		return;
	}
	c->waits = true;
	loop_later(&c->task, 1000 + rand() % 5000, answer);
}

static void accepted(struct watch *w)
{
	struct client *c = (struct client *)calloc(1, sizeof(*c));

	c->watch = (struct watch){accept(w->fd, NULL, NULL), heard};
	loop_watch(&c->watch, EPOLLIN);
}

int main(int argc, char **argv)
{
	static struct watch listener;

	signal(SIGPIPE, SIG_IGN);
	listener = (struct watch){http_listen(argc, argv), accepted};
	if (argc > 2)
		header = argv[2];
	loop_start(0);
	loop_watch(&listener, EPOLLIN);
	loop_run();
}
