/* records.h - what a session holds, one struct a record, as both sides of the wall see it.
 *
 * Room: store.  The writer turns these into bytes, the reader bytes into these; FORMAT.md names
 * the same fields.  All times are CLOCK_MONOTONIC ns; RP_NEVER means "not known".
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_RECORDS_H
#define RP_STORE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define RP_NEVER UINT64_MAX

/* Borrowed bytes, not NUL-terminated; from the reader they live until it is closed. */
struct rp_slice {
	const char *at;
	size_t n;
};

static inline struct rp_slice rp_slice_of(const char *text)
{
	return (struct rp_slice){text, strlen(text)};
}

static inline bool rp_slice_same(struct rp_slice a, struct rp_slice b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.at, b.at, a.n) == 0);
}

enum rp_item_kind {
#define RECORD(name, number, text) RP_ITEM_##name = number,
#include "store/records.def"
	RP_N_ITEM_KINDS /* numbers, 0 included */
};

/* The names of waits: RP_WAIT_RECV... and their words for people. */
enum rp_wait_kind {
#define WAIT(name, text) RP_WAIT_##name,
#include "store/waits.def"
	RP_N_WAIT_KINDS
};

/* Who had a lock when the wait for it began. */
enum rp_held_how {
	RP_HELD_UNKNOWN, /* nobody known: it was changing hands */
	RP_HELD_THREAD,
	RP_HELD_READERS, /* a read-held rwlock: by how many, but not by whom */
	RP_HELD_NOT_ASKED,
};

enum rp_sample_edge { RP_EDGE_TICK, RP_EDGE_BEGIN, RP_EDGE_END };

/* How a request's recording ended. */
enum rp_end_how {
	RP_END_COMPLETE, /* last byte of the response was accepted by the kernel */
	RP_END_CLOSED,   /* the server closed the connection; close-delimited or aborted */
	RP_END_LIMIT,    /* a bound of the gate (seconds, samples, bytes) was reached */
	RP_END_UPGRADED, /* 101 or CONNECT: the connection stopped being HTTP */
	RP_END_LOST,     /* the request border was lost */
};

struct rp_rec_request {
	struct rp_slice method, target, host, protocol; /* target: secrets masked */
	struct rp_slice peer, local;                    /* "127.0.0.1:52110", "unix" */
	struct rp_slice traceparent, tag, server;       /* server: comm of the process */
	struct rp_slice trigger;                        /* "query", "header", "route" */
	uint64_t interval_ns;
	uint32_t pid;
};

struct rp_rec_response {
	uint32_t status; /* 0: none seen */
	uint32_t how;    /* enum rp_end_how */
	uint64_t bytes_in, bytes_out;
};

struct rp_rec_phases {
	uint64_t accepted_ns, first_byte_ns, head_ns, body_ns, response_ns, last_byte_ns;
};

struct rp_rec_thread {
	uint32_t thread; /* index used by other records */
	uint32_t tid;
	struct rp_slice name;
};

/* One stretch in which a thread worked for the request. */
struct rp_rec_segment {
	uint32_t thread;
	uint64_t begin_ns, end_ns;
	uint64_t cpu_ns;  /* thread CPU clock, end - begin: exact */
	uint64_t runq_ns; /* runnable, not running: sum over its samples */
	uint64_t minor_faults, major_faults, switches_voluntary, switches_forced;
};

struct rp_rec_module {
	uint32_t module;          /* index used by stack nodes; 0 is reserved, see below */
	uint32_t flags;           /* RP_MODULE_* */
	uint64_t size;            /* bytes of address space from the first PT_LOAD on */
	struct rp_slice path;     /* as the loader knows it; "[vdso]", "[anonymous code]" */
	struct rp_slice build_id; /* raw bytes, may be empty */
};
#define RP_ANONYMOUS_CODE "[anonymous code]" /* path of what stands for code in no module */
enum { RP_MODULE_MAIN = 1, RP_MODULE_VDSO = 2, RP_MODULE_SHIM = 4 };

/* Bytes of a module that has no file (the vdso): an ELF image. */
struct rp_rec_image {
	uint32_t module;
	struct rp_slice bytes;
};

/* One node of the tree of stacks.  module 0: a pseudo root, pc_rel is an enum rp_stack_stop. */
struct rp_rec_stack {
	uint32_t stack;  /* > 0, written in ascending order, once */
	uint32_t parent; /* 0: none; else a smaller number.  The parent is the caller */
	uint32_t module;
	uint64_t pc_rel; /* file virtual address (ELF vaddr), not yet minus one */
	uint8_t exact;   /* 1: the interrupted instruction; 0: a return address, look up pc - 1 */
};

