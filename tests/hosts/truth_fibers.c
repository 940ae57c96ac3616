/* truth_fibers.c - coroutines that threads share: each goes on where a thread is free.
 *
 * Room: tests/hosts.  `truth_fibers PORT UPSTREAM [WORD...]`: one thread accepts and waits for
 * events, N_WORKERS run what is ready from one queue, by way of a scheduler of their own or
 * (direct) from coroutine to coroutine.  A coroutine reads and answers one connection, and asks on
 * another.  switched: by code of its own instead of swapcontext; alone: one thread does all;
 * passed: who has read a request leaves it to a new coroutine, and is over, its stack the next
 * one's; half: one request in two is.
 * SPDX-License-Identifier: MIT
 */
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <ucontext.h>
#include "switch.h"
#include "truth.h"

enum { N_WORKERS = 3, N_SLICES = 4, SLICE_US = 40, STACK = 64 << 10 };

/* What becomes of a coroutine that has been left; PASSES: another one has its connection now. */
enum then { RUNS, WAITS, ENDS, PASSES };

/* Where a stack is left. */
struct at {
	ucontext_t context;
	void *sp;
};

struct fiber {
	struct at at;
	char *stack;
	bool reads; /* only, and passes on what it has read */
	char head[4096];
	int fd, timer, upstream;
	int waits; /* for this descriptor */
	enum then then;
	struct fiber *next;
	struct truth truth;
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct fiber *first, **end;
} ready = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, NULL, &ready.first};

/* A thread; LEFT: the coroutine that was left for where it is now. */
struct worker {
	struct at at;
	struct fiber *left;
};

static __thread struct worker worker;
static int epoll, upstream_port;
static bool direct, switched, alone, passed, half;

/* The stack that was given back last is the next one's. */
static struct {
	pthread_mutex_t lock;
	char *first;
} stacks = {PTHREAD_MUTEX_INITIALIZER, NULL};

static char *take_stack(void)
{
	pthread_mutex_lock(&stacks.lock);
	char *stack = stacks.first;

	if (stack)
		stacks.first = *(char **)stack;
	pthread_mutex_unlock(&stacks.lock);
	return stack ? stack : malloc(STACK);
}

static void give_stack(char *stack)
{
	pthread_mutex_lock(&stacks.lock);
	*(char **)stack = stacks.first;
	stacks.first = stack;
	pthread_mutex_unlock(&stacks.lock);
}

static void go(struct at *from, struct at *to)
{
	if (switched)
		switch_stacks(&from->sp, to->sp);
	else
		swapcontext(&from->context, &to->context);
}

/* Not inlined: a coroutine may go on where another thread is. */
static __attribute__((noinline)) struct worker *me(void)
{
	__asm__ volatile("");
	return &worker;
}

static void add(struct fiber *f)
{
	pthread_mutex_lock(&ready.lock);
	f->next = NULL;
	*ready.end = f;
	ready.end = &f->next;
	pthread_cond_signal(&ready.more);
	pthread_mutex_unlock(&ready.lock);
}

static struct fiber *take(bool waits)
{
	struct fiber *f;

	pthread_mutex_lock(&ready.lock);
	while (waits && !ready.first)
		pthread_cond_wait(&ready.more, &ready.lock);
	f = ready.first;
	if (f && !(ready.first = f->next))
		ready.end = &ready.first;
	pthread_mutex_unlock(&ready.lock);
	return f;
}

/* On the other side of a switch: only now may another thread go on with who was left. */
static void settle(void)
{
	struct fiber *f = me()->left;
	struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = f};

	me()->left = NULL;
	if (!f)
		return;
	if (f->then == RUNS) {
		add(f);
	} else if (f->then == WAITS) {
		if (epoll_ctl(epoll, EPOLL_CTL_MOD, f->waits, &e) != 0)
			epoll_ctl(epoll, EPOLL_CTL_ADD, f->waits, &e);
	} else {
		if (f->then == ENDS) {
			close(f->fd);
			close(f->timer);
			close(f->upstream);
		}
		give_stack(f->stack);
		free(f);
	}
}

static void leave(struct fiber *f, enum then then)
{
	struct fiber *next = direct ? take(false) : NULL;

	f->then = then;
	me()->left = f;
	go(&f->at, next ? &next->at : &me()->at);
	settle();
}

static ssize_t read_on(struct fiber *f, int fd, char *to, size_t cap)
{
	ssize_t n;

	while ((n = recv(fd, to, cap, MSG_DONTWAIT)) < 0 && errno == EAGAIN) {
		f->waits = fd;
		leave(f, WAITS);
	}
	return n;
}

