/* piece.c - see piece.h.  SPDX-License-Identifier: MIT */
#include "tests/support/piece.h"

#include <string.h>
#include "tests/support/guard.h"

const struct piece pieces[N_PIECES] = {
        {false, GET},
        {true, NO_BODY},
        {false, POST},
        {false, "he"},
        {false, "llo"},
        {true, OK},
        {true, NULL},
        {false, POST "hello"},
        {true, OK "a"},
        {true, "bc"},
        {false, GET GET},
        {true, NO_BODY},
        {false, GET},
        {true, NO_BODY},
        {true, OK "abc"},
        {false, "GET /x HTTP/1.1\r\nHo"},
        {false, "st: h\r\n\r\n"},
        {true, OK "ab"},
        {true, "c"},
        {false, "HEAD /x HTTP/1.1\r\n\r\n"},
        {true, "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"},
        {false, GET},
        {true, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {true, "3\r\nabc\r\n0\r\n\r\n"},
        {false, GET},
        {true, "HTTP/1.1 100 Continue\r\n\r\n"},
        {true, OK},
        {true, "abc"},
        {false, GET},
        {true, OK "abc"},
};

const void *piece_bytes(const struct piece *p, size_t *n)
{
	static const char unseen[] = "abc";
	const char *text = p->text ? p->text : unseen;

	*n = strlen(text);
	return p->text ? guard_put(2, text, *n) : NULL;
}
