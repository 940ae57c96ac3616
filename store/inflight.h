/* inflight.h - the table of requests in flight in one process: written by the shim in memory that
 * `reqprof ps` maps.  FORMAT.md section 9.
 *
 * Room: store.  Where nobody asked for it to be seen, the shim has the same table for itself.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_STORE_INFLIGHT_H
#define RP_STORE_INFLIGHT_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>

#define RP_INFLIGHT_MARK "\x89RQF\r\n\x1a\n"
#define RP_INFLIGHT_DIR  "/dev/shm/reqprof-" /* and the user's number; the file is the process's */
enum { RP_INFLIGHT_VERSION = 1, RP_MAX_FLIGHTS = 1024, RP_MAX_SEATS = 1024 };

struct rp_inflight_head {
	char mark[8];
	uint32_t version, head_bytes;
	uint32_t flight_bytes, seat_bytes, n_flights, n_seats;
	uint32_t pid, reserved;
	uint64_t began_ticks; /* of the process, as /proc/PID/stat has it: its number may come again
	                       */
	uint8_t zero[16];
};

/* What its connection shows of a request; each phase is written by the thread that saw it. */
struct rp_course {
	_Atomic uint64_t accepted_ns, first_byte_ns, head_ns, body_ns, response_ns, last_byte_ns;
	_Atomic uint64_t bytes_in, bytes_out;
	_Atomic uint32_t status, how; /* enum rp_end_how */
};

enum rp_flight_state {
	RP_FLIGHT_FREE,
	RP_FLIGHT_LIVE,
	RP_FLIGHT_ENDING,
	RP_FLIGHT_KEPT, /* waits to be written */
	RP_FLIGHT_LEFT, /* free, as soon as nobody notes anything more of it */
};

enum rp_flight_flag {
	RP_FLIGHT_FLAGGED = 1, /* it is recorded anyhow */
	RP_FLIGHT_FAILED = 2,  /* by its status (REQPROF_ERRORS) */
	RP_FLIGHT_SLOW = 4,    /* by its age (REQPROF_SLOW) */
	RP_FLIGHT_TOLD = 8,    /* its session was written while it goes on: REQPROF_MAX_SECONDS */
};

struct rp_flight {
	_Atomic uint64_t hold; /* serial << 32 | enum rp_flight_state; written last */
	struct rp_course course;
	int32_t fd; /* of its connection */
	_Atomic uint32_t flags;
	uint8_t n_method, n_path;
	char method[22], path[136]; /* without the query */
	_Atomic uint32_t asks;      /* descriptor + 1 on which another server was asked; 0: none */
	uint32_t spare;
};

/* The place of a thread that works, or has worked, for requests. */
enum rp_gate { RP_GATE_AWAY, RP_GATE_OUT, RP_GATE_IN, RP_GATE_CALLED };

struct rp_seat {
	_Atomic uint32_t tid; /* 0: free */
	_Atomic uint32_t gate;
	_Atomic uint64_t works;    /* serial << 32 | flight + 1; 0: for nobody */
	_Atomic uint64_t since_ns; /* a hooked call blocks since; 0: none does */
	_Atomic uint32_t kind;     /* enum rp_wait_kind */
	_Atomic int32_t fd;        /* of it; -1: none */
	_Atomic uint64_t at;       /* of a lock: its address; of a sleep: ns */
	_Atomic uint32_t segment;  /* counts the stretches of work of this thread */
	/* By our thread: signals that it is about to send, and that it has sent or not; intervals
	 * that the next one stands for; 1: the host keeps signals out here. */
	_Atomic uint32_t promised, settled, weight, deaf;
	/* For the segment WATCHED: the clocks when it first looked and the thread's voluntary
	 * switches until then; the time in the run queue since, when it looked last. */
	_Atomic uint32_t watched, watch_voluntary;
	_Atomic uint64_t watch_ns, watch_cpu_ns, delay_from_ns, delay_ns, delay_at_ns;
	char spare[16];
};

struct rp_inflight {
	struct rp_inflight_head head;
	struct rp_flight flights[RP_MAX_FLIGHTS];
	struct rp_seat seats[RP_MAX_SEATS];
};

static_assert(sizeof(struct rp_inflight_head) == 64, "FORMAT.md 9");
static_assert(sizeof(struct rp_flight) == 256, "FORMAT.md 9");
static_assert(sizeof(struct rp_seat) == 128, "FORMAT.md 9");

#endif
