/* waits_time.c - sleeps, signals and queues; see waits.h.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "waits.h"

#include <fcntl.h>
#include <mqueue.h>
#include <sys/ipc.h>
#include <sys/msg.h>
#include <sys/sem.h>
#include <sys/stat.h>
#include <threads.h>

static const struct timespec twenty_ms = {.tv_nsec = WAIT_MS * 1000000l};
static volatile sig_atomic_t n_signals;

static void on_signal(int sig)
{
	(void)sig;
	n_signals++;
}

static void run_nanosleep(struct result *r)
{
	struct timespec left = {.tv_nsec = 77};

	object_text(r, "20 ms");
	TIMED(r, nanosleep(&twenty_ms, &left));
	r->bytes = left.tv_nsec;
}

static void run_clock_nanosleep(struct result *r)
{
	object_text(r, "20 ms");
	TIMED(r, clock_nanosleep(CLOCK_MONOTONIC, 0, &twenty_ms, NULL));
}

static void run_clock_nanosleep_abs(struct result *r)
{
	struct timespec end = until(CLOCK_REALTIME, WAIT_MS);

	object_text(r, "20 ms");
	TIMED(r, clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &end, NULL));
}

static void run_usleep(struct result *r)
{
	object_text(r, "20 ms");
	TIMED(r, usleep(WAIT_MS * 1000));
}

static void run_sleep(struct result *r)
{
	object_text(r, "1000 ms");
	TIMED(r, sleep(1));
}

static void run_thrd_sleep(struct result *r)
{
	object_text(r, "20 ms");
	TIMED(r, thrd_sleep(&twenty_ms, NULL));
}

/* Blocks SIG; the set of it alone is returned, OLD is the mask before. */
static sigset_t block(int sig, sigset_t *old)
{
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, sig);
	pthread_sigmask(SIG_BLOCK, &one, old);
	return one;
}

static void unblock(const sigset_t *old)
{
	pthread_sigmask(SIG_SETMASK, old, NULL);
}

static void kick(long thread)
{
	pthread_kill((pthread_t)thread, SIGUSR1);
}

static void run_sigtimedwait(struct result *r)
{
	sigset_t old, one = block(SIGUSR2, &old);

	TIMED(r, sigtimedwait(&one, NULL, &twenty_ms));
	unblock(&old);
}

static void run_sigwaitinfo(struct result *r)
{
	sigset_t old, one = block(SIGUSR1, &old);
	siginfo_t info = {0};
	struct later l;

	later(&l, kick, (long)pthread_self());
	TIMED(r, sigwaitinfo(&one, &info));
	r->bytes = info.si_signo;
	later_done(&l);
	unblock(&old);
}

static void run_sigwait(struct result *r)
{
	sigset_t old, one = block(SIGUSR1, &old);
	struct later l;
	int sig = 0;

	later(&l, kick, (long)pthread_self());
	TIMED(r, sigwait(&one, &sig));
	r->bytes = sig;
	later_done(&l);
	unblock(&old);
}

static void run_sigsuspend(struct result *r)
{
	struct later l;
	sigset_t old, set;

	block(SIGUSR1, &old);
	set = old;
	sigdelset(&set, SIGUSR1);
	n_signals = 0;
	later(&l, kick, (long)pthread_self());
	TIMED(r, sigsuspend(&set));
	r->bytes = n_signals;
	later_done(&l);
	unblock(&old);
}

static void run_pause(struct result *r)
{
	struct later l;

	n_signals = 0;
	later(&l, kick, (long)pthread_self());
	TIMED(r, pause());
	r->bytes = n_signals;
	later_done(&l);
}

struct message {
	long type;
	char text[512];
};

static void object_id(struct result *r, int id)
{
	snprintf(r->object, sizeof(r->object), "%d", id);
}

static void send_message(long id)
{
	struct message m = {.type = 1};

	msgsnd((int)id, &m, 5, 0);
}

static void take_message(long id)
{
	struct message m;

	msgrcv((int)id, &m, sizeof(m.text), 0, 0);
}

static void run_msgrcv(struct result *r)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct message m;
	struct later l;

	object_id(r, id);
	later(&l, send_message, id);
	TIMED(r, msgrcv(id, &m, sizeof(m.text), 0, 0));
	r->bytes = r->ret;
	later_done(&l);
	msgctl(id, IPC_RMID, NULL);
}

