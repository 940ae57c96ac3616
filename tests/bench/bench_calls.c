/* bench_calls.c - what a hook costs a call that belongs to no flagged request.
 *
 * Room: tests.  Run under LD_PRELOAD: each pair is a batch through the program's own names (our
 * hooks) and the same batch straight into libc.  Run without it, both are libc: the noise.  With
 * "flagged" some are measured again, once a request has been.
 * SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include "tests/bench/self.h"

enum { N_PAIRS = 1001, N_CALLS = 100, N_REQUESTS = 4001, N_BYTES = 16, N_FILE = 6144 };

/* clang-format off */
#define CALLS(X) \
	X(read) X(write) X(writev) X(open) X(close) X(poll) X(epoll_wait) \
	X(sem_post) X(sem_wait) X(pthread_cond_signal) \
	X(recv) X(openat64) X(sendfile64) \
	X(pthread_mutex_lock) X(pthread_mutex_unlock) \
	X(pthread_rwlock_wrlock) X(pthread_rwlock_unlock)
/* clang-format on */

struct way {
#define MEMBER(name) __typeof__(name) *name;
	CALLS(MEMBER)
};

static struct way hooked, libc;
static char bytes[N_BYTES * N_CALLS];
static int zero, null, inherited, set, loop, ready, counter;
static struct self body;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t beside;
	char between[4096];
	pthread_cond_t far;
} queue = {.mutex = PTHREAD_MUTEX_INITIALIZER,
           .beside = PTHREAD_COND_INITIALIZER,
           .far = PTHREAD_COND_INITIALIZER};
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static sem_t sem;
static volatile ssize_t sink;

