/* passing.c - a library with thread-locals, so that loading it moves everybody's.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
static _Thread_local volatile char room[3000];

int passing_answer(int turns);

int passing_answer(int turns)
{
	for (int i = 0; i < turns; i++)
		room[i % 3000] = (char)i;
	return 7;
}
