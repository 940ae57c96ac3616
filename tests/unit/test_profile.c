/* test_profile.c - a session written by the real writer, joined with the symbols of this very
 * program.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "store/why.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"
#include "tests/support/written.h"
#include "tools/profile.h"

enum { MS = 1000000, T0 = 500 * MS };

/* Code to point at: known names in a known file, never called. */
int profile_outer(int x);
int profile_inner(int x);

__attribute__((noinline)) int profile_inner(int x)
{
	return x * 3 + 1;
}

__attribute__((noinline)) int profile_outer(int x)
{
	return profile_inner(x) + profile_inner(x + 1);
}

/* The ELF address of FUNCTION of this program, one byte in: as a return address would be. */
static uint64_t vaddr_of(int (*function)(int))
{
	Dl_info info;

	ck_assert(dladdr((void *)function, &info) != 0);
	return (uint64_t)((uintptr_t)function - (uintptr_t)info.dli_fbase) + 1;
}

static void put_stack(uint32_t stack, uint32_t parent, uint32_t module, uint64_t pc, bool exact)
{
	written_put((struct rp_item){.kind = RP_ITEM_STACK,
	                             .stack = {stack, parent, module, pc, exact}});
}

static void put_sample(uint32_t stack, uint64_t at_ns, uint64_t weight, uint64_t cpu_ns,
                       uint32_t edge)
{
	written_put((struct rp_item){.kind = RP_ITEM_SAMPLE,
	                             .sample = {.stack = stack,
	                                        .at_ns = at_ns,
	                                        .weight = weight,
	                                        .cpu_ns = cpu_ns,
	                                        .edge = edge}});
}

static void put_segment(uint64_t begin_ns, uint64_t end_ns, uint64_t cpu_ns, uint64_t runq_ns)
{
	written_put((struct rp_item){.kind = RP_ITEM_SEGMENT,
	                             .segment = {.begin_ns = begin_ns,
	                                         .end_ns = end_ns,
	                                         .cpu_ns = cpu_ns,
	                                         .runq_ns = runq_ns}});
}

static void put_wait(uint32_t kind, uint32_t object, uint64_t at_ns, uint64_t span_ns,
                     uint64_t cpu_ns)
{
	written_put((struct rp_item){.kind = RP_ITEM_WAIT,
	                             .wait = {.stack = 2,
	                                      .kind = kind,
	                                      .object = object,
	                                      .at_ns = at_ns,
	                                      .span_ns = span_ns,
	                                      .cpu_ns = cpu_ns}});
}

/* Stacks: 1 main > 2 outer > 3 inner > 4 the shim; 5 truncated > 6 inner. */
static void begin_session(void)
{
	written_begin(T0, 4711);
	written_put((struct rp_item){.kind = RP_ITEM_REQUEST,
	                             .request = {.method = rp_slice_of("GET"),
	                                         .target = rp_slice_of("/x"),
	                                         .server = rp_slice_of("shopd"),
	                                         .interval_ns = MS,
	                                         .pid = 4711}});
	written_put((struct rp_item){.kind = RP_ITEM_THREAD,
	                             .thread = {0, 4712, rp_slice_of("worker")}});
	written_put((struct rp_item){.kind = RP_ITEM_MODULE,
	                             .module = {.module = 1,
	                                        .flags = RP_MODULE_MAIN,
	                                        .size = 1 << 20,
	                                        .path = rp_slice_of("/proc/self/exe")}});
	written_put((struct rp_item){.kind = RP_ITEM_MODULE,
	                             .module = {.module = 2,
	                                        .flags = RP_MODULE_SHIM,
	                                        .size = 1 << 20,
	                                        .path = rp_slice_of("/nowhere/libreqprof.so")}});
	put_stack(1, 0, 1, vaddr_of(profile_outer), false);
	put_stack(2, 1, 1, vaddr_of(profile_inner), false);
	put_stack(3, 2, 2, 0x100, false);
	put_stack(4, 0, 0, RP_STOP_DEPTH, false);
	put_stack(5, 4, 1, vaddr_of(profile_inner) - 1, true);
	written_put((struct rp_item){.kind = RP_ITEM_OBJECT,
	                             .object = {1, rp_slice_of("tcp 127.0.0.1:5432")}});
}

