/* golden.c - see golden.h.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/golden.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The line in which A and B begin to differ; how many bytes of it. */
static const char *odd_line(const char *a, const char *b, int *n_bytes)
{
	const char *line = a;

	for (; *a && *a == *b; a++, b++)
		if (*a == '\n')
			line = a + 1;
	*n_bytes = (int)strcspn(line, "\n");
	return line;
}

void golden_check(const char *name, char *text)
{
	const char *write = getenv("GOLDEN");
	static char wanted[1 << 18];
	char path[256];

	snprintf(path, sizeof(path), "tests/golden/%s", name);
	FILE *file = fopen(path, write ? "w" : "r");

	ck_assert_msg(file != NULL, "%s: run this from the root of the tree", path);
	if (write) {
		fputs(text, file);
	} else {
		wanted[fread(wanted, 1, sizeof(wanted) - 1, file)] = '\0';
		int n_now, n_then;
		const char *now = odd_line(text, wanted, &n_now);
		const char *then = odd_line(wanted, text, &n_then);

		ck_assert_msg(strcmp(text, wanted) == 0,
		              "%s differs (GOLDEN=write makes it anew):\n-%.*s\n+%.*s", path,
		              n_then, then, n_now, now);
	}
	fclose(file);
	free(text);
}
