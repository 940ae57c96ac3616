/* contend.c - a server whose locks are held by known threads, and let go in known functions.
 *
 * Room: tests/hosts.  /contend answers a line for each of 100 contentions, "KIND 0xLOCK TID
 * FUNCTION WHOSE" (WHOSE: "own", the holder is of the handler's making, or "nobody"); /innocent
 * waits for things that no lock is to blame for; /hold keeps a mutex that
 * /take waits for, and answers "0xLOCK TID let_go_held".  SPDX-License-Identifier: MIT
 */
#include <semaphore.h>
#include <sys/syscall.h>
#include <threads.h>
#include "http.h"

enum { N_CONTENTIONS = 100, N_PLACES = 4 };

static long own_tid(void)
{
	return syscall(SYS_gettid);
}

static void pause_ms(int ms)
{
	struct timespec t = {.tv_nsec = ms * 1000000l};

	nanosleep(&t, NULL);
}

static void until_asleep(long tid)
{
	char path[64], line[256];

	snprintf(path, sizeof(path), "/proc/self/task/%ld/stat", tid);
	for (;;) {
		FILE *f = fopen(path, "r");
		char *state = f && fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;

		if (f)
			fclose(f);
		if (state && state[2] == 'S')
			return;
		pause_ms(1);
	}
}

/* One lock of some kind, and how it is taken. */
struct lock {
	const char *kind; /* as a profile calls it */
	int type;         /* of a mutex */
	enum { MUTEX, TIMED, CLOCK, C11, RD, WR, TIMED_RD, TIMED_WR } way;
	pthread_mutex_t mutex;
	pthread_rwlock_t rwlock;
	mtx_t mtx;
};

static const void *address(const struct lock *l)
{
	if (l->way == C11)
		return &l->mtx;
	return l->way >= RD ? (const void *)&l->rwlock : (const void *)&l->mutex;
}

static void take(struct lock *l, bool hold)
{
	struct timespec end;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += 100;
	if (l->way == C11)
		mtx_lock(&l->mtx);
	else if (l->way == WR || (hold && l->way > C11))
		pthread_rwlock_wrlock(&l->rwlock);
	else if (l->way == RD)
		pthread_rwlock_rdlock(&l->rwlock);
	else if (l->way == TIMED_RD)
		pthread_rwlock_timedrdlock(&l->rwlock, &end);
	else if (l->way == TIMED_WR)
		pthread_rwlock_timedwrlock(&l->rwlock, &end);
	else if (l->way == TIMED && !hold)
		pthread_mutex_timedlock(&l->mutex, &end);
	else if (l->way == CLOCK && !hold)
		pthread_mutex_clocklock(&l->mutex, CLOCK_REALTIME, &end);
	else
		pthread_mutex_lock(&l->mutex);
	/* An inner unlock is no release. */
	if (hold && l->type == PTHREAD_MUTEX_RECURSIVE && l->way < C11) {
		pthread_mutex_lock(&l->mutex);
		pthread_mutex_lock(&l->mutex);
		pthread_mutex_unlock(&l->mutex);
	}
}

static void let_go(struct lock *l)
{
	if (l->way == C11)
		mtx_unlock(&l->mtx);
	else if (l->way > C11)
		pthread_rwlock_unlock(&l->rwlock);
	else
		pthread_mutex_unlock(&l->mutex);
}

static volatile int sink;

#define PLACE(name)                                                                                \
	static __attribute__((noinline)) void name(struct lock *l)                                 \
	{                                                                                          \
		let_go(l);                                                                         \
		sink++;                                                                            \
	}
PLACE(let_go_a)
PLACE(let_go_b)
PLACE(let_go_c)
PLACE(let_go_d)

static const struct {
	const char *name;
	void (*let_go)(struct lock *l);
} places[N_PLACES] = {
        {"let_go_a", let_go_a},
        {"let_go_b", let_go_b},
        {"let_go_c", let_go_c},
        {"let_go_d", let_go_d},
};

