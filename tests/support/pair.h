/* pair.h - a connection between a server and its client, and what became of its requests.
 *
 * Room: tests.  The hooks' part is done by hand: heard, said, retired.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_PAIR_H
#define RP_TESTS_PAIR_H

#include <stdbool.h>
#include <stdint.h>

extern int pair_fd, pair_peer; /* the server's end, the client's */

/* As flagged_ready; every trigger passes the gate, no tick comes; a first pair is open. */
void pair_ready(void);
void pair_open(void);
void pair_close(void);

/* TEXT passed on the server's end. */
void pair_heard(const char *text);
void pair_said(const char *text);

/* What became of the requests, in order of their serials; ended ones are freed. */
struct pair_story {
	unsigned n;
	char target[8][64];
	uint32_t status[8], how[8];
	uint64_t in[8], out[8];
	bool body[8], response[8];
};

/* Adds those that ended, oldest first, and frees them. */
void pair_collect(struct pair_story *to);

#endif
