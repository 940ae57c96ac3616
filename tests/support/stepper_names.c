/* stepper_names.c - see stepper_names.h.  SPDX-License-Identifier: MIT */
#include "tests/support/stepper_names.h"
#include "preload/cold/modules.h"
#include "store/records.h"
#include "symbolize/symbolize.h"

#include <stdio.h>
#include <string.h>

static const char *const windows_of[] = {
#define WINDOW(prefix, why) prefix,
#include "tests/support/stepper_windows.def"
};

struct name {
	char function[80], where[120];
	bool known;
};

static void name_of(uint64_t pc, struct name *name)
{
	const struct rp_module *at = rp_modules_find(pc, UINT32_MAX - 1, false);
	struct rp_symbolizer *s = rp_sym_make();
	struct rp_frames frames;

	snprintf(name->function, sizeof(name->function), "?");
	snprintf(name->where, sizeof(name->where), "%s+%lx", at ? at->path : "",
	         (unsigned long)(pc - (at ? at->bias : 0)));
	name->known = false;
	if (!at || !s)
		return;
	uint64_t vaddr = pc - at->bias;
	int module = rp_sym_add(s, &(struct rp_sym_module){.path = at->path,
	                                                   .image = at->image,
	                                                   .n_image = at->n_image});

	rp_sym_resolve(s, module, &vaddr, 1, &frames);
	/* libgcc_s has no debug file in Debian; its exported names will do. */
	name->known =
	        frames.frame[frames.n - 1].named && rp_sym_state(s, module, NULL) <= RP_SYM_SYMTAB;
	snprintf(name->function, sizeof(name->function), "%s", frames.frame[frames.n - 1].function);
	rp_sym_free(s);
}

static bool is_window(const char *function)
{
	for (unsigned i = 0; i < sizeof(windows_of) / sizeof(*windows_of); i++)
		if (strncmp(function, windows_of[i], strlen(windows_of[i])) == 0)
			return true;
	return false;
}

/* libgcc has no names for what its _Unwind_* call to install a context. */
static bool is_installing(const struct name *name, uint64_t caller)
{
	struct name by;

	if (!strstr(name->where, "/libgcc_s.so") || !caller)
		return false;
	name_of(caller - 1, &by);
	return strncmp(by.function, "_Unwind_", 8) == 0;
}

struct by_function {
	char function[80];
	struct stepper_tally ours, unw;
};

static void add_function(struct by_function *all, unsigned *n, unsigned cap, const char *function,
                         const struct stepper_spot *spot)
{
	unsigned i;

	for (i = 0; i < *n && strcmp(all[i].function, function) != 0; i++)
		;
	if (i == cap)
		return;
	if (i == *n) {
		memset(&all[i], 0, sizeof(all[i]));
		snprintf(all[i].function, sizeof(all[i].function), "%s", function);
		++*n;
	}
	all[i].ours.truncated += spot->ours.truncated;
	all[i].ours.wrong += spot->ours.wrong;
	all[i].unw.truncated += spot->unw.truncated;
	all[i].unw.wrong += spot->unw.wrong;
}

static void say(struct stepper_windows *windows, const struct by_function *all, unsigned n)
{
	size_t at = 0;

	for (unsigned i = 0; i < n && at < sizeof(windows->text); i++)
		at += (size_t)snprintf(windows->text + at, sizeof(windows->text) - at,
		                       "%s%s %lu/%lu", at ? ", " : "", all[i].function,
		                       (unsigned long)all[i].ours.truncated,
		                       (unsigned long)all[i].ours.wrong);
}

void stepper_name(const struct stepper_score *score, struct stepper_windows *windows)
{
	static struct by_function all[40];
	unsigned n = 0;

	memset(windows, 0, sizeof(*windows));
	windows->named = true;
	for (uint64_t i = 0; i < score->n_spots; i++) {
		const struct stepper_spot *spot = &score->spots[i];
		struct name name;

		if (!spot->ours.truncated && !spot->ours.wrong)
			continue;
		name_of(spot->pc, &name);
		if (is_installing(&name, spot->caller))
			snprintf(name.function, sizeof(name.function), "uw_install_context");
		windows->named &= name.known;
		add_function(all, &n, 40, name.function, spot);
		if (is_window(name.function)) {
			windows->n_truncated += spot->ours.truncated;
			windows->n_wrong += spot->ours.wrong;
		} else if (!*windows->stray) {
			struct name instead;

			name_of(spot->instead, &instead);
			snprintf(windows->stray, sizeof(windows->stray),
			         "%.60s at %.90s, stop %lu, frame %lu %.90s", name.function,
			         name.where, (unsigned long)spot->stop, (unsigned long)spot->frame,
			         instead.where);
		}
	}
	say(windows, all, n);
}
