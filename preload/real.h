/* real.h - struct rp_real: the true functions behind our hooks, never NULL.
 *
 * Room: preload.  Written by cold/boot.c once; before that each entry is a system call or a stub
 * that resolves itself (hot/early.c).
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_REAL_H
#define RP_PRELOAD_REAL_H

#include <dlfcn.h>
#include <fcntl.h>
#include <iconv.h>
#include <mqueue.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/select.h>
#include <sys/sem.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <threads.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>
#include "preload/place.h"

/* What hardened hosts call instead (-D_FORTIFY_SOURCE); no public header declares them. */
ssize_t __read_chk(int fd, void *buf, size_t n, size_t room);
ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t room, int flags, struct sockaddr *from,
                       socklen_t *from_len);
ssize_t __pread_chk(int fd, void *buf, size_t n, off_t at, size_t room);
ssize_t __pread64_chk(int fd, void *buf, size_t n, off64_t at, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout_ms, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask,
                size_t room);

#include "preload/foreign.h"

struct rp_real {
#define CALL(name, start, shape) __typeof__(name) *name;
#include "preload/calls.def"
};

enum rp_call {
#define CALL(name, start, shape) RP_CALL_##name,
#include "preload/calls.def"
	RP_N_CALLS
};

extern struct rp_real rp_real;

/* Resolves row CALL for good and returns it; every row of libc's (hot/early.c). */
void *rp_real_resolve(enum rp_call call);
void rp_real_resolve_all(void);

#define rp_likely(x)   __builtin_expect(!!(x), 1)
#define rp_unlikely(x) __builtin_expect(!!(x), 0)

#endif