/* Spots tell the same stacks as chains, and where in each function. */
static void expect_spots(const struct rp_profile *p)
{
	for (size_t i = 0; i < p->n_points; i++) {
		const struct rp_chain *chain = &p->chains[p->points[i].chain];
		uint32_t at = p->points[i].spot, n = chain->n;

		for (; at && n > 0; at = p->spots[at - 1].caller) {
			const struct rp_spot *spot = &p->spots[at - 1];

			ck_assert_uint_eq(spot->function, chain->functions[--n]);
			ck_assert_uint_lt(spot->caller, at);
			ck_assert(p->functions[spot->function].pseudo == !spot->module);
			if (spot->module)
				ck_assert_str_eq(p->modules[spot->module - 1].path,
				                 p->functions[spot->function].module);
		}
		ck_assert_uint_eq(at, 0);
		ck_assert_uint_eq(n, 0);
	}
}

static struct rp_profile open_session(bool end)
{
	struct rp_profile p = written_open(end);

	expect_spots(&p);
	return p;
}

/* "a;b;c" of point I. */
static const char *stack_text(const struct rp_profile *p, size_t i)
{
	static char text[512];
	const struct rp_chain *chain = &p->chains[p->points[i].chain];

	text[0] = '\0';
	for (uint32_t k = 0; k < chain->n; k++) {
		if (k)
			strcat(text, ";");
		strcat(text, p->functions[chain->functions[k]].name);
	}
	return text;
}

START_TEST(stacks_get_their_names_and_lose_the_shim)
{
	begin_session();
	put_segment(T0, T0 + 10 * MS, 6 * MS, MS);
	put_sample(3, T0 + MS, 3, 2 * MS, RP_EDGE_TICK);
	put_sample(5, T0 + 2 * MS, 1, MS, RP_EDGE_TICK);
	struct rp_profile p = open_session(true);

	ck_assert_uint_eq(p.n_points, 2);
	ck_assert_str_eq(stack_text(&p, 0), "profile_outer;profile_inner");
	ck_assert_str_eq(stack_text(&p, 1), "[truncated: deeper than max_frames];profile_inner");
	ck_assert_uint_eq(p.points[0].wall_ns, 3 * MS);
	ck_assert_uint_eq(p.points[1].wall_ns, MS);
	/* Both ticks found the thread running: they share the exact clock's 6 ms. */
	ck_assert_uint_eq(p.points[0].cpu_ns, 3 * MS);
	ck_assert_uint_eq(p.points[1].cpu_ns, 3 * MS);
	const struct rp_function *f = &p.functions[p.chains[p.points[0].chain].functions[0]];

	ck_assert(f->file && strstr(f->file, "test_profile.c"));
	ck_assert_uint_gt(f->line, 0);
	const struct rp_spot *leaf = &p.spots[p.points[0].spot - 1];

	ck_assert_uint_ge(leaf->line, p.functions[leaf->function].line);
	ck_assert_uint_eq(leaf->vaddr + 1, vaddr_of(profile_inner));
	ck_assert(!f->library);
	ck_assert_ptr_null(p.sessions[0].why);
	ck_assert_uint_eq(p.sessions[0].n_samples, 2);
	rp_profile_close(&p);
}
END_TEST

START_TEST(a_wait_is_a_frame_and_its_cpu_is_not)
{
	begin_session();
	put_wait(RP_WAIT_RECV, 1, T0 + MS, 9 * MS, 2 * MS);
	put_segment(T0, T0 + 12 * MS, 2 * MS, 0);
	struct rp_profile p = open_session(true);

	ck_assert_uint_eq(p.n_points, 2);
	ck_assert_str_eq(stack_text(&p, 0),
	                 "profile_outer;profile_inner;[wait: recv tcp 127.0.0.1:5432]");
	ck_assert_uint_eq(p.points[0].wall_ns, 7 * MS);
	ck_assert_uint_eq(p.points[0].cpu_ns, 0);
	ck_assert_str_eq(stack_text(&p, 1), "profile_outer;profile_inner");
	ck_assert_uint_eq(p.points[1].wall_ns, 2 * MS);
	ck_assert_uint_eq(p.points[1].cpu_ns, 2 * MS);
	ck_assert_uint_eq(p.n_waits, 1);
	ck_assert_str_eq(p.waits[0].kind, "recv");
	ck_assert_str_eq(p.waits[0].object, "tcp 127.0.0.1:5432");
	rp_profile_close(&p);
}
END_TEST

