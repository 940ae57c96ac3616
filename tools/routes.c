/* routes.c - see routes.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/routes.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { UUID_BYTES = 36 };

static bool is_uuid(const char *at, size_t n)
{
	if (n != UUID_BYTES)
		return false;
	for (size_t i = 0; i < n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;

		if (dash ? at[i] != '-' : !isxdigit((unsigned char)at[i]))
			return false;
	}
	return true;
}

static bool is_number(const char *at, size_t n)
{
	return n > 0 && strspn(at, "0123456789") >= n;
}

/* The route into TO, which has room for METHOD, TARGET and two bytes more. */
static void put_name(char *to, const char *method, const char *target)
{
	size_t n_path = strcspn(target, "?#");

	to = stpcpy(to, method);
	*to++ = ' ';
	for (const char *at = target; at < target + n_path;) {
		size_t n = (size_t)(strchrnul(at, '/') - at);

		n = n < (size_t)(target + n_path - at) ? n : (size_t)(target + n_path - at);
		if (is_number(at, n) || is_uuid(at, n))
			*to++ = '*';
		else
			to = mempcpy(to, at, n);
		at += n;
		if (at < target + n_path)
			*to++ = *at++;
	}
	*to = '\0';
}

const char *rp_routes_name(struct rp_heap *heap, const char *method, const char *target)
{
	char *name = rp_heap_take(heap, strlen(method) + strlen(target) + 2);

	put_name(name, method, target);
	return name;
}

static bool same_name(const void *owner, uint32_t number, const void *key)
{
	return strcmp(((const struct rp_route *)owner)[number].name, key) == 0;
}

/* Which route each row is of, by the order in which routes come. */
static void sort_out(struct rp_routes *r, const struct rp_listing *l, uint32_t *route_of)
{
	struct rp_index index = {0};
	char *name = NULL;

	for (size_t i = 0; i < l->n; i++) {
		const struct rp_summary *s = &l->rows[i];
		bool fresh;

		name = rp_memory_resize(name, strlen(s->method) + strlen(s->target) + 2, 1);
		put_name(name, s->method, s->target);
		uint32_t number = rp_index_of(&index, rp_memory_hash(0, name, strlen(name)),
		                              same_name, r->routes, name, &fresh);

		if (fresh) {
			r->routes = rp_memory_grow(r->routes, r->n, sizeof(*r->routes));
			r->routes[r->n++] = (struct rp_route){
			        .name = rp_heap_text(&r->heap, name, strlen(name))};
		}
		r->routes[number].n++;
		route_of[i] = number;
	}
	free(name);
	rp_index_free(&index);
}

static void measure(struct rp_route *route)
{
	double *durations = rp_memory_zero(route->n, sizeof(*durations));
	double *cpu = rp_memory_zero(route->n, sizeof(*cpu));

	route->slowest = route->latest = route->rows[0];
	for (size_t i = 0; i < route->n; i++) {
		const struct rp_summary *s = route->rows[i];

		durations[i] = (double)s->duration_ns;
		cpu[i] = (double)s->cpu_ns;
		route->total_ns += durations[i];
		if (s->duration_ns > route->slowest->duration_ns)
			route->slowest = s;
		if (s->entry->wall_ns > route->latest->entry->wall_ns)
			route->latest = s;
	}
	route->duration_ns = rp_spread_plain(durations, route->n);
	route->cpu_ns = rp_spread_plain(cpu, route->n);
	free(durations);
	free(cpu);
}

void rp_routes_make(struct rp_routes *r, const struct rp_listing *l)
{
	uint32_t *route_of = rp_memory_zero(l->n, sizeof(*route_of));

	*r = (struct rp_routes){0};
	sort_out(r, l, route_of);
	for (size_t i = 0; i < r->n; i++) {
		r->routes[i].rows = rp_memory_zero(r->routes[i].n, sizeof(*r->routes[i].rows));
		r->routes[i].n = 0;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct rp_route *route = &r->routes[route_of[i]];

		route->rows[route->n++] = &l->rows[i];
	}
	for (size_t i = 0; i < r->n; i++)
		measure(&r->routes[i]);
	free(route_of);
}

void rp_routes_free(struct rp_routes *r)
{
	for (size_t i = 0; i < r->n; i++)
		free(r->routes[i].rows);
	free(r->routes);
	rp_heap_free(&r->heap);
	*r = (struct rp_routes){0};
}

#define KEY(name, value)                                                                           \
	static double name(const struct rp_route *r)                                               \
	{                                                                                          \
		return (double)(value);                                                            \
	}
KEY(count_of, r->n)
KEY(median_of, r->duration_ns.median)
KEY(p95_of, r->duration_ns.p95)
KEY(slowest_of, r->slowest->duration_ns)
KEY(total_of, r->total_ns)
KEY(time_of, r->latest->entry->wall_ns)
#undef KEY

static int most_first(const void *a, const void *b, void *key)
{
	double (*const *of)(const struct rp_route *) = key;
	const struct rp_route *x = a, *y = b;
	double left = (*of)(x), right = (*of)(y);

	return left != right ? (left > right ? -1 : 1) : strcmp(x->name, y->name);
}

bool rp_routes_sort(struct rp_routes *r, const char *key)
{
	static const struct {
		const char *name;
		double (*of)(const struct rp_route *r);
	} keys[] = {{"count", count_of},     {"median", median_of}, {"p95", p95_of},
	            {"slowest", slowest_of}, {"total", total_of},   {"time", time_of}};

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		if (strcmp(keys[i].name, key) != 0)
			continue;
		qsort_r(r->routes, r->n, sizeof(*r->routes), most_first, (void *)&keys[i].of);
		return true;
	}
	return false;
}
