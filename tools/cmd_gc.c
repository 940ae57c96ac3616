/* cmd_gc.c - reqprof gc: removes old sessions from the directories that are ours.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/catalog.h"
#include "tools/commands.h"
#include "tools/flags.h"
#include "tools/memory.h"
#include "tools/now.h"
#include "tools/term.h"

struct sweep {
	struct rp_keep keep;
	uint64_t now_wall_ns;
	unsigned n_removed, n_dirs;
	bool failed;
};

static void sweep_dir(struct sweep *s, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0) {
		rp_term_complain("%s cannot be opened: %s", path, strerror(errno));
		s->failed = true;
	} else if (st.st_uid != geteuid()) {
		rp_term_complain("%s belongs to uid %u and was left alone; try: "
		                 "sudo -u '#%u' reqprof gc %s",
		                 path, st.st_uid, st.st_uid, path);
	} else {
		unsigned n = rp_keep_apply(fd, &s->keep, s->now_wall_ns);

		printf("%s: %u removed\n", path, n);
		s->n_removed += n;
		s->n_dirs++;
	}
	if (fd >= 0)
		close(fd);
}

/* The directories of all that is listed, each once; entries of one directory stand anywhere. */
static void sweep_catalog(struct sweep *s, const struct rp_catalog *c)
{
	struct rp_heap heap = {0};
	char **dirs = NULL;
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		const struct rp_entry *e = &c->entries[i];
		char *dir = rp_heap_text(&heap, e->path, (size_t)(e->name - e->path));
		size_t k = 0;

		while (k < n && strcmp(dirs[k], dir) != 0)
			k++;
		if (k < n)
			continue;
		dirs = rp_memory_grow(dirs, n, sizeof *dirs);
		dirs[n++] = dir;
	}
	for (size_t i = 0; i < n; i++) {
		dirs[i][strlen(dirs[i]) - 1] = '\0'; /* the slash would follow a link */
		sweep_dir(s, dirs[i]);
	}
	free(dirs);
	rp_heap_free(&heap);
}

static int sweep(struct sweep *s, char **dirs, size_t n)
{
	struct rp_catalog c;
	struct rp_why why;

	if (n) {
		for (size_t i = 0; i < n; i++)
			sweep_dir(s, dirs[i]);
	} else {
		if (!rp_catalog_open(&c, NULL, 0, &why))
			return rp_term_complain("%s", why.text);
		sweep_catalog(s, &c);
		rp_catalog_close(&c);
	}
	if (s->failed)
		return RP_EXIT_USAGE;
	if (s->n_dirs)
		return rp_term_finish();
	rp_term_complain("there are no sessions of yours to remove");
	return RP_EXIT_NO;
}

int rp_cmd_gc(int argc, char **argv)
{
	const char *keep = getenv("REQPROF_KEEP");
	const struct rp_flag flags[] = {
	        {0, "keep", "HOWMUCH",
	         "what stays: 200 (sessions, the default), 500M, 7d or 200,7d", &keep, NULL},
	        {0},
	};
	struct sweep s = {0};
	struct rp_why why;
	int first, status = rp_flags_parse(flags, "gc [--keep HOWMUCH] [DIRECTORY...]", argc, argv,
	                                   &first);

	if (status != RP_FLAGS_GO)
		return status;
	if (!keep || !*keep)
		keep = "200"; /* as the shim, when nothing is said */
	if (!rp_keep_parse(&s.keep, keep, &why))
		return rp_term_complain("%s", why.text);
	s.now_wall_ns = rp_now_ns(CLOCK_REALTIME);
	return sweep(&s, argv + first, (size_t)(argc - first));
}
