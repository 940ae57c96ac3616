/* runtimes.c - see runtimes.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/runtimes.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include "preload/cold/modules.h"
#include "preload/hot/sys.h"
#include "preload/hot/turn.h"
#include "preload/place.h"

/* What the name of a module begins with, and what it makes of a loop. */
static const struct {
	const char *name;
	uint8_t runs;
} known[] = {
        {"nginx", RP_RUNS_INLINE},       {"node", RP_RUNS_TASKS},
        {"libnode", RP_RUNS_TASKS},      {"deno", RP_RUNS_ANYTHING},
        {"bun", RP_RUNS_ANYTHING},       {"python", RP_RUNS_ANYTHING},
        {"libpython", RP_RUNS_ANYTHING}, {"ruby", RP_RUNS_ANYTHING},
        {"libruby", RP_RUNS_ANYTHING},   {"perl", RP_RUNS_ANYTHING},
        {"libperl", RP_RUNS_ANYTHING},   {"php", RP_RUNS_ANYTHING},
        {"libphp", RP_RUNS_ANYTHING},    {"lua", RP_RUNS_ANYTHING},
        {"liblua", RP_RUNS_ANYTHING},    {"java", RP_RUNS_ANYTHING},
        {"libjvm", RP_RUNS_ANYTHING},    {"libcoreclr", RP_RUNS_ANYTHING},
        {"libmono", RP_RUNS_ANYTHING},   {"beam", RP_RUNS_ANYTHING},
        {"gjs", RP_RUNS_ANYTHING},
};

/* NONE when the module says nothing about loops. */
enum { NONE = RP_RUNS_INLINE + 1 };

static uint8_t runs_of(const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

	for (unsigned i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (!strncmp(name, known[i].name, strlen(known[i].name)))
			return known[i].runs;
	return NONE;
}

/* Of several in one process the strictest counts. */
static uint8_t least = NONE;

static RP_EARLY void look(const char *path)
{
	uint8_t runs = runs_of(path);

	if (runs < least)
		least = runs;
}

static void tell(void)
{
	atomic_store(&rp_turn_runs, least == NONE ? (uint8_t)RP_RUNS_CALLBACKS : least);
}

static RP_EARLY int look_at(struct dl_phdr_info *info, size_t size, void *nothing)
{
	(void)size;
	(void)nothing;
	look(info->dlpi_name);
	return 0;
}

RP_EARLY void rp_runtimes_start(void)
{
	char program[PATH_MAX];
	long n = rp_sys(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", program, sizeof(program) - 1);

	program[n > 0 ? n : 0] = 0;
	look(program);
	rp_modules_iterate(look_at, NULL);
	tell();
}

void rp_runtimes_look(void)
{
	static uint32_t seen;
	const struct rp_module *m;

	while ((m = rp_modules_at(seen + 1))) {
		look(m->path);
		seen++;
	}
	tell();
}
