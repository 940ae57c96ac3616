/* limits.h - every fixed size in the host, with its price.
 *
 * Room: preload.  All of it is zero pages until it is touched; nothing is touched before the
 * first flagged request but one byte a descriptor and one slot a connection.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_PRELOAD_LIMITS_H
#define RP_PRELOAD_LIMITS_H

enum {
	RP_MAX_FDS = 65536,   /* 1 + 4 bytes each; descriptors above are not followed */
	RP_MAX_CONNS = 32768, /* 512 bytes each: 16 MiB of address space */
	RP_MAX_H2 =
	        1024, /* connections of HTTP/2 at once, 15 KiB each, 8 of them touched: 15 MiB */
	RP_MAX_STREAMS = 128, /* open streams on one, 12 bytes each */
	RP_MAX_HEADS = 64,    /* heads in pieces at once, 64 KiB each: 4 MiB */
	RP_MAX_PENDING = 16,  /* runs of alike requests in a pipeline, 12 bytes each; divides 256 */
	RP_MAX_LIVE = 32,     /* the most REQPROF_CONCURRENT may ask for */
	RP_MAX_REQUESTS = 64, /* these, and ended ones not yet written; 5 KiB each */
	RP_MAX_ANSWERS = 16,  /* replaced at once; 112 bytes, and while they are: */
	RP_ANSWER_HEAD_BYTES = 16 << 10, /* of the host's head */
	RP_ANSWER_QUEUE_BYTES = 1 << 20, /* what it sends behind the page */
	RP_LINES_BYTES = 1024,           /* of our headers in the answer of each */
	RP_MAX_TRACKS = 256, /* segments not yet written: threads that work for flagged requests at
	                      * once, and what a loop does for them until our thread has looked */
	RP_TRACK_BYTES = 512 << 10, /* ring of a track; 1 s at 1 kHz and 60 frames: 128 MiB in all,
	                             * of which a short segment takes a page or two */
	RP_MAX_FRAMES = 256,        /* the most REQPROF_MAX_FRAMES may ask for */
	RP_COPY_BYTES = 80 << 10,   /* stack kept to be walked later, while tables are not ready;
	                             * php-fpm reads requests into 64 KiB on its stack */
	RP_OBJECT_BYTES = 160,      /* the name of what was waited for */
	RP_MAX_FOUND = 16384,       /* addresses outside of modules that a session asks names for */
	RP_MAX_CODE = 4096,         /* names of code made at run time that a session keeps */
	RP_CODE_NAME_BYTES = 512,   /* of such a name */
	RP_MAP_BYTES = 64 << 20,    /* of a perf map, from its end; four times that of a jitdump */
	RP_NAMES_MS = 30,       /* what looking for these names may take, at the session's end */
	RP_TARGET_BYTES = 2048, /* of a request target, after masking */
	RP_MAX_BLAMES = 32,     /* contended locks of flagged threads at once, 600 bytes each */
	RP_BLAME_FRAMES = 64,   /* of the stack on which a holder let a lock go */
	RP_INTO_FRAMES = 128,   /* of stacks that are walked into memory of the walker's own */
	RP_MAX_PEERS = 1024,    /* sockets on which flagged requests ask others, 900 bytes each */
	RP_PEER_BYTES = 96,     /* of what was asked: "GET /stock" */
	RP_MAX_AWAITS = 64,     /* answers that came and are not yet written, 800 bytes each */
	RP_MAX_HEIRS = 64,      /* threads made by flagged ones, before they run; 40 bytes */
	RP_MAX_STARTS =
	        32, /* functions run by threads that were made for one thing, 16 bytes each */
	RP_SELF_WAITED = 4,    /* mutexes that a thread remembers to have waited under */
	RP_MAX_QUEUES = 128,   /* mutexes under which threads wait, 5.2 KiB each */
	RP_QUEUE_JOBS = 128,   /* jobs in such a queue; it is not followed while there are more */
	RP_MAX_CARRIERS = 256, /* pipes and their like with something in them, 72 bytes each */
	RP_MAX_NONCES = 2048,  /* tokens remembered until they end, 8 bytes each: at the usual rate
	                        * 16 minutes bring 1930 */
	RP_MAX_THINGS = 256,   /* jobs of flagged requests in Python's queues, 48 bytes each */
	RP_HOLD_POLLS = 200,   /* polls in a row that a loop is told of no event (hot/turn.h) */
	RP_HOLD_NS = 20000000, /* ... and for how long, at most */
	RP_CUT_MS = 50, /* reads are cut for so long after a flagged stream (hot/conn_cut.h) */
	RP_BOOK_BYTES = 4096,       /* notes of a request in flight, REQPROF_SLOW: 4 MiB at most */
	RP_BOOK_TEXT = 1024,        /* of them, its head as it came, or its target */
	RP_MAX_ANNEXES = 64,        /* requests in flight that have more to note, */
	RP_ANNEX_BYTES = 256 << 10, /* so much each: 16 MiB at most */
	RP_CAUGHT_WAIT_NS = 100000, /* their waits shorter than this are summed, not listed */
	RP_WAIT_SHORT_NS = 20000,   /* waits shorter than this are summed, not listed */
	RP_DRAIN_MS = 50,           /* our thread looks this often while a request is open */
	RP_IDLE_MS = 1000,          /* and ends when nothing was open for so long */
	RP_MAKER_MS = 10000,        /* what a client may wait for its page */
	RP_MAX_MAKERS = 2,          /* pages that are made at once; others wait for their turn */
	RP_MAKER_BYTES = 64 << 20,  /* of a page, in a memfd until it is sent */
	RP_EXIT_WAIT_MS = 100,      /* what an exiting host may wait for its last session */
	RP_TABLE_WAIT_MS = 100,     /* what a first request may wait for the table that shows it */
	RP_EXIT_PAGE_MS = 2000,     /* ... and for a page in place of its last answer */
};

#endif
