/* truth_loop.c - one event loop that serves everybody, by callbacks or by coroutines.
 *
 * Room: tests/hosts.  `truth_loop PORT UPSTREAM [coroutines|readers] [WORD...]`: coroutines
 * have a stack a connection, as have readers, which read their requests themselves; rights: another
 * process accepts, and hands the connections over; few: not enough connections to the other server;
 * eager: what threads have put in the list is done in any turn; unseen: it waits for events past
 * libc.  SPDX-License-Identifier: MIT
 */
#include "truth_loop.h"
#include <ucontext.h>

enum { N_SLICES = 4, SLICE_US = 40, N_AFTER = 20, STACK = 64 << 10 };

struct request {
	struct watch watch;
	struct task task;
	struct truth truth;
	const char *step;
	int slices;
	bool busy, gone;
	ucontext_t at, loop;
	char *stack;
};

static bool by_coroutines, by_readers;

static void next_step(struct task *t);

static struct request *of(struct task *t)
{
	return (struct request *)((char *)t - offsetof(struct request, task));
}

/* Once what goes on for it is over. */
static void leave(struct request *r)
{
	r->gone = true;
	if (r->busy)
		return;
	close(r->watch.fd);
	free(r->stack);
	free(r);
}

static void answer(struct request *r)
{
	char whole[256];
	int n = truth_answer_text(&r->truth, whole, sizeof(whole));

	truth_says(&r->truth, "end");
	http_send_all(r->watch.fd, whole, (size_t)n);
	r->busy = false;
}

/* What each step is, and what is said when it is over. */
static const char *place_of(char step)
{
	return step == 't'   ? "timer"
	       : step == 'u' ? "upstream"
	       : step == 'p' ? "pooled"
	       : step == 's' ? "slice"
	                     : "burst";
}

static void job(struct task *t)
{
	truth_says(&of(t)->truth, "pool");
	truth_work(&of(t)->truth, 100);
	truth_says(&of(t)->truth, "pool");
}

static void granted(struct task *t)
{
	truth_says(&of(t)->truth, "granted");
}

/* Work that goes on when the request is over, in turns in which something is left to do. */
struct after {
	struct task task;
	struct truth truth;
	int slices;
};

static void go_on(struct task *t)
{
	struct after *a = (struct after *)t;

	truth_work(&a->truth, SLICE_US);
	truth_says(&a->truth, "after");
	if (--a->slices)
		loop_soon(t, go_on);
	else
		free(a);
}

static void leave_to_do(const struct truth *of)
{
	struct after *a = (struct after *)calloc(1, sizeof(*a));

	a->truth = *of;
	a->slices = N_AFTER;
	loop_soon(&a->task, go_on);
}

static void start_step(struct task *t, void (*then)(struct task *))
{
	switch (*of(t)->step) {
	case 't':
		loop_later(t, 500 + rand() % 3000, then);
		break;
	case 'u':
		loop_ask(t, then);
		break;
	case 'p':
		loop_thread(t, job, then);
		break;
	case 'a':
		leave_to_do(&of(t)->truth);
		/* fall through */
	default:
		loop_soon(t, then);
	}
}

/* True when the step is over. */
static bool end_step(struct request *r)
{
	truth_says(&r->truth, place_of(*r->step));
	if (*r->step == 's' || *r->step == 'b') {
		truth_work(&r->truth, *r->step == 's' ? SLICE_US : N_SLICES * SLICE_US);
		truth_says(&r->truth, place_of(*r->step));
	}
	if (*r->step == 'w')
		r->truth.burnt_ns += truth_burn(&r->truth, 0);
	return *r->step != 's' || ++r->slices % N_SLICES == 0;
}

static void stepped(struct task *t)
{
	struct request *r = of(t);

	if (end_step(r))
		r->step++;
	next_step(t);
}

static void next_step(struct task *t)
{
	if (*of(t)->step)
		start_step(t, stepped);
	else
		answer(of(t));
	if (!of(t)->busy && of(t)->gone)
		leave(of(t));
}

static bool hear(struct request *r);

/* ---- the same as a coroutine ---- */

static void resume(struct task *t)
{
	swapcontext(&of(t)->loop, &of(t)->at);
	if (!of(t)->busy && of(t)->gone)
		leave(of(t));
}