START_TEST(a_segment_without_a_tick_is_shared_out_over_its_edges)
{
	begin_session();
	put_segment(T0, T0 + 900001, 300000, 0);
	put_sample(2, T0, 0, 0, RP_EDGE_BEGIN);
	put_sample(5, T0 + 900001, 0, 0, RP_EDGE_END);
	put_wait(RP_WAIT_RECV, 0, T0 + 100, 400000, 0);
	struct rp_profile p = open_session(true);

	ck_assert_uint_eq(p.n_points, 3);
	ck_assert_uint_eq(p.points[0].wall_ns, 250000);
	ck_assert_uint_eq(p.points[1].wall_ns, 250001); /* the parts sum up to the rest */
	ck_assert_uint_eq(p.points[0].cpu_ns + p.points[1].cpu_ns, 300000);
	ck_assert_str_eq(stack_text(&p, 2), "profile_outer;profile_inner;[wait: recv]");
	ck_assert_uint_eq(p.sessions[0].n_without_tick, 1);
	rp_profile_close(&p);
}
END_TEST

/* Of 100 ms, with ten short waits in them. */
static void begin_100_ms(void)
{
	begin_session();
	written_put((struct rp_item){.kind = RP_ITEM_PHASES,
	                             .phases = {RP_NEVER, T0, T0 + MS, RP_NEVER, RP_NEVER,
	                                        T0 + 100 * MS}});
	written_put((struct rp_item){.kind = RP_ITEM_SHORT_WAITS,
	                             .short_waits = {RP_WAIT_READ, 10, 3 * MS, MS}});
}

START_TEST(the_account_adds_up)
{
	begin_100_ms();
	put_segment(T0, T0 + 40 * MS, 20 * MS, 3 * MS);
	put_segment(T0 + 50 * MS, T0 + 90 * MS, 10 * MS, 0);
	put_wait(RP_WAIT_SLEEP, 0, T0 + 5 * MS, 15 * MS, MS);
	struct rp_profile p = open_session(true);
	const struct rp_account *a = &p.sessions[0].account;

	ck_assert_uint_eq(a->duration_ns, 100 * MS);
	ck_assert_uint_eq(a->cpu_ns, 30 * MS);
	/* No sample saw the 3 ms without a CPU: they were the wait's, over but not awake. */
	ck_assert_uint_eq(a->waits_ns, 13 * MS);
	ck_assert_uint_eq(a->not_running_ns, 3 * MS);
	ck_assert_uint_eq(a->idle_ns, 20 * MS);
	ck_assert_int_eq(a->unexplained_ns, 34 * MS);
	ck_assert_uint_eq(a->n_parallel, 1);
	/* One thread after the other: the wall is the sum. */
	ck_assert_uint_eq(a->wall.ns[RP_PART_CPU], a->cpu_ns);
	ck_assert_uint_eq(a->wall.ns[RP_PART_WAITS], a->waits_ns);
	ck_assert_uint_eq(a->wall.ns[RP_PART_NOT_RUNNING], a->not_running_ns);
	ck_assert_uint_eq(a->wall.ns[RP_PART_IDLE], a->idle_ns);
	ck_assert_uint_eq(a->wall.ns[RP_PART_CLIENT], 0);
	ck_assert_int_eq(a->wall.unexplained_ns, a->unexplained_ns);
	rp_profile_close(&p);
}
END_TEST

