/* hooks_sleep.c - waiting for time, processes, locks on files, names, queues.
 *
 * Room: hot.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/clock.h"
#include "preload/hot/hooks.h"

RP_HOOK unsigned sleep(unsigned seconds)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, seconds * 1000000000ull);
	unsigned left = rp_real.sleep(seconds);

	rp_wait_leave(&w);
	return left;
}

RP_HOOK int usleep(useconds_t us)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, us * 1000ull);
	int ret = rp_real.usleep(us);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int nanosleep(const struct timespec *t, struct timespec *left)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, rp_self.armed ? rp_asked_ns(t) : 0);
	int ret = rp_real.nanosleep(t, left);

	rp_wait_leave(&w);
	return ret;
}

/* How long a sleep is meant to be, also when it names the moment it ends. */
static uint64_t asked_ns(clockid_t clock, int flags, const struct timespec *t)
{
	uint64_t now_ns;

	if (!(flags & TIMER_ABSTIME) || !t)
		return rp_asked_ns(t);
	now_ns = rp_clock_ns(clock);
	return rp_asked_ns(t) > now_ns ? rp_asked_ns(t) - now_ns : 0;
}

RP_HOOK int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t,
                            struct timespec *left)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, rp_self.armed ? asked_ns(clock, flags, t) : 0);
	int ret = rp_real.clock_nanosleep(clock, flags, t, left);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int thrd_sleep(const struct timespec *t, struct timespec *left)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, rp_self.armed ? rp_asked_ns(t) : 0);
	int ret = rp_real.thrd_sleep(t, left);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int pause(void)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SIGNAL, NULL, 0);
	int ret = rp_real.pause();

	rp_wait_leave(&w);
	return ret;
}

static void enter_child(struct rp_wait *w, pid_t pid)
{
	rp_wait_enter(w, RP_WAIT_WAITPID, NULL, pid > 0 ? (uint64_t)pid : 0);
}

RP_HOOK pid_t wait(int *status)
{
	struct rp_wait w;

	enter_child(&w, 0);
	pid_t pid = rp_real.wait(status);

	rp_wait_leave(&w);
	return pid;
}

RP_HOOK pid_t waitpid(pid_t which, int *status, int options)
{
	struct rp_wait w;

	enter_child(&w, which);
	pid_t pid = rp_real.waitpid(which, status, options);

	rp_wait_leave(&w);
	return pid;
}

RP_HOOK pid_t wait3(int *status, int options, struct rusage *usage)
{
	struct rp_wait w;

	enter_child(&w, 0);
	pid_t pid = rp_real.wait3(status, options, usage);

	rp_wait_leave(&w);
	return pid;
}

RP_HOOK pid_t wait4(pid_t which, int *status, int options, struct rusage *usage)
{
	struct rp_wait w;

	enter_child(&w, which);
	pid_t pid = rp_real.wait4(which, status, options, usage);

	rp_wait_leave(&w);
	return pid;
}

RP_HOOK int waitid(idtype_t type, id_t id, siginfo_t *info, int options)
{
	struct rp_wait w;

	enter_child(&w, type == P_PID ? (pid_t)id : 0);
	int ret = rp_real.waitid(type, id, info, options);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int flock(int fd, int operation)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_FLOCK, fd);
	int ret = rp_real.flock(fd, operation);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int lockf(int fd, int command, off_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_FLOCK, fd);
	int ret = rp_real.lockf(fd, command, n);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int lockf64(int fd, int command, off64_t n)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_FLOCK, fd);
	int ret = rp_real.lockf64(fd, command, n);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int getaddrinfo(const char *restrict name, const char *restrict service,
                        const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_GETADDRINFO, name, 0);
	int ret = rp_real.getaddrinfo(name, service, hints, found);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK ssize_t msgrcv(int id, void *message, size_t n, long type, int flags)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MSGQUEUE, NULL, (uint64_t)id);
	ssize_t ret = rp_real.msgrcv(id, message, n, type, flags);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int msgsnd(int id, const void *message, size_t n, int flags)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_MSGQUEUE, NULL, (uint64_t)id);
	int ret = rp_real.msgsnd(id, message, n, flags);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int semop(int id, struct sembuf *ops, size_t n)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SEMOP, NULL, (uint64_t)id);
	int ret = rp_real.semop(id, ops, n);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int semtimedop(int id, struct sembuf *ops, size_t n, const struct timespec *timeout)
{
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SEMOP, NULL, (uint64_t)id);
	int ret = rp_real.semtimedop(id, ops, n, timeout);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK ssize_t mq_receive(mqd_t queue, char *message, size_t n, unsigned *priority)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_MSGQUEUE, queue);
	ssize_t ret = rp_real.mq_receive(queue, message, n, priority);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK ssize_t mq_timedreceive(mqd_t queue, char *restrict message, size_t n,
                                unsigned *restrict priority, const struct timespec *restrict until)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_MSGQUEUE, queue);
	ssize_t ret = rp_real.mq_timedreceive(queue, message, n, priority, until);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int mq_send(mqd_t queue, const char *message, size_t n, unsigned priority)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_MSGQUEUE, queue);
	int ret = rp_real.mq_send(queue, message, n, priority);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int mq_timedsend(mqd_t queue, const char *message, size_t n, unsigned priority,
                         const struct timespec *until)
{
	struct rp_wait w;

	rp_wait_enter_fd(&w, RP_WAIT_MSGQUEUE, queue);
	int ret = rp_real.mq_timedsend(queue, message, n, priority, until);

	rp_wait_leave(&w);
	return ret;
}
