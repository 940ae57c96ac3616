/* hooks_world.c - threads and processes are made, modules come and go, the process ends.
 *
 * Room: hot.  vfork has no hook: its child would return through our frame.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include "preload/hot/blame.h"
#include "preload/hot/carrier.h"
#include "preload/hot/conn_cut.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/flight.h"
#include "preload/hot/heir.h"
#include "preload/hot/hooks.h"
#include "preload/hot/heads.h"
#include "preload/hot/mask.h"
#include "preload/hot/peer.h"
#include "preload/hot/queue.h"
#include "preload/hot/sampler.h"
#include "preload/hot/sys.h"
#include "preload/hot/tables.h"
#include "preload/hot/world.h"

void (*rp_world_forked_cold)(void);
void (*rp_world_before_fork)(void);
void (*rp_world_after_fork)(void);
void (*rp_world_exiting)(void);

RP_EARLY void rp_world_forked(void)
{
	rp_current_forked();
	rp_conn_forked();
	rp_request_forked();
	rp_cut_forked();
	rp_heads_forked();
	rp_flight_forked();
	rp_track_forked();
	rp_blame_forked();
	rp_peer_forked();
	rp_queue_forked();
	rp_carrier_forked();
	rp_coroutine_forked();
	if (rp_world_forked_cold)
		rp_world_forked_cold();
}

/* fork runs our pthread_atfork handler (cold/boot.c); _Fork runs none. */
RP_HOOK pid_t _Fork(void)
{
	if (rp_world_before_fork)
		rp_world_before_fork();
	pid_t pid = rp_real._Fork();

	if (rp_world_after_fork)
		rp_world_after_fork();
	if (pid == 0)
		rp_world_forked();
	return pid;
}

/* A new thread or process inherits the caller's mask: it shall be the host's. */
static bool hide(void)
{
	struct rp_self *s = &rp_self;

	if (rp_likely(!s->armed) || !s->host_blocks || s->wait)
		return false;
	rp_sigmask(SIG_BLOCK, rp_sigbit(rp_mask_signal()));
	return true;
}

static void show(bool hidden)
{
	if (hidden)
		rp_sigmask(SIG_UNBLOCK, rp_sigbit(rp_mask_signal()));
}

RP_HOOK int pthread_create(pthread_t *restrict thread, const pthread_attr_t *restrict attr,
                           void *(*start)(void *), void *restrict arg)
{
	bool hidden = hide();
	struct rp_heir *heir = rp_unlikely(rp_self.armed) ? rp_heir_make(start, arg) : NULL;
	int ret = heir ? rp_real.pthread_create(thread, attr, rp_heir_main, heir)
	               : rp_real.pthread_create(thread, attr, start, arg);

	if (heir && ret)
		rp_heir_free(heir);
	if (ret == 0)
		rp_heir_made(start);
	show(hidden);
	return ret;
}

RP_HOOK int posix_spawn(pid_t *restrict pid, const char *restrict path,
                        const posix_spawn_file_actions_t *restrict actions,
                        const posix_spawnattr_t *restrict attr, char *const argv[restrict],
                        char *const env[restrict])
{
	struct rp_wait w = {.on = RP_WAIT_OFF};

	if (rp_unlikely(rp_self.armed))
		rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_SPAWN, .fd = -1});
	int ret = rp_real.posix_spawn(pid, path, actions, attr, argv, env);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int posix_spawnp(pid_t *restrict pid, const char *restrict file,
                         const posix_spawn_file_actions_t *restrict actions,
                         const posix_spawnattr_t *restrict attr, char *const argv[restrict],
                         char *const env[restrict])
{
	struct rp_wait w = {.on = RP_WAIT_OFF};

	if (rp_unlikely(rp_self.armed))
		rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_SPAWN, .fd = -1});
	int ret = rp_real.posix_spawnp(pid, file, actions, attr, argv, env);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK int system(const char *command)
{
	struct rp_wait w = {.on = RP_WAIT_OFF};

	if (rp_unlikely(rp_self.armed))
		rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_WAITPID, .fd = -1});
	int ret = rp_real.system(command);

	rp_wait_leave(&w);
	return ret;
}

RP_HOOK FILE *popen(const char *command, const char *mode)
{
	struct rp_wait w = {.on = RP_WAIT_OFF};

	if (rp_unlikely(rp_self.armed))
		rp_wait_begin_paused(&w, &(struct rp_waited){.kind = RP_WAIT_SPAWN, .fd = -1});
	FILE *f = rp_real.popen(command, mode);

	rp_wait_leave(&w);
	return f;
}

RP_HOOK void _exit(int status)
{
	if (rp_world_exiting)
		rp_world_exiting();
	rp_real._exit(status);
	__builtin_unreachable();
}

RP_HOOK void _Exit(int status)
{
	if (rp_world_exiting)
		rp_world_exiting();
	rp_real._Exit(status);
	__builtin_unreachable();
}

/* Before the switch: behind it somebody else goes on, maybe on another thread. */
static void before_switch(const ucontext_t *from, const ucontext_t *to)
{
	if (rp_unlikely(rp_self.armed || atomic_load_explicit(&rp_followed, memory_order_relaxed)))
		rp_coroutine_switches(from, to);
	else
		rp_coroutine_moves(to);
}

RP_HOOK int swapcontext(ucontext_t *restrict from, const ucontext_t *restrict to)
{
	before_switch(from, to);
	return rp_real.swapcontext(from, to);
}

RP_HOOK int setcontext(const ucontext_t *to)
{
	before_switch(NULL, to);
	return rp_real.setcontext(to);
}

/* glibc finds the caller's RUNPATH by dlopen's return address: this must be a jump, not a call. */
__attribute__((used, visibility("hidden"))) void *rp_world_loading(void)
{
	rp_tables_loading();
	return (void *)rp_real.dlopen;
}

RP_HOOK int dlclose(void *handle)
{
	rp_tables_unloading();
	int ret = rp_real.dlclose(handle);

	rp_tables_unloaded();
	return ret;
}

/* A converter that nobody has used for a while is unloaded by whoever opens or closes another. */
RP_HOOK iconv_t iconv_open(const char *to, const char *from)
{
	rp_tables_unloading();
	iconv_t ret = rp_real.iconv_open(to, from);

	rp_tables_unloaded();
	return ret;
}

RP_HOOK int iconv_close(iconv_t converter)
{
	rp_tables_unloading();
	int ret = rp_real.iconv_close(converter);

	rp_tables_unloaded();
	return ret;
}
