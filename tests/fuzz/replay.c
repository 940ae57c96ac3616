/* replay.c - gives files and folders to a fuzz target, so that seeds are replayed without a
 * fuzzer; says how many, fails when there were none.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static unsigned n_replayed;

static void replay_file(const char *path, size_t n)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(n ? n : 1); /* exactly: a sanitizer sees one byte too far */

	if (!file || !bytes || fread(bytes, 1, n, file) != n) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(EXIT_FAILURE);
	}
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
	n_replayed++;
}

static void replay(const char *path)
{
	struct stat st;
	DIR *dir = opendir(path);

	if (!dir) {
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			replay_file(path, (size_t)st.st_size);
		else
			fprintf(stderr, "replay: there is no %s\n", path);
		return;
	}
	for (const struct dirent *e; (e = readdir(dir));) {
		char *inside;

		if (e->d_name[0] == '.')
			continue;
		if (asprintf(&inside, "%s/%s", path, e->d_name) < 0)
			abort();
		replay(inside);
		free(inside);
	}
	closedir(dir);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		replay(argv[i]);
	printf("replayed %u inputs\n", n_replayed);
	return n_replayed ? EXIT_SUCCESS : EXIT_FAILURE;
}
