/* fuzz_rewrite.c - any answer, in any calls, to a kernel that takes what it likes: what goes out is
 * what came in, and our lines once or not at all, in front of an empty line.
 *
 * Input: a byte that says how many choices follow (woven.h), these, then the answer.
 * Needs: tests/support/woven.c preload/hot/rewrite.c
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include "tests/support/woven.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static const char LINES[] = "X-Reqprof-Id: 1-000001\r\nServer-Timing: \xff\xfe;dur=1\r\n";

/* The head that ends with N bytes has the name already: of several heads, the last. */
static int has_name(const char *answer, size_t n)
{
	static const char NAME[] = "\r\nx-reqprof-id:";
	size_t n_name = sizeof(NAME) - 1;

	for (size_t at = n; at-- > 0;) {
		if (at + 4 <= n && memcmp(answer + at, "\r\n\r\n", 4) == 0)
			return 0;
		if (at + n_name <= n && strncasecmp(answer + at, NAME, n_name) == 0)
			return 1;
	}
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	size_t n_choices = n ? bytes[0] % 32u : 0, at;

	if (n < 1 + n_choices)
		return 0;
	const char *answer = (const char *)bytes + 1 + n_choices;

	n -= 1 + n_choices;
	if (!woven_send(answer, n, LINES, (struct woven_turns){bytes + 1, n_choices}, &at))
		abort();
	if (at != SIZE_MAX &&
	    (at < 14 || at + 2 > n || memcmp(answer + at - 2, "\r\n\r\n", 4) != 0 ||
	     memcmp(answer, "HTTP/1.", 7) != 0 || has_name(answer, at)))
		abort();
	return 0;
}