/* Why a stack has no end: roots "[truncated: ...]" */
enum rp_stack_stop {
#define STOP(name, text) RP_STOP_##name,
#include "store/stops.def"
	RP_N_STOPS
};

struct rp_rec_sample {
	uint32_t thread, stack;
	uint64_t at_ns;
	uint64_t weight;  /* ticks: 1 + overruns; 0 on edges */
	uint64_t cpu_ns;  /* thread CPU since this thread's last sample or mark */
	uint64_t runq_ns; /* runnable but not running since then, where the kernel proves it */
	uint32_t edge;    /* enum rp_sample_edge */
};

struct rp_rec_object {
	uint32_t object;      /* > 0 */
	struct rp_slice name; /* "tcp 127.0.0.1:5432", "pipe", "/var/lib/x.log" */
};

struct rp_rec_wait {
	uint32_t thread, stack;
	uint32_t kind, object; /* enum rp_wait_kind; 0: no object */
	uint64_t at_ns, span_ns, cpu_ns;
};

/* Who had the lock of the wait of THREAD that began AT_NS. */
struct rp_rec_held {
	uint32_t thread;
	uint32_t how;            /* enum rp_held_how */
	uint32_t tid;            /* of the holder; 0: not known */
	uint32_t stack;          /* on which the holder let it go; 0: not known */
	struct rp_slice request; /* the id of the session that the holder worked for, or "" */
	uint64_t at_ns;
};

/* THREAD asked another server on STACK and went on to others; the answer came SPAN_NS later. */
struct rp_rec_await {
	uint32_t thread, stack; /* 0: no stack */
	uint64_t at_ns, span_ns;
	struct rp_slice object; /* "tcp 127.0.0.1:9000 GET /stock" */
};

/* Waits too short for a stack of their own, summed. */
struct rp_rec_short_waits {
	uint32_t kind;
	uint64_t count, span_ns, cpu_ns;
};

/* name = value: bytes, calls, own overhead...; a drop's name is a row of preload/drops.def. */
struct rp_rec_counter {
	struct rp_slice name;
	uint64_t value;
};

/* Between two calls on the client's connection: the first would have blocked, before the second
 * the client had sent or taken something. */
struct rp_rec_stall {
	uint32_t way; /* enum rp_stall_way */
	uint64_t begin_ns, span_ns;
};
enum rp_stall_way { RP_STALL_SENDS, RP_STALL_READS }; /* what the client does slowly */

/* Code made at run time, as its runtime calls it; the newest first (FORMAT.md section 4.16). */
struct rp_rec_code {
	uint64_t begin, size;        /* addresses of the process */
	uint64_t since_ns, until_ns; /* when it was there; RP_NEVER: not known, or to the end */
	struct rp_slice name;
};

/* Memory in no module, by its name in /proc/PID/maps when the session ended; "[anon]": it had
 * none there. */
struct rp_rec_mapping {
	uint64_t begin, size;
	struct rp_slice name;
};

/* THREAD began to work for the request, since another one had given it something. */
struct rp_rec_handoff {
	uint32_t thread;
	uint32_t from_tid; /* of the other one */
	uint32_t by;       /* row of store/handoffs.def */
	uint64_t given_ns, taken_ns;
};

/* Both ends of a connection, from here: what joins the sessions of two servers. */
struct rp_rec_link {
	uint32_t asked; /* 0: the request came on it; 1: it asked another server on it */
	uint64_t at_ns; /* ASKED: just before it was first written to for the request */
	uint32_t pid;   /* of the other end where that is a Unix socket's client; else 0 */
	struct rp_slice local, remote; /* "127.0.0.1:52110", "unix:/run/app.sock", "unix" */
};

struct rp_rec_end {
	uint64_t records; /* before this one */
};

struct rp_item {
	enum rp_item_kind kind;
	union {
		struct rp_rec_request request;
		struct rp_rec_response response;
		struct rp_rec_phases phases;
		struct rp_rec_thread thread;
		struct rp_rec_segment segment;
		struct rp_rec_module module;
		struct rp_rec_image image;
		struct rp_rec_stack stack;
		struct rp_rec_sample sample;
		struct rp_rec_object object;
		struct rp_rec_wait wait;
		struct rp_rec_short_waits short_waits;
		struct rp_rec_counter counter; /* RP_ITEM_COUNTER and RP_ITEM_DROP */
		struct rp_rec_held held;
		struct rp_rec_await await;
		struct rp_rec_handoff handoff;
		struct rp_rec_link link;
		struct rp_rec_end end;
		struct rp_rec_code code;
		struct rp_rec_mapping mapping;
		struct rp_rec_stall stall;
	};
};

#endif
