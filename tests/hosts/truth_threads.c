/* truth_threads.c - threads that each serve one request at a time.
 *
 * Room: tests/hosts.  `truth_threads PORT UPSTREAM HOW [WAKING] [unseen] [lifo] [batches|silent]`:
 * HOW is "each" (a thread for each connection), "queue" (one accepts, workers take connections from
 * a queue, read and answer) or "jobs" (one waits for all connections and reads, workers take the
 * requests from a queue, work and answer).  Its queues (queues.h) are stacks with "lifo".  A worker
 * of jobs takes several at a time with "batches", and leaves all answers but the last to another
 * thread with "silent".  With "grows" there is one worker at first, and more where they are needed;
 * with "returns" a worker puts some jobs back; with "helps" who waits for its own job on the pool
 * does others'; with "sets" who reads waits in a set made for that, as gunicorn's threads do.
 * Steps more: x, a lie; c, a thread made for the request.  SPDX-License-Identifier: MIT
 */
#include <sys/epoll.h>
#include "queues.h"
#include "truth.h"

enum { N_CONNECTIONS = 64, N_WORKERS = 8, N_HELPERS = 4, N_UPSTREAMS = 4, BATCH = 4 };

static struct queue work = QUEUE, jobs = QUEUE, upstreams = QUEUE;
static int upstream_port, epoll = -1;
static bool batches, silently, grows, returns, helps, sets;
static _Atomic(struct connection *) answers[ROOM];

struct job {
	const struct truth *truth;
	bool done;
	pthread_mutex_t lock;
	pthread_cond_t over;
};

struct connection {
	int fd;
	struct http_request head;
	struct truth truth;
	bool returned;
};

static void do_job(struct job *j)
{
	truth_says(j->truth, "pool");
	truth_work(j->truth, 100);
	truth_says(j->truth, "pool");
	hold(&j->lock);
	j->done = true;
	wake(&j->over, false);
	let_go(&j->lock);
}

static void *help(void *nothing)
{
	for (;;)
		do_job(take(&jobs));
	return nothing;
}

/* What lies there first, whosever it is. */
static void help_once(void)
{
	struct job *j = NULL;

	hold(&jobs.lock);
	if (jobs.first != jobs.end)
		j = jobs.items[jobs.first++ % ROOM];
	let_go(&jobs.lock);
	if (j)
		do_job(j);
}

/* A job for the helpers, and its end awaited. */
static void be_helped(const struct truth *t)
{
	struct job j = {t, false, PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER};

	put(&jobs, &j);
	if (helps)
		help_once();
	hold(&j.lock);
	while (!j.done)
		await_wake(&j.over, &j.lock, -1);
	let_go(&j.lock);
	truth_says(t, "pooled");
}

static void *serve_one(void *truth)
{
	truth_says(truth, "made");
	truth_work(truth, 100);
	truth_says(truth, "made");
	return NULL;
}

/* By a thread that is made for it. */
static void be_served(const struct truth *t)
{
	pthread_t thread;

	pthread_create(&thread, NULL, serve_one, (void *)(uintptr_t)t);
	pthread_join(thread, NULL);
	truth_says(t, "joined");
}

/* On one of a few connections that everybody shares. */
static void ask(const struct truth *t)
{
	static const char head[] = "GET /slow HTTP/1.1\r\nHost: up\r\n\r\n";
	char answer[512];
	intptr_t fd = (intptr_t)take(&upstreams) - 1;

	truth_says(t, "granted");
	if (send((int)fd, head, sizeof(head) - 1, MSG_NOSIGNAL) <= 0 ||
	    recv((int)fd, answer, sizeof(answer), 0) <= 0)
		perror("upstream");
	truth_says(t, "upstream");
	put(&upstreams, (void *)(fd + 1));
}

static void work_for(struct truth *t)
{
	truth_says(t, "start");
	for (const char *step = t->steps; *step; step++) {
		if (*step == 't') {
			usleep(500 + (unsigned)rand() % 3000);
			truth_says(t, "timer");
		} else if (*step == 'u') {
			ask(t);
		} else if (*step == 'p') {
			be_helped(t);
		} else if (*step == 'c') {
			be_served(t);
		} else if (*step == 'x') {
			truth_says(&(struct truth){"0", "", 0}, "lie");
			truth_burn(t, 1);
		} else if (*step == 'w') {
			t->burnt_ns += truth_burn(t, 0);
		} else {
			truth_work(t, 160);
			truth_says(t, "burst");
		}
	}
	truth_says(t, "end");
}

static bool answer(int fd, const struct truth *t)
{
	char whole[256];

	return http_send_all(fd, whole, (size_t)truth_answer_text(t, whole, sizeof(whole)));
}

static bool serve(int fd, const struct http_request *q)
{
	struct truth t;

	truth_parse(&t, q->head);
	work_for(&t);
	return answer(fd, &t);
}

static void await_request(int fd)
{
	struct epoll_event e = {.events = EPOLLIN};
	int set = epoll_create1(EPOLL_CLOEXEC);

	epoll_ctl(set, EPOLL_CTL_ADD, fd, &e);
	epoll_wait(set, &e, 1, -1);
	close(set);
}

static bool serve_and_await(int fd, const struct http_request *q)
{
	bool goes_on = serve(fd, q);

	if (goes_on)
		await_request(fd);
	return goes_on;
}