/* Of a request that nobody flagged: waits are known from its first moment on, CPU is not. */
START_TEST(what_was_not_measured_is_a_part_of_its_own)
{
	begin_100_ms();
	put_segment(T0, T0 + 20 * MS, RP_NEVER, RP_NEVER);
	put_segment(T0 + 20 * MS, T0 + 90 * MS, 30 * MS, 5 * MS);
	put_wait(RP_WAIT_SLEEP, 0, T0 + 5 * MS, 8 * MS, RP_NEVER);
	struct rp_profile p = open_session(true);
	const struct rp_account *a = &p.sessions[0].account;

	ck_assert_uint_eq(a->duration_ns, 100 * MS);
	ck_assert_uint_eq(a->cpu_ns, 30 * MS);
	ck_assert_uint_eq(a->waits_ns, 10 * MS);
	ck_assert_uint_eq(a->unwatched_ns, 12 * MS);
	ck_assert_uint_eq(a->not_running_ns, 5 * MS);
	ck_assert_uint_eq(a->idle_ns, 10 * MS);
	ck_assert_int_eq(a->unexplained_ns, 33 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_UNWATCHED], 12 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_CPU], 30 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_WAITS], 10 * MS); /* short ones lie where it was */
	ck_assert_uint_eq(a->wall.ns[RP_PART_NOT_RUNNING], 5 * MS);
	ck_assert_int_eq(a->wall.unexplained_ns, 33 * MS);
	rp_profile_close(&p);
}
END_TEST

START_TEST(threads_in_parallel_are_accounted_in_lanes)
{
	begin_session();
	written_put((struct rp_item){.kind = RP_ITEM_THREAD,
	                             .thread = {1, 4713, rp_slice_of("other")}});
	put_segment(T0, T0 + 40 * MS, 40 * MS, 0);
	written_put((struct rp_item){.kind = RP_ITEM_SEGMENT,
	                             .segment = {.thread = 1,
	                                         .begin_ns = T0 + 20 * MS,
	                                         .end_ns = T0 + 60 * MS,
	                                         .cpu_ns = 35 * MS}});
	struct rp_profile p = open_session(true);
	const struct rp_account *a = &p.sessions[0].account;

	ck_assert_uint_eq(a->n_parallel, 2);
	ck_assert_uint_eq(a->lane_ns, 80 * MS);
	ck_assert_uint_eq(a->duration_ns, 60 * MS);
	ck_assert_uint_eq(a->idle_ns, 0);
	ck_assert_int_eq(a->unexplained_ns, 5 * MS);
	/* While both work the moment is the first one's, which never stops. */
	ck_assert_uint_eq(a->wall.ns[RP_PART_CPU], 57 * MS + MS / 2);
	ck_assert_int_eq(a->wall.unexplained_ns, 2 * MS + MS / 2);
	rp_profile_close(&p);
}
END_TEST

START_TEST(what_the_client_keeps_waiting_is_the_clients)
{
	begin_session();
	written_put(
	        (struct rp_item){.kind = RP_ITEM_PHASES,
	                         .phases = {RP_NEVER, T0, T0, T0 + 20 * MS, T0, T0 + 100 * MS}});
	written_put((struct rp_item){.kind = RP_ITEM_OBJECT,
	                             .object = {2, rp_slice_of("client tcp 127.0.0.1:4711")}});
	put_segment(T0, T0 + 50 * MS, 0, 0);
	put_wait(RP_WAIT_READ, 2, T0, 10 * MS, 0);
	put_wait(RP_WAIT_POLL, 2, T0 + 10 * MS, 5 * MS, 0);
	put_wait(RP_WAIT_RECV, 1, T0 + 20 * MS, 10 * MS, 0);
	put_wait(RP_WAIT_SEND, 2, T0 + 30 * MS, 20 * MS, 0);
	/* Begins while the thread still works: only what lies in the gap is idle. */
	written_put((struct rp_item){.kind = RP_ITEM_STALL,
	                             .stall = {RP_STALL_READS, T0 + 45 * MS, 25 * MS}});
	struct rp_profile p = open_session(true);
	const struct rp_account *a = &p.sessions[0].account;

	ck_assert_uint_eq(a->wall.ns[RP_PART_CLIENT], 55 * MS);
	ck_assert_uint_eq(a->client_sends_ns, 15 * MS);
	ck_assert_uint_eq(a->client_reads_ns, 40 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_WAITS], 10 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_IDLE], 30 * MS);
	ck_assert_int_eq(a->wall.unexplained_ns, 5 * MS);
	rp_profile_close(&p);
}
END_TEST