static const struct {
	const char *kind;
	int type, way;
} ways[] = {
        {"mutex", PTHREAD_MUTEX_NORMAL, MUTEX},
        {"mutex", PTHREAD_MUTEX_ERRORCHECK, MUTEX},
        {"mutex", PTHREAD_MUTEX_RECURSIVE, MUTEX},
        {"mutex", PTHREAD_MUTEX_ADAPTIVE_NP, MUTEX},
        {"mutex", PTHREAD_MUTEX_NORMAL, TIMED},
        {"mutex", PTHREAD_MUTEX_NORMAL, CLOCK},
        {"mutex", PTHREAD_MUTEX_NORMAL, C11},
        {"rwlock", 0, RD},
        {"rwlock", 0, WR},
        {"rwlock", 0, TIMED_RD},
        {"rwlock", 0, TIMED_WR},
};

static void make(struct lock *l, unsigned i)
{
	unsigned way = i % (sizeof(ways) / sizeof(ways[0]));
	pthread_mutexattr_t attr;

	l->kind = ways[way].kind;
	l->type = ways[way].type;
	l->way = ways[way].way;
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, l->type);
	if (i % 3 == 1) /* these three kinds keep their words elsewhere */
		pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (i % 5 == 1 && l->way != CLOCK)
		pthread_mutexattr_setprotocol(&attr, PTHREAD_PRIO_INHERIT);
	if (i % 7 == 1)
		pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	pthread_mutex_init(&l->mutex, &attr);
	pthread_rwlock_init(&l->rwlock, NULL);
	mtx_init(&l->mtx, mtx_plain);
}

struct holder {
	struct lock lock;
	sem_t held;
	long tid, waiter;
	unsigned place;
	bool kept;          /* by the keeper, not by a thread that the handler made */
	_Atomic bool about; /* the waiter has nothing left but the lock */
};

/* Works for no request: it is older than all of them. */
static struct keeper {
	struct holder *job;
	sem_t given, done;
} keeper;

static void *holder_main(void *arg)
{
	struct holder *h = arg;

	h->tid = own_tid();
	take(&h->lock, true);
	sem_post(&h->held);
	while (!h->about)
		pause_ms(1);
	until_asleep(h->waiter);
	pause_ms(1);
	if (h->lock.type == PTHREAD_MUTEX_RECURSIVE && h->lock.way < C11)
		pthread_mutex_unlock(&h->lock.mutex);
	places[h->place].let_go(&h->lock);
	return NULL;
}

static void *keeper_main(void *unused)
{
	for (;;) {
		while (sem_wait(&keeper.given) != 0)
			;
		holder_main(keeper.job);
		sem_post(&keeper.done);
	}
	return unused;
}

static void contend(struct holder *h, unsigned i)
{
	pthread_t thread;

	memset(h, 0, sizeof(*h));
	make(&h->lock, i);
	h->place = i % N_PLACES;
	h->kept = i / (sizeof(ways) / sizeof(ways[0])) % 2; /* each way both ways */
	h->waiter = own_tid();
	sem_init(&h->held, 0, 0);
	keeper.job = h;
	if (h->kept)
		sem_post(&keeper.given);
	else
		pthread_create(&thread, NULL, holder_main, h);
	sem_wait(&h->held);
	h->about = true;
	take(&h->lock, false);
	let_go(&h->lock);
	if (h->kept)
		sem_wait(&keeper.done);
	else
		pthread_join(thread, NULL);
}

static bool serve_contend(int fd)
{
	static char lines[16384];
	static struct holder h[N_CONTENTIONS]; /* each lock at an address of its own */
	size_t n = 0;

	for (unsigned i = 0; i < N_CONTENTIONS; i++) {
		contend(&h[i], i);
		n += (size_t)snprintf(lines + n, sizeof(lines) - n, "%s 0x%lx %ld %s %s\n",
		                      h[i].lock.kind, (unsigned long)address(&h[i].lock) & 0xffffff,
		                      h[i].tid, places[h[i].place].name,
		                      h[i].kept ? "nobody" : "own");
	}
	return http_answer_text(fd, lines);
}

/* Another thread that holds what is waited for, and lets it go when WAITER sleeps. */
struct other {
	long waiter;
	sem_t sem, ready;
	pthread_mutex_t mutex;
	pthread_cond_t cond;
	pthread_rwlock_t rwlock;
};

static void *post_main(void *arg)
{
	struct other *o = arg;

	until_asleep(o->waiter);
	sem_post(&o->sem);
	return NULL;
}

/* Signals while it holds the mutex, and keeps it for a while: the wait goes on for the mutex. */
static void *signal_main(void *arg)
{
	struct other *o = arg;

	until_asleep(o->waiter);
	pthread_mutex_lock(&o->mutex);
	pthread_cond_signal(&o->cond);
	pause_ms(5);
	pthread_mutex_unlock(&o->mutex);
	return NULL;
}

