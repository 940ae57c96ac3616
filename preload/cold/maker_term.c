/* maker_term.c - the tree of a request on the standard error of its server.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/maker_parts.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include "preload/cold/folder.h"
#include "preload/cold/log.h"
#include "preload/cold/table.h"
#include "preload/cold/thread.h"
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "store/catalog.h"

enum {
	STACK_BYTES = 256 << 10,
	AT_ONCE = 4,
	PATH_BYTES = RP_FOLDER_BYTES + RP_NAME_MAX,
};

static struct tree {
	_Atomic bool taken;
	char name[RP_NAME_MAX];
} trees[AT_ONCE];

static void give_up(const char *why)
{
	rp_log("no tree on stderr: ", why, NULL);
}

static void draw(const char *name)
{
	char path[PATH_BYTES];
	long fd = rp_table_stderr();
	struct rp_maker_job job = {.mode = RP_MODE_TERM, .session = path, .out = (int)fd};

	if (fd < 0) {
		give_up(rp_log_error((int)-fd));
		return;
	}
	rp_folder_path(path);
	strcat(strcat(path, "/"), name);
	enum rp_made_how how = rp_maker_try(&job);

	if (how != RP_MADE)
		give_up(rp_maker_why(how));
	rp_sys(SYS_close, fd);
}

static void *run(void *arg)
{
	struct tree *tree = arg;

	rp_self.ours = true;
	rp_sys(SYS_prctl, PR_SET_NAME, "reqprof-term");
	if (rp_table_own())
		draw(tree->name);
	atomic_store(&tree->taken, false);
	return NULL;
}

void rp_maker_term(const char *name)
{
	for (unsigned i = 0; i < AT_ONCE; i++) {
		if (atomic_exchange(&trees[i].taken, true))
			continue;
		strcpy(trees[i].name, name);
		if (rp_thread_start(run, &trees[i], STACK_BYTES) == 0)
			return;
		atomic_store(&trees[i].taken, false);
		give_up("no thread for it");
		return;
	}
	give_up("too many at once");
}

void rp_maker_term_forked(void)
{
	for (unsigned i = 0; i < AT_ONCE; i++)
		atomic_store(&trees[i].taken, false);
}