START_TEST(parallel_threads_wait_only_when_all_of_them_do)
{
	begin_session();
	written_put((struct rp_item){.kind = RP_ITEM_THREAD,
	                             .thread = {1, 4713, rp_slice_of("other")}});
	put_segment(T0, T0 + 60 * MS, 10 * MS, 4 * MS);
	put_wait(RP_WAIT_JOIN, 0, T0 + 10 * MS, 50 * MS, 0);
	written_put((struct rp_item){.kind = RP_ITEM_SEGMENT,
	                             .segment = {.thread = 1,
	                                         .begin_ns = T0 + 10 * MS,
	                                         .end_ns = T0 + 40 * MS,
	                                         .cpu_ns = 30 * MS}});
	struct rp_profile p = open_session(true);
	const struct rp_account *a = &p.sessions[0].account;

	ck_assert_uint_eq(a->n_parallel, 2);
	ck_assert_uint_eq(a->wall.ns[RP_PART_CPU], 40 * MS);
	ck_assert_uint_eq(a->wall.ns[RP_PART_WAITS] + a->wall.ns[RP_PART_NOT_RUNNING], 20 * MS);
	ck_assert_int_eq(a->wall.unexplained_ns, 0);
	ck_assert_uint_eq(a->waits_ns, 46 * MS);
	rp_profile_close(&p);
}
END_TEST

START_TEST(a_torn_session_is_shown_with_its_reason)
{
	begin_session();
	put_sample(2, T0 + MS, 1, MS, RP_EDGE_TICK);
	struct rp_profile p = open_session(false);

	ck_assert_ptr_nonnull(p.sessions[0].why);
	ck_assert_msg(strstr(p.sessions[0].why, "incomplete") != NULL, "%s", p.sessions[0].why);
	ck_assert_uint_eq(p.n_points, 1);
	ck_assert_uint_eq(p.points[0].wall_ns, MS); /* no segment: as the sample says */
	ck_assert_uint_eq(p.points[0].cpu_ns, MS);
	rp_profile_close(&p);
}
END_TEST

START_TEST(the_same_session_twice_doubles_the_time_and_nothing_else)
{
	struct session_shape shape = session_shape();
	struct rp_profile one, two;
	struct rp_why why = {0};
	char path[] = "/tmp/reqprof-two-XXXXXX", *paths[] = {path, path};

	close(mkstemp(path));
	ck_assert(session_file(path, &shape));
	ck_assert_msg(rp_profile_open(&one, paths, 1, &why), "%s", why.text);
	ck_assert_msg(rp_profile_open(&two, paths, 2, &why), "%s", why.text);
	expect_spots(&two);
	ck_assert_uint_eq(two.n_spots, one.n_spots);
	unlink(path);
	ck_assert_uint_gt(one.n_points, 0);
	ck_assert_uint_eq(two.n_points, 2 * one.n_points);
	ck_assert_uint_eq(two.n_functions, one.n_functions);
	ck_assert_uint_eq(two.n_chains, one.n_chains);
	ck_assert_uint_eq(two.n_workers, one.n_workers);
	ck_assert_uint_eq(two.n_modules, one.n_modules);
	rp_profile_close(&one);
	rp_profile_close(&two);
}
END_TEST

START_TEST(what_is_no_session_is_refused_with_a_sentence)
{
	struct rp_profile p;
	struct rp_why why = {0};
	char *paths[] = {"/proc/self/exe"};

	ck_assert(!rp_profile_open(&p, paths, 1, &why));
	ck_assert_uint_gt(strlen(why.text), 10);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("profile");
	TCase *tcase = tcase_create("all");

	tcase_add_test(tcase, stacks_get_their_names_and_lose_the_shim);
	tcase_add_test(tcase, a_wait_is_a_frame_and_its_cpu_is_not);
	tcase_add_test(tcase, a_segment_without_a_tick_is_shared_out_over_its_edges);
	tcase_add_test(tcase, the_account_adds_up);
	tcase_add_test(tcase, what_was_not_measured_is_a_part_of_its_own);
	tcase_add_test(tcase, threads_in_parallel_are_accounted_in_lanes);
	tcase_add_test(tcase, what_the_client_keeps_waiting_is_the_clients);
	tcase_add_test(tcase, parallel_threads_wait_only_when_all_of_them_do);
	tcase_add_test(tcase, a_torn_session_is_shown_with_its_reason);
	tcase_add_test(tcase, the_same_session_twice_doubles_the_time_and_nothing_else);
	tcase_add_test(tcase, what_is_no_session_is_refused_with_a_sentence);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
