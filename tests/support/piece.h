/* piece.h - exchanges on one connection, in pieces: what a short way must leave behind as the long
 * one does.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_PIECE_H
#define RP_TESTS_PIECE_H

#include <stdbool.h>
#include <stddef.h>

#define GET     "GET /plain?a=1 HTTP/1.1\r\nHost: h\r\n\r\n"
#define POST    "POST /p HTTP/1.1\r\nContent-Length: 5\r\n\r\n"
#define OK      "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n"
#define NO_BODY "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"

struct piece {
	bool out;
	const char *text; /* NULL: three bytes unseen */
};

enum { N_PIECES = 30 };
extern const struct piece pieces[N_PIECES];

/* The N bytes of P behind a guard; NULL: unseen. */
const void *piece_bytes(const struct piece *p, size_t *n);

#endif
