/* bench_start.c - bench_start SHIM N: N pairs of spawn and wait of /bin/true, in ms.
 *
 * Room: tests.  What every program of the host pays that inherits LD_PRELOAD.
 * SPDX-License-Identifier: MIT
 */
#include <spawn.h>
#include <sys/wait.h>
#include "tests/bench/pairs.h"

static double spawn_ms(char *const env[])
{
	char *argv[] = {"/bin/true", NULL};
	double began_ns = now_ns();
	pid_t pid;
	int status;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, env) || waitpid(pid, &status, 0) != pid ||
	    status)
		give_up("bench_start: /bin/true");
	return (now_ns() - began_ns) / 1e6;
}

int main(int argc, char **argv)
{
	char preload[4096], *with[] = {preload, NULL}, *without[] = {NULL};

	if (argc != 3) {
		fprintf(stderr, "usage: bench_start SHIM N\n");
		return 2;
	}
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[1]);
	for (int i = 0; i < atoi(argv[2]); i++) {
		double ms[2];

		for (int turn = 0; turn < 2; turn++) {
			int which = (i ^ turn) & 1;

			ms[which] = spawn_ms(which ? without : with);
		}
		say_more("start and end of /bin/true", "ms", "<=0.3", ms[0], ms[1]);
	}
	return EXIT_SUCCESS;
}
