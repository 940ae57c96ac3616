/* fuzz_glance.c - any bytes: a glance says what the delimiter says, or nothing.
 *
 * Input: one byte of choices, two of how much follows unseen, then the message.
 * Needs: tests/support/glance.c preload/hot/delim_*.c
 * preload/hot/delim_in.c preload/hot/delim_out.c preload/hot/delim_framing.c Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/glance.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { HEAD_BYTES = 3, RESPONSE = 1, UNSEEN = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	if (n < HEAD_BYTES)
		return 0;
	size_t n_unseen = bytes[0] & UNSEEN ? bytes[1] | (size_t)bytes[2] << 8 : 0;
	bool response = bytes[0] & RESPONSE;

	n -= HEAD_BYTES;
	char *message = malloc(n ? n : 1); /* exactly: a sanitizer sees one byte too far */

	if (!message)
		abort();
	memcpy(message, bytes + HEAD_BYTES, n);
	if ((response ? glance_response(message, n, n_unseen) : glance_request(message, n)) ==
	    GLANCE_WRONG)
		abort();
	free(message);
	return 0;
}
