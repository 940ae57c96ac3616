/* hexline.h - the words that lines of /proc/self/maps and of perf maps begin with.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_HEXLINE_H
#define RP_COLD_HEXLINE_H

#include <stdbool.h>
#include <stdint.h>

static inline void rp_hexline_blanks(const char **at, const char *end)
{
	while (*at < end && (**at == ' ' || **at == '\t'))
		++*at;
}

/* A hexadecimal number of at most 64 bits, with or without "0x". */
static inline bool rp_hexline_number(const char **at, const char *end, uint64_t *v)
{
	unsigned n = 0;

	if (end - *at > 2 && (*at)[0] == '0' && ((*at)[1] | 0x20) == 'x')
		*at += 2;
	for (*v = 0; *at < end; ++*at, n++) {
		unsigned digit = (unsigned char)**at;

		if (digit - '0' < 10)
			digit -= '0';
		else if ((digit | 0x20) - 'a' < 6)
			digit = (digit | 0x20) - 'a' + 10;
		else
			break;
		if (*v >> 60)
			return false;
		*v = *v << 4 | digit;
	}
	return n > 0;
}

#endif