static void straight(unsigned low, unsigned high)
{
	struct request *r = (struct request *)((uintptr_t)high << 32 | low);

	for (;;) {
		while (by_readers && !hear(r))
			swapcontext(&r->at, &r->loop);
		while (*r->step) {
			start_step(&r->task, resume);
			swapcontext(&r->at, &r->loop);
			if (end_step(r))
				r->step++;
		}
		answer(r);
		swapcontext(&r->at, &r->loop);
	}
}

static void make_coroutine(struct request *r)
{
	r->stack = malloc(STACK);
	getcontext(&r->at);
	r->at.uc_stack.ss_sp = r->stack;
	r->at.uc_stack.ss_size = STACK;
	makecontext(&r->at, (void (*)(void))straight, 2, (unsigned)(uintptr_t)r,
	            (unsigned)((uintptr_t)r >> 32));
}

/* ---- clients ---- */

/* False: there was no request; the client may be gone. */
static bool hear(struct request *r)
{
	char head[4096];
	ssize_t n = recv(r->watch.fd, head, sizeof(head) - 1, MSG_DONTWAIT);

	if (n <= 0) {
		r->gone |= n == 0 || errno != EAGAIN;
		return false;
	}
	head[n] = 0;
	truth_parse(&r->truth, head);
	truth_says(&r->truth, "start");
	r->step = r->truth.steps;
	r->busy = true;
	return true;
}

static void heard(struct watch *w)
{
	struct request *r = (struct request *)w;

	if ((r->busy || !by_readers) && !hear(r)) {
		loop_forget(w);
		leave(r);
	} else if (!by_coroutines) {
		next_step(&r->task);
	} else {
		if (!r->stack)
			make_coroutine(r);
		resume(&r->task);
	}
}

static void serve(int fd)
{
	struct request *r = calloc(1, sizeof(*r));

	r->watch = (struct watch){fd, heard};
	loop_watch(&r->watch, EPOLLIN);
}

static void accepted(struct watch *w)
{
	int fd = accept4(w->fd, NULL, NULL, SOCK_CLOEXEC);

	if (fd >= 0)
		serve(fd);
}

/* ---- connections that another process accepted ---- */

union control {
	struct cmsghdr align;
	char room[CMSG_SPACE(sizeof(int))];
};

static struct cmsghdr *head_of(struct msghdr *m, struct iovec *part, char *byte, union control *c)
{
	*part = (struct iovec){byte, 1};
	*m = (struct msghdr){
	        .msg_iov = part, .msg_iovlen = 1, .msg_control = c, .msg_controllen = sizeof(*c)};
	return CMSG_FIRSTHDR(m);
}

static void hand_over(int listener, int to)
{
	for (;;) {
		union control room;
		struct msghdr m;
		struct iovec part;
		char byte = 1;
		struct cmsghdr *c = head_of(&m, &part, &byte, &room);
		int fd = accept(listener, NULL, NULL);

		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
		if (sendmsg(to, &m, 0) != 1)
			exit(0);
		close(fd);
	}
}

static void taken(struct watch *w)
{
	union control room;
	struct msghdr m;
	struct iovec part;
	char byte;
	struct cmsghdr *c = head_of(&m, &part, &byte, &room);
	int fd;

	if (recvmsg(w->fd, &m, 0) <= 0)
		exit(0);
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	serve(fd);
}

int main(int argc, char **argv)
{
	static struct watch source;
	int fds[2];
	bool rights = false, few = false;

	for (int i = 3; i < argc; i++) {
		by_readers |= !strcmp(argv[i], "readers");
		by_coroutines |= by_readers || !strcmp(argv[i], "coroutines");
		rights |= !strcmp(argv[i], "rights");
		few |= !strcmp(argv[i], "few");
		loop.eager |= !strcmp(argv[i], "eager");
		loop.unseen |= !strcmp(argv[i], "unseen");
	}
	signal(SIGPIPE, SIG_IGN);
	source = (struct watch){http_listen(argc, argv), accepted};
	if (rights) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, fds) != 0)
			return 1;
		if (fork() != 0) {
			close(fds[1]);
			hand_over(source.fd, fds[0]);
		}
		close(fds[0]);
		close(source.fd);
		source = (struct watch){fds[1], taken};
	}
	loop_start(argc > 2 ? atoi(argv[2]) : 0);
	loop.granted = granted;
	if (few)
		loop.most_upstreams = FEW_UPSTREAMS;
	loop_watch(&source, EPOLLIN);
	pool_start();
	truth_start_background();
	loop_run();
}
