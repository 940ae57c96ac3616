/* leaps.c - a server that leaves its blocking calls in ways no call returns: pthread_cancel,
 * siglongjmp, swapcontext.
 *
 * Room: tests/hosts.  /cancel/CALL, /jump/CALL, /jump-unsaved/CALL, /coroutines; GET / lists CALLs.
 * SPDX-License-Identifier: MIT
 */
#include "http.h"

#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <ucontext.h>

/* Descriptors on which nothing ever happens. */
static int quiet_pipe[2], quiet_sockets[2], quiet_epoll, quiet_listener;
static sem_t quiet_sem;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;

static void block_read(void)
{
	char byte;

	if (read(quiet_pipe[0], &byte, 1) >= 0)
		abort();
}

static void block_recv(void)
{
	char byte;

	recv(quiet_sockets[0], &byte, 1, 0);
}

static void block_recvmsg(void)
{
	struct msghdr m = {0};

	recvmsg(quiet_sockets[0], &m, 0);
}

static void block_accept(void)
{
	accept(quiet_listener, NULL, NULL);
}

static void block_poll(void)
{
	struct pollfd p = {.fd = quiet_pipe[0], .events = POLLIN};

	poll(&p, 1, 5000);
}

static void block_ppoll(void)
{
	struct pollfd p = {.fd = quiet_pipe[0], .events = POLLIN};
	struct timespec five = {.tv_sec = 5};

	ppoll(&p, 1, &five, NULL);
}

static void block_select(void)
{
	struct timeval five = {.tv_sec = 5};

	select(0, NULL, NULL, NULL, &five);
}

static void block_epoll(void)
{
	struct epoll_event e;

	epoll_wait(quiet_epoll, &e, 1, 5000);
}

static void block_nanosleep(void)
{
	struct timespec five = {.tv_sec = 5};

	nanosleep(&five, NULL);
}

static void block_sleep(void)
{
	sleep(5);
}

static void block_pause(void)
{
	pause();
}

static void block_sem(void)
{
	sem_wait(&quiet_sem);
}

static void unlock(void *m)
{
	pthread_mutex_unlock(m);
}

static void block_cond(void)
{
	pthread_mutex_lock(&mutex);
	pthread_cleanup_push(unlock, &mutex);
	pthread_cond_wait(&cond, &mutex);
	pthread_cleanup_pop(1);
}

/* JUMP: may be left by siglongjmp as well (locks would be left in any state). */
static const struct call {
	const char *name;
	void (*block)(void);
	bool jump;
} calls[] = {
        {"read", block_read, true},           {"recv", block_recv, true},
        {"recvmsg", block_recvmsg, true},     {"accept", block_accept, true},
        {"poll", block_poll, true},           {"ppoll", block_ppoll, true},
        {"select", block_select, true},       {"epoll_wait", block_epoll, true},
        {"nanosleep", block_nanosleep, true}, {"sleep", block_sleep, true},
        {"pause", block_pause, true},         {"sem_wait", block_sem, false},
        {"cond_wait", block_cond, false},
};

enum { N_CALLS = sizeof(calls) / sizeof(calls[0]) };

static void burn_us(int64_t us)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	int64_t end = t.tv_sec * 1000000ll + t.tv_nsec / 1000 + us;

	while (t.tv_sec * 1000000ll + t.tv_nsec / 1000 < end)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
}

struct attack {
	pthread_t victim;
	bool cancel;
};

static void *attack_main(void *arg)
{
	struct attack *a = arg;

	usleep(20000);
	if (a->cancel)
		pthread_cancel(a->victim);
	else
		pthread_kill(a->victim, SIGALRM);
	return NULL;
}

static pthread_t attack(struct attack *a)
{
	pthread_t thread;

	a->victim = pthread_self();
	pthread_create(&thread, NULL, attack_main, a);
	return thread;
}

struct leaving {
	int fd;
	const char *name;
	int64_t began_us;
	unsigned long mask;
};

/* The cleanup handler is who answers: the thread is gone after it. */
static void answer_cancelled(void *arg)
{
	struct leaving *l = arg;
	bool soon = http_now_us() - l->began_us < 1000000;

	burn_us(20000);
	http_answer(l->fd, "%s cancelled %s, mask was %lx, is %lx, mutex %s\n", l->name,
	            soon ? "soon" : "late", l->mask, http_mask(),
	            pthread_mutex_trylock(&mutex) == 0 ? "free" : "held");
	pthread_mutex_unlock(&mutex);
	close(l->fd);
}

static bool serve_cancel(int fd, const struct call *c)
{
	struct leaving l = {fd, c->name, http_now_us(), http_mask()};
	struct attack a = {.cancel = true};
	pthread_t attacker = attack(&a);

	pthread_detach(attacker);
	pthread_cleanup_push(answer_cancelled, &l);
	c->block();
	pthread_cleanup_pop(0);
	return http_answer(fd, "%s returned\n", c->name);
}

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t may_jump;