static void *read_main(void *arg)
{
	struct other *o = arg;

	pthread_rwlock_rdlock(&o->rwlock);
	sem_post(&o->ready);
	pause_ms(1);
	until_asleep(o->waiter);
	pause_ms(1);
	pthread_rwlock_unlock(&o->rwlock);
	return NULL;
}

/* Had it, and has it no more. */
static void *over_main(void *arg)
{
	struct other *o = arg;

	pthread_mutex_lock(&o->mutex);
	pause_ms(2);
	pthread_mutex_unlock(&o->mutex);
	return NULL;
}

static bool serve_innocent(int fd)
{
	struct other o = {.waiter = own_tid()};
	pthread_t thread;

	sem_init(&o.sem, 0, 0);
	sem_init(&o.ready, 0, 0);
	pthread_mutex_init(&o.mutex, NULL);
	pthread_cond_init(&o.cond, NULL);
	pthread_rwlock_init(&o.rwlock, NULL);
	pthread_create(&thread, NULL, post_main, &o);
	sem_wait(&o.sem);
	pthread_join(thread, NULL);

	pthread_mutex_lock(&o.mutex);
	pthread_create(&thread, NULL, signal_main, &o);
	pthread_cond_wait(&o.cond, &o.mutex);
	pthread_mutex_unlock(&o.mutex);
	pthread_join(thread, NULL);

	pthread_create(&thread, NULL, read_main, &o);
	while (sem_trywait(&o.ready) != 0)
		;
	pthread_rwlock_wrlock(&o.rwlock);
	pthread_rwlock_unlock(&o.rwlock);
	pthread_join(thread, NULL);

	pthread_create(&thread, NULL, over_main, &o);
	pthread_join(thread, NULL);
	pthread_mutex_lock(&o.mutex);
	pthread_mutex_unlock(&o.mutex);
	return http_answer_text(fd, "done\n");
}

/* A request that keeps the mutex until another one sleeps for it. */
static struct lock held = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static _Atomic long taker;

static __attribute__((noinline)) void let_go_held(void)
{
	pthread_mutex_unlock(&held.mutex);
	sink++;
}

static bool serve_hold(int fd)
{
	pthread_mutex_lock(&held.mutex);
	while (!taker)
		pause_ms(1);
	until_asleep(taker);
	pause_ms(2);
	let_go_held();
	return http_answer(fd, "0x%lx %ld let_go_held\n", (unsigned long)&held.mutex & 0xffffff,
	                   own_tid());
}

static bool serve_take(int fd)
{
	while (pthread_mutex_trylock(&held.mutex) == 0) {
		pthread_mutex_unlock(&held.mutex);
		sched_yield();
	}
	taker = own_tid();
	pthread_mutex_lock(&held.mutex);
	taker = 0;
	pthread_mutex_unlock(&held.mutex);
	return http_answer_text(fd, "taken\n");
}

/* A spinlock costs CPU and no wait. */
static pthread_spinlock_t spin;

static void *spin_main(void *arg)
{
	pthread_spin_lock(&spin);
	sem_post(arg);
	pause_ms(60);
	pthread_spin_unlock(&spin);
	return NULL;
}

static bool serve_spin(int fd)
{
	pthread_t thread;
	sem_t ready;

	sem_init(&ready, 0, 0);
	pthread_create(&thread, NULL, spin_main, &ready);
	sem_wait(&ready);
	pthread_spin_lock(&spin);
	pthread_spin_unlock(&spin);
	pthread_join(thread, NULL);
	return http_answer_text(fd, "spun\n");
}

static bool serve(int fd, const struct http_request *q)
{
	static const struct {
		const char *path;
		bool (*serve)(int fd);
	} routes[] = {{"/contend", serve_contend},
	              {"/innocent", serve_innocent},
	              {"/hold", serve_hold},
	              {"/take", serve_take},
	              {"/spin", serve_spin}};

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(routes[i].path, q->path) == 0)
			return routes[i].serve(fd);
	return http_not_found(fd);
}

int main(int argc, char **argv)
{
	pthread_t thread;

	signal(SIGPIPE, SIG_IGN);
	sem_init(&keeper.given, 0, 0);
	sem_init(&keeper.done, 0, 0);
	pthread_create(&thread, NULL, keeper_main, NULL);
	pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
