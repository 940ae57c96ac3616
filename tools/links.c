/* links.c - see links.h.  Room: tools.  SPDX-License-Identifier: MIT */
#include "tools/links.h"

#include <stdlib.h>
#include <string.h>
#include "tools/memory.h"
#include "tools/times.h"

enum { TRACE_AT = 3, TRACE_BYTES = 32, MS = 1000000 };

static char *copy_of(const char *text)
{
	size_t n = strlen(text);

	return memcpy(rp_memory_zero(n + 1, 1), text, n);
}

/* "00-<trace>-<span>-<flags>"; empty: there is none. */
static struct rp_slice trace_of(const struct rp_recording *r)
{
	struct rp_slice t = r->request.traceparent;

	if (t.n < TRACE_AT + TRACE_BYTES)
		return (struct rp_slice){"", 0};
	return (struct rp_slice){t.at + TRACE_AT, TRACE_BYTES};
}

static const struct rp_rec_link *own_link(const struct rp_recording *r)
{
	for (size_t i = 0; i < r->n_links; i++)
		if (!r->links[i].asked)
			return &r->links[i];
	return NULL;
}

static bool is_unix(struct rp_slice address)
{
	return address.n >= 4 && memcmp(address.at, "unix", 4) == 0;
}

/* Where PARENT asked on the connection that CHILD came on. */
static const struct rp_rec_link *connection(const struct rp_recording *parent,
                                            const struct rp_recording *child, uint64_t came_ns)
{
	const struct rp_rec_link *own = own_link(child), *found = NULL;

	for (size_t i = 0; own && i < parent->n_links; i++) {
		const struct rp_rec_link *l = &parent->links[i];

		if (!l->asked || l->at_ns > came_ns || !rp_slice_same(l->remote, own->local))
			continue;
		if (is_unix(own->local) ? own->pid == parent->head.pid
		                        : rp_slice_same(l->local, own->remote))
			found = l;
	}
	return found;
}

static enum rp_link_how judge(const struct rp_recording *parent, const struct rp_recording *child,
                              const struct rp_rec_link **by)
{
	struct rp_slice trace = trace_of(parent), of_child = trace_of(child);
	const struct rp_rec_link *to = own_link(parent), *own = own_link(child);
	uint64_t first_ns, last_ns, came_ns, over_ns;

	rp_times_span(parent, &first_ns, &last_ns);
	rp_times_span(child, &came_ns, &over_ns);
	if (parent == child || came_ns < first_ns || came_ns > last_ns ||
	    (trace.n && of_child.n && !rp_slice_same(trace, of_child)))
		return RP_LINK_NONE;
	*by = connection(parent, child, came_ns);
	if (trace.n && of_child.n && (*by || !to || !own || !rp_slice_same(to->local, own->local)))
		return RP_LINK_TRACE;
	return *by ? RP_LINK_CONNECTION : RP_LINK_NONE;
}

enum rp_link_how rp_links_judge(const struct rp_recording *parent, const struct rp_recording *child)
{
	const struct rp_rec_link *by = NULL;

	return judge(parent, child, &by);
}

/* ---- all that ran meanwhile ---- */

struct meanwhile {
	char **paths;
	struct rp_recording **all; /* the first is the one that was asked for */
	size_t n;
};

static void add(struct meanwhile *m, const char *path, struct rp_recording *r)
{
	m->paths = rp_memory_grow(m->paths, m->n, sizeof(*m->paths));
	m->all = rp_memory_grow(m->all, m->n, sizeof(struct rp_recording *));
	m->paths[m->n] = copy_of(path);
	m->all[m->n++] = r;
}

static const char *name_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool is_there(const struct meanwhile *m, const char *name)
{
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(name_of(m->paths[i]), name) == 0)
			return true;
	return false;
}

/* Names have milliseconds. */
static void look_in(struct meanwhile *m, const struct rp_catalog *catalog)
{
	const struct rp_recording *asked = m->all[0];
	uint64_t first_ns, last_ns, from_ns = asked->head.began_wall_ns;

	rp_times_span(asked, &first_ns, &last_ns);
	for (size_t i = 0; i < catalog->n; i++) {
		const struct rp_entry *e = &catalog->entries[i];
		struct rp_why why;

		if (e->wall_ns + 2 * MS < from_ns ||
		    e->wall_ns > from_ns + (last_ns - first_ns) + 2 * MS || is_there(m, e->name))
			continue;
		struct rp_recording *r = rp_recording_open(e->path, &why);

		if (r)
			add(m, e->path, r);
	}
}

