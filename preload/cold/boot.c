/* boot.c - the constructor: settings, true functions, the pointers by which hot reaches cold.
 *
 * Room: cold.  Cheap and silent: every child of the host that inherits LD_PRELOAD runs it too.
 * No thread, timer, handler or file before the first flagged request.
 * SPDX-License-Identifier: MIT
 */
#include <sys/auxv.h>
#include "preload/cold/answers.h"
#include "preload/cold/coroutine.h"
#include "preload/cold/drain.h"
#include "preload/cold/flights.h"
#include "preload/cold/loader.h"
#include "preload/cold/node.h"
#include "preload/cold/program.h"
#include "preload/cold/python.h"
#include "preload/cold/runtimes.h"
#include "preload/cold/sandboxed.h"
#include "preload/cold/settings.h"
#include "preload/cold/unwinder.h"
#include "preload/hot/blame.h"
#include "preload/hot/conn.h"
#include "preload/hot/coroutine.h"
#include "preload/hot/current.h"
#include "preload/hot/gate.h"
#include "preload/hot/mask.h"
#include "preload/hot/tlslib.h"
#include "preload/hot/world.h"
#include "preload/real.h"
#include "preload/settings.h"

static void thread_ends(void *self)
{
	(void)self;
	rp_self.has_key = false;
	rp_current_thread_ends();
}

static RP_EARLY void before_fork(void)
{
	rp_loader_before_fork();
	rp_unwinder_before_fork();
}

static RP_EARLY void after_fork(void)
{
	rp_unwinder_after_fork();
	rp_loader_after_fork();
}

static RP_EARLY void child(void)
{
	after_fork();
	rp_world_forked();
}

__attribute__((constructor(101))) static void boot(int argc, char **argv)
{
	rp_real_resolve_all();
	rp_conn_forked();
	rp_tlslib_boot();
	if (getauxval(AT_SECURE))
		return;
	rp_settings_read();
	if (!rp_program_is_one_of(rp_settings.exe))
		return;
	rp_flights_boot();
	rp_blame_check();
	rp_runtimes_start();
	rp_sandboxed_boot();
	atomic_store(&rp_coroutine_end_at, rp_coroutine_end());
	rp_python_find();
	rp_node_boot(argc, argv);
	rp_mask_has_exit_key = pthread_key_create(&rp_mask_exit_key, thread_ends) == 0;
	rp_gate_start = rp_drain_start;
	rp_answer_start = rp_answers_start;
	rp_world_forked_cold = rp_drain_forked;
	rp_world_exiting = rp_drain_settle;
	rp_world_before_fork = before_fork;
	rp_world_after_fork = after_fork;
	rp_tlslib_enter = rp_loader_try;
	rp_tlslib_leave = rp_loader_leave;
	pthread_atfork(before_fork, after_fork, child);
	rp_awake = true;
}

/* The host returns from main: its last request may still be on its way to the disk. */
__attribute__((destructor)) static void leave(void)
{
	rp_drain_settle();
}
