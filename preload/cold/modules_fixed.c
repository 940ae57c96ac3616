/* modules_fixed.c - see modules_fixed.h.
 *
 * Room: cold.  The loader does not tell what it began with, nor can anybody count before a
 * constructor of another library has opened more.  But it appends to its list, so the first module
 * that answers to a name which the main program needs, itself or through others, was there then.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules_fixed.h"

#include <string.h>
#include "preload/cold/modules_list.h"
#include "store/records.h"

uint64_t rp_dynamic_value(const struct dl_phdr_info *info, uint64_t dynamic, int64_t tag,
                          rp_readable_fn *readable)
{
	const ElfW(Dyn) *at = (const void *)(uintptr_t)dynamic;
	size_t n = readable(info, dynamic) / sizeof(*at);

	for (size_t i = 0; i < n && at[i].d_tag != DT_NULL; i++)
		if (at[i].d_tag == tag)
			return at[i].d_un.d_val;
	return 0;
}

/* A name of the string table, copied; NULL: it is not all there, or no memory. */
static const char *name_at(const char *strings, size_t n, uint64_t at, struct rp_chunks *pool)
{
	if (at >= n || !memchr(strings + at, 0, n - at))
		return NULL;
	return rp_chunks_text(pool, strings + at);
}

static void need_add(struct rp_needs *needs, const char *name, struct rp_chunks *pool)
{
	struct rp_need *need = name ? rp_chunks_take(pool, sizeof(*need)) : NULL;

	if (!need)
		return;
	*need = (struct rp_need){.next = needs->first, .name = name};
	needs->first = need;
}

/* The loader makes addresses of what the file has as offsets, where it may write. */
static uint64_t strings_at(const struct dl_phdr_info *info, uint64_t value,
                           rp_readable_fn *readable)
{
	return readable(info, value) ? value : info->dlpi_addr + value;
}

void rp_needs_read(struct rp_needs *needs, const struct dl_phdr_info *info, uint64_t dynamic,
                   rp_readable_fn *readable, struct rp_chunks *pool)
{
	const ElfW(Dyn) *at = (const void *)(uintptr_t)dynamic;
	size_t n = readable(info, dynamic) / sizeof(*at);
	uint64_t strings =
	        strings_at(info, rp_dynamic_value(info, dynamic, DT_STRTAB, readable), readable);
	size_t n_strings = rp_dynamic_value(info, dynamic, DT_STRSZ, readable);

	if (readable(info, strings) < n_strings)
		return;
	for (size_t i = 0; i < n && at[i].d_tag != DT_NULL; i++) {
		const char *text = (const char *)(uintptr_t)strings;

		if (at[i].d_tag == DT_SONAME)
			needs->soname = name_at(text, n_strings, at[i].d_un.d_val, pool);
		else if (at[i].d_tag == DT_NEEDED)
			need_add(needs, name_at(text, n_strings, at[i].d_un.d_val, pool), pool);
	}
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool answers_to(const struct rp_listed *l, const char *name)
{
	return (l->needs.soname && strcmp(l->needs.soname, name) == 0) ||
	       strcmp(last_part(l->name), last_part(name)) == 0;
}

static void follow(struct rp_list *list, struct rp_needs *needs)
{
	needs->followed = true;
	for (const struct rp_need *need = needs->first; need; need = need->next) {
		struct rp_listed *l = list->first;

		while (l && !answers_to(l, need->name))
			l = l->next;
		if (l)
			l->needs.reached = true;
	}
}

/* One pass over the list; true when it found more to follow. */
static bool follow_all(struct rp_list *list)
{
	bool more = false;

	for (struct rp_listed *l = list->first; l; l = l->next)
		if (l->needs.reached && !l->needs.followed) {
			follow(list, &l->needs);
			more = true;
		}
	return more;
}

void rp_fixed_mark(struct rp_list *list)
{
	struct rp_listed *last = list->first;

	for (struct rp_listed *l = list->first; l; l = l->next)
		l->fixed = l->module.flags & RP_MODULE_VDSO;
	if (!last || !(last->module.flags & RP_MODULE_MAIN))
		return;
	last->needs.reached = true;
	while (follow_all(list))
		;
	for (struct rp_listed *l = last; l; l = l->next)
		last = l->needs.reached ? l : last;
	for (struct rp_listed *l = list->first; l != last; l = l->next)
		l->fixed = true;
	last->fixed = true;
}
