/* suite.h - main() of a unit test: one suite, Check's closing line, CK_FORK honoured.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SUITE_H
#define RP_TESTS_SUITE_H

#include <check.h>
#include <stdlib.h>

/* Runs SUITE; the exit status of the program. */
static inline int suite_run(Suite *suite)
{
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
