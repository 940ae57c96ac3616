/* pager.c - stands in for reqprof where a page is made (preload/cold/maker.h): PAGER_BYTES of text,
 * or as many as the file beside it called "bytes" says, after the milliseconds in "ms".
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGER_BYTES = 64 };

static long told(const char *name, long usual)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 16);
	long number = usual;

	if (n < 0)
		return usual;
	path[n] = '\0';
	strcpy(strrchr(path, '/') + 1, name);
	FILE *file = fopen(path, "r");

	if (file && fscanf(file, "%ld", &number) != 1)
		number = usual;
	if (file)
		fclose(file);
	return number;
}

int main(void)
{
	long n = told("bytes", PAGER_BYTES);

	usleep((useconds_t)told("ms", 0) * 1000);
	printf("Content-Length: %ld\r\nContent-Type: text/plain\r\nCache-Control: no-store\r\n\r\n",
	       n);
	for (long i = 0; i < n; i++)
		putchar(i % 64 == 63 ? '\n' : "a page of the profile "[i % 64 % 22]);
	return 0;
}
