/* bench_memory.c - serves 100 unflagged requests on ten connections, then prints what it has of
 * memory: "Rss Pss Private_Dirty" in KiB.
 *
 * Room: tests.  bench.sh runs it with and without the shim.
 * SPDX-License-Identifier: MIT
 */
#include "tests/bench/self.h"

enum { N_CONNECTIONS = 10, N_REQUESTS = 10 };

static void serve(void)
{
	struct self s[N_CONNECTIONS];

	for (int i = 0; i < N_CONNECTIONS; i++)
		s[i] = self_open_tcp();
	for (int r = 0; r < N_REQUESTS; r++)
		for (int i = 0; i < N_CONNECTIONS; i++) {
			send_whole(s[i].client, BROWSER_HEAD);
			take_some(s[i].server);
			send_whole(s[i].server, SMALL_RESPONSE);
			take_some(s[i].client);
		}
	for (int i = 0; i < N_CONNECTIONS; i++)
		self_close(&s[i]);
}

int main(void)
{
	long rss = 0, pss = 0, dirty = 0;
	char line[256];

	serve();
	FILE *rollup = fopen("/proc/self/smaps_rollup", "re");

	if (!rollup)
		give_up("smaps_rollup");
	while (fgets(line, sizeof(line), rollup)) {
		sscanf(line, "Rss: %ld", &rss);
		sscanf(line, "Pss: %ld", &pss);
		sscanf(line, "Private_Dirty: %ld", &dirty);
	}
	fclose(rollup);
	printf("%ld %ld %ld\n", rss, pss, dirty);
	return EXIT_SUCCESS;
}
