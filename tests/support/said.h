/* said.h - what a test heard, as one text.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SAID_H
#define RP_TESTS_SAID_H

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Appends to TEXT, of CAP bytes and *N of them used, as printf does; what has no room is cut. */
__attribute__((format(printf, 4, 5))) static inline void said(char *text, size_t cap, size_t *n,
                                                              const char *format, ...)
{
	size_t room = cap - *n;
	va_list args;

	va_start(args, format);
	int more = vsnprintf(text + *n, room, format, args);

	va_end(args);
	if (more > 0)
		*n += (size_t)more < room ? (size_t)more : room - 1;
}

#endif