static struct way way_of(void *library)
{
	struct way w;

#define FIND(name)                                                                                 \
	w.name = (__typeof__(name) *)dlsym(library, #name);                                        \
	if (!w.name)                                                                               \
		give_up(#name);
	CALLS(FIND)
	return w;
}

static void read_zero(const struct way *w)
{
	sink = w->read(zero, bytes, N_BYTES);
}

static void read_inherited(const struct way *w)
{
	sink = w->read(inherited, bytes, N_BYTES);
}

static void write_null(const struct way *w)
{
	sink = w->write(null, bytes, N_BYTES);
}

static void read_body(const struct way *w)
{
	sink = w->read(body.server, bytes, N_BYTES);
}

static void write_body(const struct way *w)
{
	sink = w->write(body.server, bytes, N_BYTES);
}

static void writev_body(const struct way *w)
{
	struct iovec iov[2] = {{bytes, N_BYTES / 2}, {bytes, N_BYTES / 2}};

	sink = w->writev(body.server, iov, 2);
}

static void wait_nothing(const struct way *w)
{
	struct epoll_event event;

	sink = w->epoll_wait(set, &event, 1, 0);
}

/* A loop with timers: the shim keeps when one may be due. */
static void wait_one(const struct way *w)
{
	struct epoll_event event;

	sink = w->epoll_wait(loop, &event, 1, 1000);
}

static void write_counter(const struct way *w)
{
	static const uint64_t one = 1;

	sink = w->write(counter, &one, sizeof(one));
}

static void lock_unlock(const struct way *w)
{
	w->pthread_mutex_lock(&mutex);
	w->pthread_mutex_unlock(&mutex);
}

static void wrlock_unlock(const struct way *w)
{
	w->pthread_rwlock_wrlock(&rwlock);
	w->pthread_rwlock_unlock(&rwlock);
}

static void post_wait(const struct way *w)
{
	w->sem_post(&sem);
	w->sem_wait(&sem);
}

static void put(const struct way *w, pthread_cond_t *condition)
{
	w->pthread_mutex_lock(&queue.mutex);
	w->pthread_cond_signal(condition);
	w->pthread_mutex_unlock(&queue.mutex);
}

static void put_beside(const struct way *w)
{
	put(w, &queue.beside);
}

static void put_far(const struct way *w)
{
	put(w, &queue.far);
}

static void poll_one(const struct way *w)
{
	struct pollfd fds = {.fd = ready, .events = POLLIN};

	sink = w->poll(&fds, 1, 1000);
}

static void poll_two(const struct way *w)
{
	struct pollfd fds[] = {{.fd = ready, .events = POLLIN}, {.fd = body.server, .events = 0}};

	sink = w->poll(fds, 2, 1000);
}

static void open_close(const struct way *w)
{
	w->close(w->open("/dev/null", O_RDONLY | O_CLOEXEC));
}

/* What the batch will read, or what the last one wrote: not in its time. */
static void fill(void)
{
	sink = libc.write(body.client, bytes, sizeof(bytes));
}

static void empty(void)
{
	for (size_t n = 0; n < sizeof(bytes);) {
		ssize_t got = libc.read(body.client, bytes, sizeof(bytes));

		if (got <= 0)
			give_up("bench_calls: read");
		n += (size_t)got;
	}
}

static const struct row {
	const char *name, *goal;
	void (*call)(const struct way *w);
	void (*before)(void), (*after)(void);
} rows[] = {
        {"read of a file, 16 bytes", "<=5", read_zero, NULL, NULL},
        {"read of an inherited descriptor, 16 bytes", "<=5", read_inherited, NULL, NULL},
        {"write to a file, 16 bytes", "<=5", write_null, NULL, NULL},
        {"read of a body, 16 bytes", "<=5", read_body, fill, NULL},
        {"write of a body, 16 bytes", "<=5", write_body, NULL, empty},
        {"writev of a body, 2 x 8 bytes", "<=5", writev_body, NULL, empty},
        {"write to an eventfd", "<=20", write_counter, NULL, NULL},
        /* Before there is a loop on this thread. */
        {"poll of one descriptor, ready", "<=5", poll_one, NULL, NULL},
        {"poll of two, by who reads from clients", "<=10", poll_two, NULL, NULL},
        {"epoll_wait, nothing there", "<=5", wait_nothing, NULL, NULL},
        {"epoll_wait of a loop, one event", "<=10", wait_one, NULL, NULL},
        {"pthread_mutex_lock and unlock", "<=3", lock_unlock, NULL, NULL},
        {"pthread_rwlock_wrlock and unlock", "<=3", wrlock_unlock, NULL, NULL},
        {"sem_post and sem_wait", "<=5", post_wait, NULL, NULL},
        {"lock, pthread_cond_signal, unlock", "<=5", put_beside, NULL, NULL},
        {"open and close of /dev/null", "<=10", open_close, NULL, NULL},
};

/* Once somebody has been flagged turns and queues are looked at, also where nobody is. */
static const struct row rows_later[] = {
        {"... epoll_wait of a loop, one event", "-", wait_one, NULL, NULL},
        {"... pthread_mutex_lock and unlock", "-", lock_unlock, NULL, NULL},
        {"... sem_post and sem_wait", "-", post_wait, NULL, NULL},
        {"... lock, pthread_cond_signal, unlock", "-", put_beside, NULL, NULL},
        {"... the same, condition on another page", "-", put_far, NULL, NULL},
};

static double batch_ns(const struct row *row, const struct way *w)
{
	if (row->before)
		row->before();
	double began_ns = now_ns();

	for (int i = 0; i < N_CALLS; i++)
		row->call(w);
	double took_ns = now_ns() - began_ns;

	if (row->after)
		row->after();
	return took_ns / N_CALLS;
}

static void measure(const struct row *row)
{
	for (int i = 0; i < N_PAIRS; i++) {
		double ns[2];

		for (int turn = 0; turn < 2; turn++) {
			int which = (i ^ turn) & 1;

			ns[which] = batch_ns(row, which ? &libc : &hooked);
		}
		say_more(row->name, "ns", row->goal, ns[0], ns[1]);
	}
}

/* The two calls of a server that answers a request. */
static void serve_ns(struct self *s, const struct way *w, double *read_ns, double *write_ns)
{
	static char head[4096];

	send_whole(s->client, BROWSER_HEAD);
	double at_ns = now_ns();

	sink = w->read(s->server, head, sizeof(head));
	double read_at_ns = now_ns();

	sink = w->write(s->server, SMALL_RESPONSE, sizeof(SMALL_RESPONSE) - 1);
	*write_ns = now_ns() - read_at_ns;
	*read_ns = read_at_ns - at_ns;
	take_some(s->client);
}

/* The calls of nginx that sends a file; those that nobody hooks are left out. */
static double serve_file_ns(struct self *s, const struct way *w, const char *path)
{
	static char head[1024];
	static char answer[] = FILE_RESPONSE;
	struct iovec iov = {answer, sizeof(answer) - 1};
	off64_t at = 0;

	send_whole(s->client, WRK_HEAD);
	double began_ns = now_ns();

	sink = w->recv(s->server, head, sizeof(head), 0);
	int fd = w->openat64(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

	sink = w->writev(s->server, &iov, 1);
	sink = w->sendfile64(s->server, fd, &at, N_FILE);
	w->close(fd);
	double took_ns = now_ns() - began_ns;

	for (size_t n = sizeof(answer) - 1 + N_FILE; n;)
		n -= take_some(s->client);
	return took_ns;
}

static void make_file(char *path)
{
	static const char zeros[N_FILE];
	int fd = mkstemp(path);

	if (fd < 0 || libc.write(fd, zeros, sizeof(zeros)) != sizeof(zeros))
		give_up(path);
	libc.close(fd);
}

static void measure_requests(void)
{
	struct self s = self_open_tcp();
	char path[] = "/tmp/bench_calls.XXXXXX";
	int yes = 1;

	make_file(path);
	if (setsockopt(s.server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes)))
		give_up("TCP_NODELAY"); /* else the file waits for the ACK of its head */
	for (int i = 0; i < N_REQUESTS; i++) {
		double in[2], out[2], file[2];

		for (int turn = 0; turn < 2; turn++) {
			int which = (i ^ turn) & 1;

			serve_ns(&s, which ? &libc : &hooked, &in[which], &out[which]);
			file[which] = serve_file_ns(&s, which ? &libc : &hooked, path);
		}
		say_more("head of a browser, 463 bytes, its read", "ns", "<=100", in[0], in[1]);
		say_more("small response, its write", "ns", "<=100", out[0], out[1]);
		say_more("request and response in all", "ns", "-", in[0] + out[0], in[1] + out[1]);
		say_more("a file as nginx sends it, its five calls", "ns", "-", file[0], file[1]);
	}
	unlink(path);
	self_close(&s);
}

/* A request and a response that are in their bodies for ever. */
static void open_body(void)
{
	body = self_open_unix();
	send_whole(body.client, "POST / HTTP/1.1\r\nContent-Length: 1000000000000\r\n\r\n");
	take_some(body.server);
	send_whole(body.server, "HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
	take_some(body.client);
}

/* A set with a listener, and something that is always ready. */
static void open_loop(void)
{
	struct epoll_event in = {.events = EPOLLIN};
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	loop = epoll_create1(EPOLL_CLOEXEC);
	if (bind(listener, (struct sockaddr *)&(struct sockaddr_un){.sun_family = AF_UNIX},
	         sizeof(sa_family_t)) != 0 ||
	    listen(listener, 1) != 0 || epoll_ctl(loop, EPOLL_CTL_ADD, listener, &in) != 0 ||
	    epoll_ctl(loop, EPOLL_CTL_ADD, ready, &in) != 0)
		give_up("bench_calls: a loop");
}

/* Somebody waits under the mutex, for either condition, until it is too late. */
static void *wait_in_vain(void *condition)
{
	static const struct timespec past;

	pthread_mutex_lock(&queue.mutex);
	pthread_cond_timedwait(condition, &queue.mutex, &past);
	pthread_mutex_unlock(&queue.mutex);
	return NULL;
}

static void be_waited_for(pthread_cond_t *condition)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_in_vain, condition) != 0)
		give_up("bench_calls: a thread");
	pthread_join(thread, NULL);
}