static void *serve_queue(void *nothing)
{
	for (;;) {
		intptr_t fd = (intptr_t)take(&work) - 1;

		if (sets)
			await_request((int)fd);
		http_connection((void *)fd);
	}
	return nothing;
}

static void watch(struct connection *c, int op)
{
	struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.ptr = c};

	epoll_ctl(epoll, op, c->fd, &e);
}

static void reply(struct connection *c)
{
	if (answer(c->fd, &c->truth))
		watch(c, EPOLL_CTL_MOD);
}

static void *serve_jobs(void *nothing)
{
	for (;;) {
		struct connection *c = take(&work);

		if (returns && !c->returned && rand() % 16 == 0) {
			c->returned = true;
			put(&work, c);
			continue;
		}
		work_for(&c->truth);
		reply(c);
	}
	return nothing;
}

/* All that lies there, up to a batch, for whoever is woken; somebody may be woken in vain. */
static unsigned take_batch(struct queue *q, struct connection *c[BATCH])
{
	unsigned n = 0;

	while (!n) {
		void *unused;

		await(q, &unused);
		hold(&q->lock);
		while (q->first == q->end && waking <= BROADCASTS)
			await_wake(&q->more, &q->lock, -1);
		while (q->first != q->end && n < BATCH)
			c[n++] = q->items[q->first++ % ROOM];
		let_go(&q->lock);
	}
	return n;
}

/* Answers when it has worked for all of them; silent: the last one, another thread the others. */
static void *serve_batches(void *nothing)
{
	for (;;) {
		struct connection *c[BATCH];
		unsigned n = take_batch(&work, c), silent = silently ? n - 1 : 0;

		for (unsigned i = 0; i < n; i++)
			work_for(&c[i]->truth);
		for (unsigned i = 0; i < silent; i++)
			atomic_store(&answers[c[i]->fd % ROOM], c[i]);
		for (unsigned i = silent; i < n; i++)
			reply(c[i]);
	}
	return nothing;
}

static void *serve_answers(void *nothing)
{
	for (;;) {
		usleep(300);
		for (unsigned i = 0; i < ROOM; i++) {
			struct connection *c = atomic_exchange(&answers[i], NULL);

			if (c)
				reply(c);
		}
	}
	return nothing;
}

/* Only reads; who answers takes the requests in their turn. */
static void read_all(int listener)
{
	struct epoll_event events[64], e = {.events = EPOLLIN, .data.ptr = NULL};

	epoll = epoll_create1(0);
	epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);
	for (;;) {
		int n = epoll_wait(epoll, events, 64, -1);

		for (int i = 0; i < n; i++) {
			struct connection *c = events[i].data.ptr;

			if (!c) {
				c = calloc(1, sizeof(*c));
				c->fd = accept(listener, NULL, NULL);
				watch(c, EPOLL_CTL_ADD);
			} else if (http_read(c->fd, &c->head)) {
				truth_parse(&c->truth, c->head.head);
				c->returned = false;
				truth_says(&c->truth, "read");
				put(&work, c);
			} else {
				close(c->fd);
				free(c);
			}
		}
	}
}

static void start(int n, void *(*main)(void *))
{
	pthread_t thread;

	while (n--)
		pthread_create(&thread, NULL, main, NULL);
}

/* One worker more, by whoever found that there are too few. */
static void grow(void)
{
	start(1, serve_jobs);
}

static void choose(char *const *argv)
{
	static const char *const ways[] = {"signals", "broadcasts", "semaphores",
	                                   "bytes",   "counts",     "items"};

	lifo = truth_is_told(argv, "lifo");
	grows = truth_is_told(argv, "grows");
	unseen = truth_is_told(argv, "unseen");
	returns = truth_is_told(argv, "returns");
	helps = truth_is_told(argv, "helps");
	sets = truth_is_told(argv, "sets");
	silently = truth_is_told(argv, "silent");
	batches = silently || truth_is_told(argv, "batches");
	for (unsigned way = 0; way < sizeof(ways) / sizeof(*ways); way++)
		if (truth_is_told(argv, ways[way]))
			waking = way;
}

int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "each";
	int listener = http_listen(argc, argv);

	choose(argv);
	work.grow = grows ? grow : NULL;
	make(&work);
	make(&jobs);
	make(&upstreams);
	signal(SIGPIPE, SIG_IGN);
	http_server = sets ? serve_and_await : serve;
	upstream_port = argc > 2 ? atoi(argv[2]) : 0;
	for (int i = 0; upstream_port && i < N_UPSTREAMS; i++)
		put(&upstreams, (void *)((intptr_t)truth_connect(upstream_port, 0) + 1));
	start(N_HELPERS, help);
	truth_start_background();
	if (!strcmp(how, "each"))
		http_threads(listener, serve);
	if (silently)
		start(1, serve_answers);
	if (!strcmp(how, "jobs"))
		start(grows ? 1 : N_WORKERS, batches ? serve_batches : serve_jobs);
	else
		start(N_CONNECTIONS, serve_queue);
	if (!strcmp(how, "jobs"))
		read_all(listener);
	for (;;)
		put(&work, (void *)((intptr_t)accept(listener, NULL, NULL) + 1));
}
