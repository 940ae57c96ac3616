/* unwinder_calls.c - what libunwind gets when it calls libc: in a walk our answers, else libc's.
 *
 * Room: hot.  Bound into libunwind's own import table by cold/unwinder.c, so that no call of the
 * host comes by here but those of a libunwind that the host uses, too.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "preload/hot/sys.h"
#include "preload/hot/unwinder_parts.h"
#include "preload/real.h"

_Thread_local struct rp_unwinding *rp_unwinding;
rp_unwinder_access_fn *rp_unwinder_real_access;

typedef uint64_t __attribute__((aligned(1), may_alias)) loose_u64;

enum { PATIENCE = 2000 }; /* turns of a lock, a few ns each */

enum answer {
#define ANSWER(name) AT_##name,
#define LEAVE(name)
#include "preload/hot/unwinder_calls.def"
};

/* The function behind NAME, with the type of what is declared for it. */
#define REAL(name) ((__typeof__(&answer_##name))rp_unwinder_answers[AT_##name].real)

/* Out of libunwind, whatever it is doing: this walk is the table's. */
__attribute__((noreturn)) static void escape(struct rp_unwinding *u)
{
	__builtin_longjmp(u->escape, 1);
}

/* EBADF, not EINTR: some calls are repeated for that. */
static int refuse(void)
{
	errno = EBADF;
	return -1;
}

static void answer_abort(void)
{
	if (rp_unwinding)
		escape(rp_unwinding);
	REAL(abort)();
}

static int answer_close(int fd)
{
	return rp_unwinding ? refuse() : REAL(close)(fd);
}

/* glibc's would take the loader's lock, which the interrupted code may hold. */
static int answer_dl_iterate_phdr(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	const struct rp_unwinding *u = rp_unwinding;
	int ret = 0;

	if (!u)
		return REAL(dl_iterate_phdr)(each, arg);
	for (uint32_t i = 0; i < u->unwinder->n_modules && ret == 0; i++) {
		const struct rp_unwinder_module *m = &u->unwinder->modules[i];
		struct dl_phdr_info info = {.dlpi_addr = m->bias,
		                            .dlpi_name = "",
		                            .dlpi_phdr = m->headers,
		                            .dlpi_phnum = m->n_headers};

		ret = each(&info, sizeof(info), arg);
	}
	return ret;
}

static void answer_free(void *at)
{
	if (!rp_unwinding)
		REAL(free)(at);
}

static int answer_fstat(int fd, struct stat *st)
{
	return rp_unwinding ? refuse() : REAL(fstat)(fd, st);
}

static void *answer_malloc(size_t n)
{
	return rp_unwinding ? NULL : REAL(malloc)(n);
}

static int answer_mincore(void *at, size_t n, unsigned char *present)
{
	return rp_unwinding ? refuse() : REAL(mincore)(at, n, present);
}

/* Its pools grow so, a few times a process. */
static void *answer_mmap(void *at, size_t n, int prot, int flags, int fd, off_t from)
{
	if (!rp_unwinding)
		return REAL(mmap)(at, n, prot, flags, fd, from);
	long ret = rp_sys(SYS_mmap, at, n, prot, flags, fd, from);

	return ret < 0 && ret > -4096 ? MAP_FAILED : (void *)ret;
}

static int answer_msync(void *at, size_t n, int flags)
{
	return rp_unwinding ? refuse() : REAL(msync)(at, n, flags);
}

static int answer_munmap(void *at, size_t n)
{
	return rp_unwinding ? (int)rp_sys(SYS_munmap, at, n) : REAL(munmap)(at, n);
}

static int answer_open(const char *path, int flags, mode_t mode)
{
	return rp_unwinding ? refuse() : REAL(open)(path, flags, mode);
}

static int answer_pipe2(int fds[2], int flags)
{
	return rp_unwinding ? refuse() : REAL(pipe2)(fds, flags);
}

static int answer_pthread_key_create(pthread_key_t *key, void (*each)(void *))
{
	if (rp_unwinding)
		escape(rp_unwinding);
	return REAL(pthread_key_create)(key, each);
}

