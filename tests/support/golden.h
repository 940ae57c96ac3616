/* golden.h - the exact text of something, against a file of tests/golden.
 *
 * Room: tests.  With GOLDEN=write the files are rewritten instead: look at the diff.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_GOLDEN_H
#define RP_TESTS_GOLDEN_H

/* Fails the test when TEXT is not what tests/golden/NAME holds; frees TEXT. */
void golden_check(const char *name, char *text);

#endif
