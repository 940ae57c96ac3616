/* slow.c - a library whose constructor sleeps; built to lib/slow.so by the tests.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <time.h>

int slow_answer(void);

__attribute__((constructor)) static void begin(void)
{
	struct timespec t = {.tv_nsec = 20000000};

	nanosleep(&t, NULL);
}

int slow_answer(void)
{
	return 42;
}
