/* bench_spawn.c - IN OUT COMMAND...: runs it once and prints what it took: wall and CPU
 * milliseconds, and the peak memory in KiB, where a program with children of its own says "peak-kib
 * N" itself on stderr.  A small program, since a child's peak begins with that of who starts it.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/bench/pairs.h"

static void become(char **argv, int told)
{
	int in = open(argv[1], O_RDONLY), out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);

	if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(told, 2) < 0)
		_exit(126);
	execvp(argv[3], argv + 3);
	_exit(127);
}

/* All that it says, and in between its own word about memory. */
static long read_told(int from)
{
	FILE *file = fdopen(from, "r");
	char line[512];
	long kib = 0, own;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "peak-kib %ld", &own) == 1)
			kib = own;
	return kib;
}

static double as_ms(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

int main(int argc, char **argv)
{
	struct rusage used;
	int told[2], status;

	if (argc < 4 || pipe2(told, O_CLOEXEC) != 0) {
		fprintf(stderr, "usage: bench_spawn IN OUT COMMAND...\n");
		return 2;
	}
	double began_ns = now_ns();
	pid_t pid = fork();

	if (pid == 0)
		become(argv, told[1]);
	close(told[1]);
	long kib = read_told(told[0]);

	if (pid < 0 || wait4(pid, &status, 0, &used) != pid || status != 0) {
		fprintf(stderr, "bench_spawn: %s failed\n", argv[3]);
		return 1;
	}
	double wall_ms = (now_ns() - began_ns) / 1e6;

	if (kib < used.ru_maxrss)
		kib = used.ru_maxrss;
	printf("%.2f %.2f %ld\n", wall_ms, as_ms(used.ru_utime) + as_ms(used.ru_stime), kib);
	return 0;
}