static void look_around(struct meanwhile *m, const char *path)
{
	char *folder = copy_of(path);
	char *slash = strrchr(folder, '/');
	struct rp_catalog catalog;
	struct rp_why why;

	if (slash)
		*slash = 0;
	const char *dirs[] = {slash ? (*folder ? folder : "/") : "."};

	for (size_t n = 0; n < 2; n++)
		if (rp_catalog_open(&catalog, n ? dirs : NULL, n, &why)) {
			look_in(m, &catalog);
			rp_catalog_close(&catalog);
		}
	free(folder);
}

static void forget(struct meanwhile *m)
{
	for (size_t i = 0; i < m->n; i++) {
		rp_recording_close(m->all[i]);
		free(m->paths[i]);
	}
	free(m->all);
	free(m->paths);
}

/* ---- who asked whom ---- */

struct origin {
	size_t parent;
	enum rp_link_how how;
	const struct rp_rec_link *by;
	uint64_t span_ns; /* of the parent */
};

/* A connection says more than a trace that several share; of those the closest one asked. */
static bool is_better(const struct origin *a, const struct origin *b)
{
	if (!a->how || !b->how)
		return a->how != RP_LINK_NONE;
	if (!a->by != !b->by)
		return a->by != NULL;
	return a->span_ns < b->span_ns;
}

static struct origin origin_of(const struct meanwhile *m, size_t child)
{
	struct origin best = {.how = RP_LINK_NONE};

	for (size_t i = 0; i < m->n; i++) {
		struct origin one = {.parent = i};
		uint64_t first_ns, last_ns;

		rp_times_span(m->all[i], &first_ns, &last_ns);
		one.span_ns = last_ns - first_ns;
		one.how = judge(m->all[i], m->all[child], &one.by);
		if (one.how && is_better(&one, &best))
			best = one;
	}
	return best;
}

static void take(struct rp_links *links, const struct meanwhile *m, size_t which, size_t parent,
                 const struct origin *origin)
{
	links->sessions = rp_memory_grow(links->sessions, links->n, sizeof(*links->sessions));
	struct rp_linked *l = &links->sessions[links->n++];
	size_t n = origin->by ? origin->by->remote.n : 0;

	*l = (struct rp_linked){.path = copy_of(m->paths[which]),
	                        .parent = parent,
	                        .how = origin->how};
	n = n < sizeof(l->remote) ? n : sizeof(l->remote) - 1;
	if (n)
		memcpy(l->remote, origin->by->remote.at, n);
}

/* Parents stand before their children: the list grows while it is walked. */
static void gather(struct rp_links *links, const struct meanwhile *m)
{
	size_t *which = rp_memory_zero(m->n, sizeof(*which)); /* by place in the list */
	struct origin *origins = rp_memory_zero(m->n, sizeof(*origins));

	for (size_t i = 1; i < m->n; i++)
		origins[i] = origin_of(m, i);
	take(links, m, 0, 0, &origins[0]);
	for (size_t at = 0; at < links->n; at++)
		for (size_t i = 1; i < m->n; i++)
			if (origins[i].how && origins[i].parent == which[at] && links->n < m->n) {
				which[links->n] = i;
				take(links, m, i, at, &origins[i]);
			}
	free(origins);
	free(which);
}

bool rp_links_find(struct rp_links *links, const char *path, struct rp_why *why)
{
	struct meanwhile m = {0};
	struct rp_recording *asked = rp_recording_open(path, why);

	*links = (struct rp_links){0};
	if (!asked)
		return false;
	add(&m, path, asked);
	look_around(&m, path);
	gather(links, &m);
	forget(&m);
	return true;
}

void rp_links_free(struct rp_links *links)
{
	for (size_t i = 0; i < links->n; i++)
		free(links->sessions[i].path);
	free(links->sessions);
	*links = (struct rp_links){0};
}