static void measure_later(void)
{
	struct self s = self_open_tcp();

	be_waited_for(&queue.beside);
	be_waited_for(&queue.far);
	send_whole(s.client, "GET /?profile=save HTTP/1.1\r\nHost: h\r\n\r\n");
	take_some(s.server);
	send_whole(s.server, SMALL_RESPONSE);
	take_some(s.client);
	self_close(&s);
	sleep(1); /* our thread has written the session */
	for (size_t i = 0; i < sizeof(rows_later) / sizeof(*rows_later); i++)
		measure(&rows_later[i]);
}

int main(int argc, char **argv)
{
	hooked = way_of(RTLD_DEFAULT);
	libc = way_of(dlopen("libc.so.6", RTLD_NOW));
	zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	null = open("/dev/null", O_WRONLY | O_CLOEXEC);
	inherited = libc.open("/dev/zero", O_RDONLY | O_CLOEXEC); /* we saw no birth */
	set = epoll_create1(EPOLL_CLOEXEC);
	ready = eventfd(1, EFD_CLOEXEC);
	open_loop();
	counter = eventfd(0, EFD_CLOEXEC);
	sem_init(&sem, 0, 0);
	if (zero < 0 || null < 0 || inherited < 0 || set < 0)
		give_up("bench_calls");
	open_body();
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		measure(&rows[i]);
	measure_requests();
	if (argc > 1 && !strcmp(argv[1], "flagged"))
		measure_later();
	return EXIT_SUCCESS;
}
