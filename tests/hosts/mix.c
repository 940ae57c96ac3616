/* mix.c - a server whose request does a bit of everything and says what each bit really took.
 *
 * Room: tests/hosts.  /mix answers in chunks; the last one holds lines "NAME wall_us cpu_us
 * delay_us", by the clocks and the schedstat of the thread itself.  /doze waits a second for
 * nothing on an epoll set of its own.  /pool makes a thread that works for whoever asks by /job,
 * and stays for a while. SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include "http.h"

enum {
	CPU_US = 30000,
	UPSTREAM_US = 40000,
	MUTEX_US = 25000,
	SLEEP_US = 15000,
	THREAD_US = 20000,
	FAULT_BYTES = 64 << 20,
	N_READS = 200000,
	BODY_BYTES = 4 << 20,
	DOZE_MS = 1000,
};

static volatile unsigned sink;
static double rounds_per_us;

struct moment {
	int64_t wall_ns, cpu_ns, delay_ns;
};

/* The thread's own schedstat, open for its whole life. */
static __thread int schedstat = -1;

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static struct moment now(void)
{
	unsigned long long ran = 0, delay = 0;
	char text[100] = "";

	if (schedstat < 0)
		schedstat = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	if (pread(schedstat, text, sizeof(text) - 1, 0) <= 0 ||
	    sscanf(text, "%llu %llu", &ran, &delay) != 2)
		perror("schedstat");
	return (struct moment){clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_THREAD_CPUTIME_ID),
	                       (int64_t)delay};
}

struct story {
	char text[2048];
	size_t n;
};

static void tell(struct story *s, const char *name, struct moment from)
{
	struct moment to = now();

	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "%s %.1f %.1f %.1f\n",
	                         name, (double)(to.wall_ns - from.wall_ns) / 1e3,
	                         (double)(to.cpu_ns - from.cpu_ns) / 1e3,
	                         (double)(to.delay_ns - from.delay_ns) / 1e3);
}

__attribute__((noinline)) void spin(long rounds)
{
	unsigned x = (unsigned)rounds;

	for (long i = 0; i < rounds; i++) {
		x = x * 1664525u + 1013904223u;
		sink = x;
	}
}

static void calibrate(void)
{
	enum { TRIED = 20000000 };

	for (int i = 0; i < 3; i++) {
		int64_t began_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

		spin(TRIED);
		double rate = TRIED * 1e3 / (double)(clock_ns(CLOCK_THREAD_CPUTIME_ID) - began_ns);

		rounds_per_us = rate > rounds_per_us ? rate : rounds_per_us;
	}
}

static void pause_us(long us)
{
	nanosleep(&(struct timespec){0, us * 1000}, NULL);
}

/* Answers each connection late. */
static int upstream;

static void *upstream_main(void *arg)
{
	char request[512];

	(void)arg;
	for (;;) {
		int fd = accept(upstream, NULL, NULL);

		if (read(fd, request, sizeof(request)) > 0) {
			pause_us(UPSTREAM_US);
			http_send_all(fd, "HTTP/1.0 200 OK\r\n\r\nx", 20);
		}
		close(fd);
	}
	return NULL;
}

static void ask_upstream(struct story *s)
{
	static const char question[] = "GET /stock HTTP/1.0\r\n\r\n";
	struct sockaddr_in a = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[64];

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons((uint16_t)http_port(upstream));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		perror("connect");
	http_send_all(fd, question, sizeof(question) - 1);
	struct moment from = now();

	if (recv(fd, answer, sizeof(answer), 0) <= 0)
		perror("recv");
	tell(s, "upstream", from);
	close(fd);
}

