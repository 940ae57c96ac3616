/* handmade.c - see handmade.h.  SPDX-License-Identifier: MIT */
#include "tests/support/handmade.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096, MOST_DEPTH = 4096, MOST_SESSIONS = 256 };

/* All names of one profile; begun anew by handmade_make. */
static char names[1 << 18];
static size_t n_names;

static char *copy(const char *text, size_t n)
{
	char *at = names + n_names;

	if (n_names + n + 1 > sizeof(names))
		abort();
	memcpy(at, text, n);
	at[n] = '\0';
	n_names += n + 1;
	return at;
}

static uint32_t function_of(struct rp_profile *p, const char *frame, size_t n)
{
	struct rp_function f = {.file = "/src/app/main.c", .module = "/srv/app"};
	const char *at = memchr(frame, '@', n), *bang = memchr(frame, '!', n);

	f.pseudo = *frame == '[';
	if (f.pseudo)
		at = bang = NULL;
	f.name = copy(frame, at ? (size_t)(at - frame) : bang ? (size_t)(bang - frame) : n);
	if (at)
		f.file = copy(at + 1, n - (size_t)(at + 1 - frame));
	if (bang || f.pseudo)
		f.file = NULL;
	if (f.pseudo)
		f.module = "";
	f.library = bang != NULL;
	char module[256];

	snprintf(module, sizeof(module), "/usr/lib/%.*s.so.6",
	         bang ? (int)(n - (size_t)(bang + 1 - frame)) : 0, bang ? bang + 1 : "");
	for (uint32_t i = 0; i < p->n_functions; i++)
		if (strcmp(p->functions[i].name, f.name) == 0 &&
		    (!at || strcmp(p->functions[i].file, f.file) == 0) &&
		    (!bang || strcmp(p->functions[i].module, module) == 0))
			return i;
	if (bang)
		f.module = copy(module, strlen(module));
	f.line = bang || f.pseudo ? 0 : 10 * ((uint32_t)p->n_functions + 1);
	p->functions[p->n_functions] = f;
	return (uint32_t)p->n_functions++;
}

static uint32_t chain_of(struct rp_profile *p, const char *stack)
{
	uint32_t *functions = calloc(MOST_DEPTH, sizeof(*functions)), n = 0;

	while (*stack) {
		size_t length = strcspn(stack, ";");

		functions[n++] = function_of(p, stack, length);
		stack += length + (stack[length] == ';');
	}
	for (uint32_t i = 0; i < p->n_chains; i++) {
		if (p->chains[i].n == n &&
		    memcmp(p->chains[i].functions, functions, n * sizeof(*functions)) == 0) {
			free(functions);
			return i;
		}
	}
	p->chains[p->n_chains] = (struct rp_chain){functions, n};
	return (uint32_t)p->n_chains++;
}

struct rp_profile *handmade_make(void)
{
	struct rp_profile *p = calloc(1, sizeof(*p));

	n_names = 0;
	p->functions = calloc(MOST, sizeof(*p->functions));
	p->chains = calloc(MOST, sizeof(*p->chains));
	p->points = calloc(MOST, sizeof(*p->points));
	p->workers = calloc(16, sizeof(*p->workers));
	p->sessions = calloc(MOST_SESSIONS, sizeof(*p->sessions));
	p->n_sessions = 1;
	p->sessions[0] = (struct rp_session){
	        .path = "/tmp/x/20261122T174132.123Z-4711-000007-GET-_shop.reqprof",
	        .id = "4711-000007",
	        .method = "GET",
	        .target = "/shop",
	        .host = "localhost",
	        .protocol = "HTTP/1.1",
	        .peer = "127.0.0.1:52110",
	        .local = "127.0.0.1:80",
	        .server = "shopd",
	        .trigger = "query",
	        .tag = "",
	        .traceparent = "",
	        .ended = "complete",
	        .began_wall_ns = 1795369292123000000,
	        .interval_ns = 1000000,
	        .status = 200,
	        .pid = 4711,
	        .n_workers = 1};
	return p;
}

void handmade_next(struct rp_profile *p, uint32_t pid, unsigned seconds)
{
	struct rp_session *s = &p->sessions[p->n_sessions++];
	char id[32];

	if (p->n_sessions > MOST_SESSIONS)
		abort();
	*s = p->sessions[0];
	snprintf(id, sizeof(id), "%u-%06zu", pid, 6 + p->n_sessions);
	s->id = copy(id, strlen(id));
	s->pid = pid;
	s->began_wall_ns += seconds * 1000000000ull;
	s->first_point = p->n_points;
	s->n_points = s->n_samples = s->n_waits = 0;
	s->account = (struct rp_account){0};
}

void handmade_free(struct rp_profile *p)
{
	for (size_t i = 0; i < p->n_chains; i++)
		free((void *)p->chains[i].functions);
	free(p->functions);
	free(p->chains);
	free(p->points);
	free(p->workers);
	free(p->sessions);
	free(p);
}

void handmade_add_on(struct rp_profile *p, unsigned thread, const char *stack, unsigned ms)
{
	struct rp_session *s = &p->sessions[p->n_sessions - 1];
	bool is_wait = strstr(stack, "[wait") != NULL;
	uint64_t ns = ms * 1000000ull;

	while (p->n_workers <= thread) {
		p->workers[p->n_workers] =
		        (struct rp_worker){4711, 4711 + (uint32_t)p->n_workers, "worker"};
		p->n_workers++;
	}
	s->n_workers = (uint32_t)p->n_workers;
	p->points[p->n_points] = (struct rp_point){.chain = chain_of(p, stack),
	                                           .thread = thread,
	                                           .at_ns = p->n_points,
	                                           .wall_ns = ns,
	                                           .cpu_ns = is_wait ? 0 : ns,
	                                           .kind = is_wait ? RP_POINT_WAIT : RP_POINT_TICK};
	p->n_points++;
	s->n_points++;
	s->account.duration_ns += ns;
	*(is_wait ? &s->account.waits_ns : &s->account.cpu_ns) += ns;
	*(is_wait ? &s->n_waits : &s->n_samples) += 1;
	s->account.n_parallel = 1;
}

void handmade_add(struct rp_profile *p, const char *stack, unsigned ms)
{
	handmade_add_on(p, 0, stack, ms);
}
