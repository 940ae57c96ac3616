/* late.h - would a thread have been known by what it touches next?
 *
 * Room: tests.  Late binding, which is not built (ARCHITECTURE.md 106): what a thread that works
 * for nobody has done since it last waited for work is given to the flagged request whose
 * descriptor it touches first.  Beacons that are nobody's are kept until then, and compared.
 * SPDX-License-Identifier: MIT
 */
#ifndef TEST_TRUTH_LATE_H
#define TEST_TRUTH_LATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum { LATE_ID = 24 };

/* Who it was that touched: a thread that waits for no loop's events, one that does, and one of
 * which a runtime tells whom it works for. */
enum late_who { LATE_THREAD, LATE_LOOP, LATE_TOLD, LATE_WHOS };

/* What it did last that may have brought it other work. */
enum late_from {
	LATE_BEGIN, /* it began */
	LATE_EVENTS,
	LATE_COND,
	LATE_SEM,
	LATE_FUTEX,
	LATE_PIPE,  /* it read from a pipe, an eventfd, one of a pair of sockets */
	LATE_OTHER, /* it touched another one's descriptor, or accepted one */
	LATE_LEFT,  /* it worked for somebody, and does no more */
	LATE_FROMS
};

enum late_touch {
	LATE_READS, /* the client's */
	LATE_ANSWERS,
	LATE_IN_TURN, /* answers, of several that the client asked for at once */
	LATE_HEARS,   /* another server's */
	LATE_ASKS,
	LATE_CARRIED, /* a pipe of the request */
	LATE_TOUCHES
};

/* What had to hold for it to be said: nothing more; it has let no mutex go in between, under which
 * it could have taken something else; and has touched nothing of anybody else's before it waited
 * again. */
enum late_if { LATE_ALWAYS, LATE_NO_MUTEX, LATE_ALONE, LATE_IFS };

struct late_counts {
	_Atomic uint64_t n[LATE_WHOS][LATE_FROMS][LATE_TOUCHES][LATE_IFS][2]; /* wrong, right */
	_Atomic uint64_t never[LATE_WHOS]; /* flagged ones' that no touch came behind */
	struct late_wrong {
		uint32_t from, touch;
		char truth[LATE_ID], belief[LATE_ID];
	} wrongs[16];
	_Atomic uint64_t n_wrongs;
};

/* Once, behind the shim's constructor. */
void late_stand(struct late_counts *counts);

/* A beacon of request ID, met by a thread that is said to work for nobody. */
void late_met(const char *id);

/* Of a flagged request in SLOT. */
void late_id_of(uint32_t slot, char id[LATE_ID]);

#endif