/* Takes the lock when asked to, says so, and keeps it for a while.  It is asked by a semaphore: by
 * a pipe it would be the request's own work. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static sem_t ask_holder, holder_has_it;

static void *holder_main(void *arg)
{
	(void)arg;
	while (sem_wait(&ask_holder) == 0) {
		pthread_mutex_lock(&lock);
		sem_post(&holder_has_it);
		pause_us(MUTEX_US);
		pthread_mutex_unlock(&lock);
	}
	return NULL;
}

static void take_lock(struct story *s)
{
	sem_post(&ask_holder);
	sem_wait(&holder_has_it);
	struct moment from = now();

	pthread_mutex_lock(&lock);
	tell(s, "mutex", from);
	pthread_mutex_unlock(&lock);
}

static void sync_file(struct story *s)
{
	static char page[65536];
	char path[] = "/var/tmp/mix.XXXXXX";
	int fd = mkstemp(path);

	unlink(path);
	if (write(fd, page, sizeof(page)) != sizeof(page))
		perror("write");
	struct moment from = now();

	if (fsync(fd) != 0)
		perror("fsync");
	tell(s, "fsync", from);
	close(fd);
}

static void fault(struct story *s)
{
	struct moment from = now();
	char *at =
	        mmap(NULL, FAULT_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	madvise(at, FAULT_BYTES, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < FAULT_BYTES; i += 4096)
		at[i] = 1;
	munmap(at, FAULT_BYTES);
	tell(s, "faults", from);
}

static void read_tiny(struct story *s)
{
	int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	struct moment from = now();
	char byte;

	for (int i = 0; i < N_READS; i++)
		if (read(fd, &byte, 1) != 1)
			perror("read");
	tell(s, "reads", from);
	close(fd);
}

struct helper {
	pthread_t thread;
	struct story story;
	const char *name;
};

static void *helper_main(void *arg)
{
	struct helper *h = arg;
	struct moment from = now();

	spin((long)(THREAD_US * rounds_per_us));
	tell(&h->story, h->name, from);
	close(schedstat);
	return NULL;
}

static void work_in_parallel(struct story *s)
{
	struct helper helpers[2] = {{.name = "thread"}, {.name = "thread"}};
	struct moment from = now();

	for (int i = 0; i < 2; i++)
		pthread_create(&helpers[i].thread, NULL, helper_main, &helpers[i]);
	for (int i = 0; i < 2; i++)
		pthread_join(helpers[i].thread, NULL);
	tell(s, "parallel", from);
	for (int i = 0; i < 2; i++) {
		memcpy(s->text + s->n, helpers[i].story.text, helpers[i].story.n + 1);
		s->n += helpers[i].story.n;
	}
}

/* The client reads this late; before that it wants to see the head. */
static bool answer_slow_client(struct story *s, int fd)
{
	static char body[BODY_BYTES];
	char head[128];
	int n = snprintf(head, sizeof(head),
	                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n", BODY_BYTES);
	struct moment from = now();
	bool sent = http_send_all(fd, head, (size_t)n) && http_send_all(fd, body, sizeof(body)) &&
	            http_send_all(fd, "\r\n", 2);

	tell(s, "client", from);
	return sent;
}

static bool mix(int fd)
{
	struct moment all = now(), from;
	struct story s = {.n = 0};
	struct rusage before, after;
	char last[2300];

	getrusage(RUSAGE_THREAD, &before);
	from = now();
	spin((long)(CPU_US * rounds_per_us));
	tell(&s, "cpu", from);
	ask_upstream(&s);
	take_lock(&s);
	sync_file(&s);
	from = now();
	pause_us(SLEEP_US);
	tell(&s, "sleep", from);
	fault(&s);
	read_tiny(&s);
	work_in_parallel(&s);
	if (!answer_slow_client(&s, fd))
		return false;
	getrusage(RUSAGE_THREAD, &after);
	tell(&s, "all", all);
	s.n += (size_t)snprintf(s.text + s.n, sizeof(s.text) - s.n, "page_faults %ld 0 0\n",
	                        after.ru_minflt - before.ru_minflt);
	int n = snprintf(last, sizeof(last), "%zx\r\n%s\r\n0\r\n\r\n", s.n, s.text);

	return http_send_all(fd, last, (size_t)n);
}

static bool doze(int fd)
{
	struct epoll_event event;
	int epoll = epoll_create1(EPOLL_CLOEXEC);
	int got = epoll_wait(epoll, &event, 1, DOZE_MS);

	close(epoll);
	return http_answer(fd, "dozed %d\n", got);
}

/* A thread that takes jobs from anybody; made by the first who asks for it. */
static pthread_mutex_t jobs_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t jobs_changed = PTHREAD_COND_INITIALIZER;
static int n_jobs, n_done;

__attribute__((noinline)) void work_of_somebody(void)
{
	spin((long)(CPU_US * rounds_per_us));
	sink++; /* no tail call */
}

__attribute__((noinline)) void work_of_the_maker(void)
{
	spin((long)(CPU_US * rounds_per_us));
	sink++; /* no tail call */
}

static void *pool_main(void *arg)
{
	work_of_the_maker();
	pthread_mutex_lock(&jobs_lock);
	for (;;) {
		while (n_jobs == 0)
			pthread_cond_wait(&jobs_changed, &jobs_lock);
		n_jobs--;
		pthread_mutex_unlock(&jobs_lock);
		work_of_somebody();
		pthread_mutex_lock(&jobs_lock);
		n_done++;
		pthread_cond_broadcast(&jobs_changed);
	}
	return arg;
}

static bool pool(int fd)
{
	pthread_t thread;

	pthread_create(&thread, NULL, pool_main, NULL);
	pthread_detach(thread);
	pause_us(DOZE_MS * 900);
	return http_answer(fd, "made\n");
}

static bool job(int fd)
{
	int done;

	pthread_mutex_lock(&jobs_lock);
	done = n_done;
	n_jobs++;
	pthread_cond_broadcast(&jobs_changed);
	while (n_done == done)
		pthread_cond_wait(&jobs_changed, &jobs_lock);
	pthread_mutex_unlock(&jobs_lock);
	return http_answer(fd, "done\n");
}

static bool serve(int fd, const struct http_request *q)
{
	if (strcmp(q->path, "/mix") == 0)
		return mix(fd);
	if (strcmp(q->path, "/doze") == 0)
		return doze(fd);
	if (strcmp(q->path, "/pool") == 0)
		return pool(fd);
	if (strcmp(q->path, "/job") == 0)
		return job(fd);
	return http_not_found(fd);
}

int main(int argc, char **argv)
{
	int small = 65536, listener;
	pthread_t thread;

	calibrate();
	upstream = http_listen_on(0, 8);
	if (sem_init(&ask_holder, 0, 0) != 0 || sem_init(&holder_has_it, 0, 0) != 0)
		return 1;
	pthread_create(&thread, NULL, upstream_main, NULL);
	pthread_create(&thread, NULL, holder_main, NULL);
	listener = http_listen(argc, argv);
	setsockopt(listener, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	http_threads(listener, serve);
	return 0;
}