static void run_msgsnd_full(struct result *r)
{
	int id = msgget(IPC_PRIVATE, 0600);
	struct message m = {.type = 1};
	struct later l;

	while (msgsnd(id, &m, sizeof(m.text), IPC_NOWAIT) == 0)
		;
	object_id(r, id);
	later(&l, take_message, id);
	TIMED(r, msgsnd(id, &m, sizeof(m.text), 0));
	later_done(&l);
	msgctl(id, IPC_RMID, NULL);
}

static void raise_sem(long id)
{
	struct sembuf up = {.sem_op = 1};

	semop((int)id, &up, 1);
}

static void run_semop(struct result *r)
{
	struct sembuf down = {.sem_op = -1};
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct later l;

	object_id(r, id);
	later(&l, raise_sem, id);
	TIMED(r, semop(id, &down, 1));
	later_done(&l);
	semctl(id, 0, IPC_RMID);
}

static void run_semtimedop(struct result *r)
{
	struct sembuf down = {.sem_op = -1};
	int id = semget(IPC_PRIVATE, 1, 0600);

	object_id(r, id);
	TIMED(r, semtimedop(id, &down, 1, &twenty_ms));
	semctl(id, 0, IPC_RMID);
}

/* A queue of one message of 8 bytes that nobody else can open any more. */
static mqd_t make_queue(struct result *r)
{
	struct mq_attr attr = {.mq_maxmsg = 1, .mq_msgsize = 8};
	mqd_t q = mq_open("/reqprof-waits", O_CREAT | O_RDWR, 0600, &attr);

	if (q == (mqd_t)-1)
		r->skip = "no-message-queues-here";
	object_text(r, "/reqprof-waits");
	return q;
}

static void end_queue(mqd_t q)
{
	mq_close(q);
	mq_unlink("/reqprof-waits");
}

static void mq_put(long q)
{
	mq_send((mqd_t)q, "abc", 3, 0);
}

static void mq_take(long q)
{
	char text[8];

	mq_receive((mqd_t)q, text, sizeof(text), NULL);
}

static void run_mq_receive(struct result *r)
{
	mqd_t q = make_queue(r);
	struct later l;
	char text[8];

	if (r->skip)
		return;
	later(&l, mq_put, q);
	TIMED(r, mq_receive(q, text, sizeof(text), NULL));
	later_done(&l);
	end_queue(q);
}

static void run_mq_timedreceive(struct result *r)
{
	struct timespec end;
	mqd_t q = make_queue(r);
	char text[8];

	if (r->skip)
		return;
	end = until(CLOCK_REALTIME, WAIT_MS);
	TIMED(r, mq_timedreceive(q, text, sizeof(text), NULL, &end));
	end_queue(q);
}

static void run_mq_send_full(struct result *r)
{
	mqd_t q = make_queue(r);
	struct later l;

	if (r->skip)
		return;
	mq_put(q);
	later(&l, mq_take, q);
	TIMED(r, mq_send(q, "abc", 3, 0));
	later_done(&l);
	end_queue(q);
}

static const struct row rows[] = {
        {"nanosleep", "sleep", run_nanosleep},
        {"clock_nanosleep", "sleep", run_clock_nanosleep},
        {"clock_nanosleep_abs", "sleep", run_clock_nanosleep_abs},
        {"usleep", "sleep", run_usleep},
        {"sleep", "sleep", run_sleep},
        {"thrd_sleep", "sleep", run_thrd_sleep},
        {"sigtimedwait", "sigwait", run_sigtimedwait},
        {"sigwaitinfo", "sigwait", run_sigwaitinfo},
        {"sigwait", "sigwait", run_sigwait},
        {"sigsuspend", "sigwait", run_sigsuspend},
        {"pause", "sigwait", run_pause},
        {"msgrcv", "msgrcv", run_msgrcv},
        {"msgsnd_full", "msgrcv", run_msgsnd_full},
        {"semop", "semop", run_semop},
        {"semtimedop", "semop", run_semtimedop},
        {"mq_receive", "msgrcv", run_mq_receive},
        {"mq_timedreceive", "msgrcv", run_mq_timedreceive},
        {"mq_send_full", "msgrcv", run_mq_send_full},
        {0},
};

int main(int argc, char **argv)
{
	struct sigaction act = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

	sigaction(SIGUSR1, &act, NULL);
	return waits_main(argc, argv, rows);
}