static void rest(struct fiber *f, long us)
{
	struct itimerspec after = {.it_value.tv_nsec = us * 1000};
	uint64_t n;

	timerfd_settime(f->timer, 0, &after, NULL);
	while (read(f->timer, &n, sizeof(n)) < 0) {
		f->waits = f->timer;
		leave(f, WAITS);
	}
}

static void ask(struct fiber *f)
{
	static const char head[] = "GET /slow HTTP/1.1\r\nHost: up\r\n\r\n";
	char answer[512];

	if (send(f->upstream, head, sizeof(head) - 1, MSG_NOSIGNAL) < 0 ||
	    read_on(f, f->upstream, answer, sizeof(answer)) <= 0)
		exit(1);
}

static void step(struct fiber *f, char what)
{
	const char *place = what == 't' ? "timer" : what == 'u' ? "upstream" : "burst";

	if (what == 't')
		rest(f, 500 + rand() % 3000);
	if (what == 'u')
		ask(f);
	if (what == 'w')
		f->truth.burnt_ns += truth_burn(&f->truth, 0);
	for (int i = 0; what == 's' && i < N_SLICES; i++) {
		truth_work(&f->truth, SLICE_US);
		truth_says(&f->truth, "slice");
		leave(f, RUNS);
	}
	if (what == 'b')
		truth_work(&f->truth, N_SLICES * SLICE_US);
	truth_says(&f->truth, place);
}

static void answer(struct fiber *f)
{
	char whole[256];

	truth_parse(&f->truth, f->head);
	truth_says(&f->truth, "start");
	for (const char *s = f->truth.steps; *s; s++)
		step(f, *s);
	truth_says(&f->truth, "end");
	http_send_all(f->fd, whole, (size_t)truth_answer_text(&f->truth, whole, sizeof(whole)));
}

static void serve(void *arg);

static void serve_by_halves(unsigned low, unsigned high)
{
	serve((void *)((uintptr_t)high << 32 | low));
}

static void start(struct fiber *f)
{
	ucontext_t *c = &f->at.context;

	f->stack = take_stack();
	if (switched) {
		f->at.sp = switch_make(f->stack, STACK, serve, f);
	} else {
		getcontext(c);
		c->uc_stack.ss_sp = f->stack;
		c->uc_stack.ss_size = STACK;
		makecontext(c, (void (*)(void))serve_by_halves, 2, (unsigned)(uintptr_t)f,
		            (unsigned)((uintptr_t)f >> 32));
	}
	add(f);
}

/* What F has is another one's: who answers, and then one who reads again. */
static void pass(struct fiber *f)
{
	struct fiber *next = calloc(1, sizeof(*next));

	next->fd = f->fd;
	next->timer = f->timer;
	next->upstream = f->upstream;
	next->reads = !f->reads;
	strcpy(next->head, f->head);
	start(next);
	leave(f, PASSES);
}

static void serve(void *arg)
{
	struct fiber *f = arg;
	ssize_t n;

	settle();
	if (passed && !f->reads) {
		answer(f);
		pass(f);
	}
	while ((n = read_on(f, f->fd, f->head, sizeof(f->head) - 1)) > 0) {
		f->head[n] = 0;
		if (passed && (!half || rand() % 2))
			pass(f);
		answer(f);
	}
	leave(f, ENDS);
}

static void begin(int fd)
{
	struct fiber *f = calloc(1, sizeof(*f));

	f->fd = fd;
	f->timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	f->upstream = truth_connect(upstream_port, 0);
	f->reads = true;
	start(f);
}

static void *work(void *nothing)
{
	for (struct fiber *f; (f = take(!alone));) {
		go(&me()->at, &f->at);
		settle();
	}
	return nothing;
}

static void choose(char *const *argv)
{
	direct = truth_is_told(argv, "direct");
	switched = truth_is_told(argv, "switched");
	alone = truth_is_told(argv, "alone");
	passed = truth_is_told(argv, "passed");
	half = truth_is_told(argv, "half");
}

int main(int argc, char **argv)
{
	int listener = http_listen(argc, argv);
	struct epoll_event e = {.events = EPOLLIN}, events[16];
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	upstream_port = atoi(argv[2]);
	choose(argv);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
	for (int i = 0; i < N_WORKERS && !alone; i++)
		pthread_create(&thread, NULL, work, NULL);
	truth_start_background();
	for (;;) {
		int n = epoll_wait(epoll, events, 16, -1);

		for (int i = 0; i < n; i++) {
			int fd = events[i].data.ptr ? -1
			                            : accept4(listener, NULL, NULL, SOCK_CLOEXEC);

			if (events[i].data.ptr)
				add(events[i].data.ptr);
			else if (fd >= 0)
				begin(fd);
		}
		if (alone)
			work(NULL);
	}
}
