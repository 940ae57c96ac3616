/* golden.c - see golden.h.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tests/support/golden.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
		ck_assert_msg(strcmp(text, wanted) == 0, "%s differs; now it is:\n%s", path, text);
	}
	fclose(file);
	free(text);
}