static void on_alarm(int sig)
{
	(void)sig;
	if (may_jump)
		siglongjmp(back, 1);
}

/* One leap out of C; SAVED: the jump restores the mask, else we do. */
static bool leap(const struct call *c, int saved)
{
	struct attack a = {.cancel = false};
	pthread_t attacker = attack(&a);
	volatile bool jumped = true;

	if (sigsetjmp(back, saved) == 0) {
		may_jump = 1;
		c->block();
		jumped = false;
	}
	may_jump = 0;
	if (!saved) {
		sigset_t one;

		sigemptyset(&one);
		sigaddset(&one, SIGALRM);
		pthread_sigmask(SIG_UNBLOCK, &one, NULL);
	}
	pthread_join(attacker, NULL);
	return jumped;
}

static bool serve_jump(int fd, const struct call *c, int saved)
{
	unsigned long mask = http_mask();
	int n = 0;

	for (int i = 0; i < 3; i++) {
		n += leap(c, saved);
		burn_us(10000);
	}
	return http_answer(fd, "%s left %d times, mask %s\n", c->name, n,
	                   http_mask() == mask ? "same" : "changed");
}

static __thread ucontext_t coroutine[2], caller;
static __thread int talk[2], n_turns, answer_fd;

/* Each writes to the other, sleeps and gives way; the last turn answers the request. */
static void turn(int me)
{
	for (int i = 0; i < 5; i++) {
		char byte = (char)i;
		struct timespec t = {.tv_nsec = 3000000};

		if (write(talk[me], &byte, 1) != 1)
			break;
		nanosleep(&t, NULL);
		burn_us(2000);
		swapcontext(&coroutine[me], &coroutine[!me]);
		if (read(talk[me], &byte, 1) == 1 && byte == i)
			n_turns++;
	}
	if (me == 1)
		http_answer(answer_fd, "coroutines took %d turns\n", n_turns);
	swapcontext(&coroutine[me], me == 1 ? &caller : &coroutine[1]);
}

static bool serve_coroutines(int fd)
{
	enum { STACK = 1 << 17 };
	char *stacks = malloc(2 * STACK);

	socketpair(AF_UNIX, SOCK_STREAM, 0, talk);
	answer_fd = fd;
	n_turns = 0;
	for (int i = 0; i < 2; i++) {
		getcontext(&coroutine[i]);
		coroutine[i].uc_stack.ss_sp = stacks + i * STACK;
		coroutine[i].uc_stack.ss_size = STACK;
		makecontext(&coroutine[i], (void (*)(void))turn, 1, i);
	}
	swapcontext(&caller, &coroutine[0]);
	close(talk[0]);
	close(talk[1]);
	free(stacks);
	return true;
}

static bool serve_list(int fd)
{
	char text[1024];
	size_t n = 0;

	for (int i = 0; i < N_CALLS; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "/cancel/%s\n%s%s%s%s%s",
		                      calls[i].name, calls[i].jump ? "/jump/" : "",
		                      calls[i].jump ? calls[i].name : "",
		                      calls[i].jump ? "\n/jump-unsaved/" : "",
		                      calls[i].jump ? calls[i].name : "",
		                      calls[i].jump ? "\n" : "");
	snprintf(text + n, sizeof(text) - n, "/coroutines\n");
	return http_answer_text(fd, text);
}

static bool serve(int fd, const struct http_request *q)
{
	const char *name = strrchr(q->path, '/') + 1;
	const struct call *c = NULL;

	for (int i = 0; i < N_CALLS; i++)
		if (strcmp(calls[i].name, name) == 0)
			c = &calls[i];
	if (strcmp(q->path, "/") == 0)
		return serve_list(fd);
	if (strcmp(name, "coroutines") == 0)
		return serve_coroutines(fd);
	if (c && strncmp(q->path, "/cancel/", 8) == 0)
		return serve_cancel(fd, c);
	if (c && strncmp(q->path, "/jump/", 6) == 0)
		return serve_jump(fd, c, 1);
	if (c && strncmp(q->path, "/jump-unsaved/", 14) == 0)
		return serve_jump(fd, c, 0);
	return http_not_found(fd);
}

int main(int argc, char **argv)
{
	struct epoll_event e = {.events = EPOLLIN};

	signal(SIGALRM, on_alarm);
	sem_init(&quiet_sem, 0, 0);
	if (pipe(quiet_pipe) != 0 || socketpair(AF_UNIX, SOCK_STREAM, 0, quiet_sockets) != 0)
		return 1;
	quiet_epoll = epoll_create1(0);
	epoll_ctl(quiet_epoll, EPOLL_CTL_ADD, quiet_pipe[0], &e);
	quiet_listener = http_listen_on(0, 1);
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
