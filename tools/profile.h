/* profile.h - sessions joined with their symbols, in memory: what every report is made of.
 *
 * Room: tools.  Plain data, so that the pure parts (call tree, analyses, renderers, exports) can
 * be tested on hand-made profiles.  Everything is borrowed until rp_profile_free.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PROFILE_H
#define RP_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tools/account.h"

/* A function, or a pseudo frame such as "[wait: recv tcp 127.0.0.1:5432]". */
struct rp_function {
	const char *name;
	const char *file;   /* source path, or NULL */
	const char *module; /* path; "" for a pseudo frame */
	uint32_t line;      /* where it is declared; 0 unknown */
	bool library;       /* not the code of the program itself: library.h */
	bool pseudo;
};

struct rp_chain {
	const uint32_t *functions; /* root first */
	uint32_t n;                /* >= 1 */
};

/* A place in a tree of stacks: one function at one address, inlined ones apart. */
struct rp_spot {
	uint32_t caller;   /* its number + 1; 0: this is a root */
	uint32_t function; /* as in a chain */
	uint32_t line;     /* that runs, or calls the next one; 0 unknown */
	uint32_t module;   /* in modules, + 1; 0: none */
	uint64_t vaddr;    /* in the module, of the instruction that runs or calls */
	bool inlined;      /* into its caller, at the same address */
};

enum rp_point_kind {
	RP_POINT_TICK,
	RP_POINT_EDGE,
	RP_POINT_WAIT,    /* its chain ends in the wait's pseudo frame; no CPU */
	RP_POINT_IN_WAIT, /* the CPU spent inside that call, on the chain without the pseudo frame
	                   */
};

/* Some time on a chain.  Every nanosecond is in one point only. */
struct rp_point {
	uint32_t chain, thread;
	uint32_t spot;  /* the leaf of the same stack, + 1; 0: there is none */
	uint64_t at_ns; /* CLOCK_MONOTONIC; with several sessions, of that session's machine */
	uint64_t wall_ns, cpu_ns;
	uint64_t delay_ns; /* of the wall time of a WAIT: it was over, but no CPU was free */
	enum rp_point_kind kind;
};

struct rp_worker {
	uint32_t pid, tid;
	const char *name;
};

/* A thread worked for a request. */
struct rp_stretch {
	uint32_t session, thread;
	uint64_t begin_ns, end_ns, cpu_ns;
};

/* A request came from one thread to another. */
struct rp_passage {
	uint32_t session, thread;
	uint32_t from_tid; /* of the thread it came from */
	const char *by;    /* "queue", "pipe", ...: texts of store/handoffs.def */
	uint64_t given_ns, taken_ns;
};

/* Who had the lock of a wait. */
struct rp_holder {
	const char *words;   /* "held by thread 712 (request 4711-000008)"; NULL: nobody asked */
	const char *request; /* the id of its session, "" none */
	uint32_t tid;        /* 0: not known */
	uint32_t chain;      /* where it let go, + 1; 0: not known */
};

struct rp_wait {
	uint32_t chain, thread;
	const char *kind, *object; /* object: "" when there is none */
	struct rp_holder holder;
	uint64_t at_ns, span_ns, cpu_ns;
};

struct rp_count {
	const char *name;
	uint64_t value;
};

/* Waits of a kind that were too short to be told one by one. */
struct rp_short {
	const char *kind;
	uint64_t n, waited_ns;
};

struct rp_object_file {
	const char *path, *build_id; /* build_id: hex, "" unknown */
	const char *symbols;         /* "debug", "symtab", "exported names", "file is gone"... */
	const char *source;          /* where the names came from, or NULL */
	bool main;                   /* the program itself */
};

/* One session, as the header of a report tells it. */
struct rp_session {
	const char *path, *id;
	const char *method, *target, *host, *protocol, *peer, *local, *server, *trigger, *tag;
	const char *traceparent;
	const char *ended; /* how the recording ended, in words */
	const char *why;   /* why it is incomplete; NULL: it is complete */
	uint64_t began_wall_ns, interval_ns, first_ns;
	uint64_t phases_ns[6]; /* names: rp_profile_phases; RP_NEVER (UINT64_MAX): not known */
	uint64_t bytes_in, bytes_out;
	uint32_t status, pid, n_workers;
	size_t first_point, n_points; /* its points are these */
	size_t first_wait, n_waits;   /* and its waits */
	size_t n_samples;
	size_t n_without_tick; /* segments shorter than one tick */
	size_t n_segments;
	struct rp_account account;
	const struct rp_lane *lanes;
	const struct rp_client_wait *client; /* waits and stalls that the client caused */
	const struct rp_count *counters, *lost;
	const struct rp_short *shorts;
	size_t n_lanes, n_client, n_counters, n_lost, n_shorts;
};

extern const char *const rp_profile_phases[6];

struct rp_profile {
	struct rp_function *functions;
	struct rp_chain *chains;
	struct rp_spot *spots;   /* callers before callees */
	struct rp_point *points; /* by session; not in the order of time */
	struct rp_wait *waits;
	struct rp_stretch *stretches;
	struct rp_passage *passages;
	struct rp_worker *workers; /* points and waits name them by index */
	struct rp_object_file *modules;
	struct rp_session *sessions;
	size_t n_functions, n_chains, n_spots, n_points, n_waits, n_stretches, n_passages,
	        n_workers, n_modules, n_sessions;
	struct rp_join *join; /* what keeps the strings alive; NULL in a hand-made profile */
};

struct rp_why;

/* Where names come from; all zero is what people get who say nothing of it. */
struct rp_profile_how {
	const char *const *debug_dirs; /* laid out as /usr/lib/debug is, asked first */
	size_t n_debug_dirs;
	const char *sysroot; /* the files of modules are below it; NULL: where they say */
	bool no_cache;       /* what is beside the sessions is neither read nor written */
	bool verbose;        /* functions are named with the suffix of their copy */
	bool apart; /* the sessions are of different servers: what they wait for keeps its full name
	             */
	bool save;  /* what is found goes beside the sessions, however fast it was */
};

/* Reads N session files and joins them.  false with WHY when one cannot be read, or when names
 * were to be saved and could not.  HOW may be NULL. */
bool rp_profile_open_as(struct rp_profile *p, char *const *paths, size_t n,
                        const struct rp_profile_how *how, struct rp_why *why);
bool rp_profile_open(struct rp_profile *p, char *const *paths, size_t n, struct rp_why *why);
void rp_profile_close(struct rp_profile *p);

/* The time of a point on the clock asked for. */
static inline uint64_t rp_profile_ns(const struct rp_point *point, bool cpu)
{
	return cpu ? point->cpu_ns : point->wall_ns;
}

#endif