/* Who holds it may wait for what the interrupted code holds: so we do not wait for long. */
static int answer_pthread_mutex_lock(pthread_mutex_t *lock)
{
	struct rp_unwinding *u = rp_unwinding;

	if (!u)
		return REAL(pthread_mutex_lock)(lock);
	for (unsigned i = 0; i < PATIENCE && u->n_locks < RP_UNWINDER_LOCKS; i++)
		if (pthread_mutex_trylock(lock) == 0) {
			u->locks[u->n_locks++] = lock;
			return 0;
		}
	escape(u);
}

static int answer_pthread_mutex_unlock(pthread_mutex_t *lock)
{
	struct rp_unwinding *u = rp_unwinding;

	for (unsigned i = u ? u->n_locks : 0; i-- > 0;)
		if (u->locks[i] == lock) {
			u->locks[i] = u->locks[--u->n_locks];
			break;
		}
	return REAL(pthread_mutex_unlock)(lock);
}

static int answer_pthread_once(pthread_once_t *once, void (*first)(void))
{
	if (rp_unwinding)
		escape(rp_unwinding);
	return REAL(pthread_once)(once, first);
}

static int answer_pthread_setspecific(pthread_key_t key, const void *value)
{
	if (rp_unwinding)
		escape(rp_unwinding);
	return REAL(pthread_setspecific)(key, value);
}

static ssize_t answer_read(int fd, void *buf, size_t n)
{
	return rp_unwinding ? refuse() : REAL(read)(fd, buf, n);
}

/* In a walk everything is masked, or it is our own thread.  In the host's own use of libunwind our
 * signal is masked as truly as any other: no tick meets a lock of libunwind's on its thread. */
static int answer_sigprocmask(int how, const sigset_t *set, sigset_t *old)
{
	if (rp_unwinding)
		return 0;
	return (int)rp_sys(SYS_rt_sigprocmask, how, set, old, sizeof(uint64_t));
}

static int answer_stat(const char *path, struct stat *st)
{
	return rp_unwinding ? refuse() : REAL(stat)(path, st);
}

static long answer_syscall(long nr, long a, long b, long c, long d, long e, long f)
{
	return rp_unwinding ? refuse() : REAL(syscall)(nr, a, b, c, d, e, f);
}

static ssize_t answer_write(int fd, const void *buf, size_t n)
{
	return rp_unwinding ? refuse() : REAL(write)(fd, buf, n);
}

/* A thread's first access allocates.  What needs thread-locals is the trace cache, which we do not
 * use: it reads the stack unchecked, and nothing ever empties it. */
static void *answer___tls_get_addr(void *index)
{
	if (rp_unwinding)
		escape(rp_unwinding);
	return REAL(__tls_get_addr)(index);
}

struct rp_unwinder_answer rp_unwinder_answers[] = {
#define ANSWER(name) {#name, (void *)answer_##name, NULL},
#define LEAVE(name)
#include "preload/hot/unwinder_calls.def"
#define ANSWER(name)
#define LEAVE(name) {#name, NULL, NULL},
#include "preload/hot/unwinder_calls.def"
};
const unsigned rp_unwinder_n_answers = sizeof(rp_unwinder_answers) / sizeof(*rp_unwinder_answers);

static bool within(uint64_t addr, uint64_t lo, uint64_t hi)
{
	return addr >= lo && addr < hi && hi - addr >= sizeof(uint64_t);
}

static bool may_read(const struct rp_unwinding *u, uint64_t addr)
{
	const struct rp_window *w = &u->window;
	uint64_t context = (uint64_t)(uintptr_t)u->context;

	return within(addr, w->lo, w->hi) || within(addr, w->home_lo, w->home_hi) ||
	       within(addr, context, context + sizeof(u->context)) ||
	       (within(addr, w->lo, w->reach) && rp_stack_readable(addr));
}

/* Also the code at a pc is read through this: by the guesses that are made without a rule. */
__attribute__((no_sanitize("address"))) int
rp_unwinder_access(void *space, uint64_t addr, uint64_t *value, int write, void *arg)
{
	struct rp_unwinding *u = rp_unwinding;

	if (!u)
		return rp_unwinder_real_access(space, addr, value, write, arg);
	if (write || !may_read(u, addr)) {
		u->strayed = true;
		return -1;
	}
	*value = *(const loose_u64 *)(uintptr_t)addr;
	return 0;
}
