/* early.c - a library whose constructor works before any preloaded library's: I/O, locks, waits.
 *
 * Room: tests/hosts.  Linked by early_host.c; what it saw is in early_report.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

char early_report[2000];

static void say(const char *what, long ret)
{
	size_t n = strlen(early_report);

	snprintf(early_report + n, sizeof(early_report) - n, "%s %ld %d\n", what, ret,
	         ret < 0 ? errno : 0);
}

static struct timespec soon(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	t.tv_nsec += 3000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_nsec -= 1000000000;
		t.tv_sec++;
	}
	return t;
}

static void *thread_main(void *arg)
{
	usleep(2000);
	sem_post(arg);
	return arg;
}

static void descriptors(void)
{
	struct pollfd p = {.events = POLLIN};
	struct epoll_event e = {.events = EPOLLIN};
	char buf[64];
	int fds[2], ep = epoll_create1(0);

	say("pipe", pipe(fds));
	say("write", write(fds[1], "abc", 3));
	say("read", read(fds[0], buf, sizeof(buf)));
	p.fd = fds[0];
	say("poll", poll(&p, 1, 3));
	say("epoll_ctl", epoll_ctl(ep, EPOLL_CTL_ADD, fds[0], &e));
	say("epoll_wait", epoll_wait(ep, &e, 1, 3));
	say("dup2", dup2(fds[0], 70));
	say("close", close(fds[0]) + close(fds[1]) + close(70) + close(ep));
	say("socketpair", socketpair(AF_UNIX, SOCK_STREAM, 0, fds));
	say("send", send(fds[0], "GET /?profile=1 HTTP/1.1\r\n\r\n", 28, 0));
	say("recv", recv(fds[1], buf, sizeof(buf), 0));
	say("shutdown", shutdown(fds[0], SHUT_RDWR));
	say("close", close(fds[0]) + close(fds[1]));
	say("close again", close(fds[1]));
	fds[0] = open("/dev/zero", O_RDONLY);
	say("pread", pread(fds[0], buf, 10, 0));
	say("fcntl", fcntl(fds[0], F_GETFD));
	say("syscall", syscall(SYS_close, fds[0]));
	fds[0] = eventfd(3, 0);
	say("eventfd", read(fds[0], buf, 8));
	close(fds[0]);
}

static void waits(void)
{
	struct timespec t = {.tv_nsec = 2000000}, end;
	pthread_mutex_t m = PTHREAD_MUTEX_INITIALIZER;
	pthread_cond_t c = PTHREAD_COND_INITIALIZER;
	struct addrinfo *found = NULL;
	pthread_t thread;
	sem_t sem;

	sem_init(&sem, 0, 0);
	say("mutex", pthread_mutex_lock(&m));
	end = soon();
	say("cond", pthread_cond_timedwait(&c, &m, &end));
	say("nanosleep", nanosleep(&t, NULL));
	end = soon();
	say("sem_timedwait", sem_timedwait(&sem, &end));
	say("create", pthread_create(&thread, NULL, thread_main, &sem));
	say("sem_wait", sem_wait(&sem));
	say("join", pthread_join(thread, NULL));
	say("getaddrinfo", getaddrinfo("127.0.0.1", "80", NULL, &found));
	freeaddrinfo(found);
}

static void processes(void)
{
	struct sigaction act;
	sigset_t set, old;
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(9);
	say("waitpid", waitpid(pid, &status, 0) == pid);
	say("status", status);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	say("sigprocmask", sigprocmask(SIG_BLOCK, &set, &old));
	raise(SIGUSR2);
	say("sigtimedwait", sigtimedwait(&set, NULL, &(struct timespec){0, 1000000}));
	say("sigaction", sigaction(SIGUSR2, NULL, &act));
	say("restored", sigprocmask(SIG_SETMASK, &old, NULL));
}

__attribute__((constructor)) static void begin(void)
{
	descriptors();
	waits();
	processes();
}
