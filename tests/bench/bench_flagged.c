/* bench_flagged.c - what a flagged request costs: to begin and end, a tick, our thread, the disk;
 * with the word "first" just what the first one of a process costs.
 *
 * Room: tests.  Run under LD_PRELOAD with REQPROF_DIR an empty directory and the gate wide open.
 * The process serves itself; the numbers of the ticks come from the sessions it left.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include "store/catalog.h"
#include "store/format.h"
#include "store/reader.h"
#include "tests/bench/burn.h"
#include "tests/bench/self.h"

enum {
	N_TRIVIAL = 300, /* pairs of requests that do nothing */
	N_BURNS = 11,    /* pairs of requests that burn, each depth */
	N_DEPTHS = 3,
	BURN_NS = 60000000,  /* 600 ticks of 100 us */
	LONG_NS = 250000000, /* 2500 */
	SETTLE_NS = 3000000,
	N_PATHS = 64, /* distinct stacks of the long request */
	N_RECORD_KINDS = 20,
};
static const unsigned depths[N_DEPTHS] = {10, 30, 100};

static struct self s;
static double turns_per_ns;

static void pause_ns(long ns)
{
	struct timespec t = {0, ns};

	nanosleep(&t, NULL);
}

/* ---- work ---------------------------------------------------------------------------------- */

/* Each bit of PATH says through which of two functions the next frame goes. */
static void left(unsigned frames, unsigned path, unsigned long turns);

static __attribute__((noinline)) void right(unsigned frames, unsigned path, unsigned long turns)
{
	if (frames)
		(path & 1 ? left : right)(frames - 1, path >> 1, turns);
	else
		burn(turns);
	burn_sink++;
}

static __attribute__((noinline)) void left(unsigned frames, unsigned path, unsigned long turns)
{
	if (frames)
		(path & 1 ? left : right)(frames - 1, path >> 1, turns);
	else
		burn(turns);
	burn_sink += 2;
}

/* ---- requests ------------------------------------------------------------------------------ */

struct cost {
	double wall_ns, cpu_ns, others_cpu_ns;
};

static double others_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID) - clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

/* One request whose handler goes down DEPTH frames N_TIMES, and burns WORK_NS in all. */
static struct cost serve(bool flagged, const char *name, unsigned depth, double work_ns,
                         unsigned n_times)
{
	char head[256];
	struct cost cost;
	double others_ns = others_cpu_ns();

	snprintf(head, sizeof(head), "GET /%s/%u HTTP/1.1\r\nHost: self\r\n%s: interval=%s\r\n\r\n",
	         name, depth, flagged ? "X-Reqprof" : "X-Nothing", work_ns > 0 ? "100us" : "1ms");
	send_whole(s.client, head);
	double wall_ns = now_ns(), cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	take_some(s.server);
	for (unsigned i = 0; i < n_times; i++)
		left(depth, i % N_PATHS * 2654435761u,
		     (unsigned long)(work_ns * turns_per_ns / n_times));
	send_whole(s.server, SMALL_RESPONSE);
	cost.cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns;
	cost.wall_ns = now_ns() - wall_ns;
	take_some(s.client);
	pause_ns(work_ns > 0 ? 20 * SETTLE_NS : SETTLE_NS);
	cost.others_cpu_ns = others_cpu_ns() - others_ns;
	return cost;
}

static void serve_pair(int i, struct cost cost[2], const char *name, unsigned depth, double work_ns)
{
	for (int turn = 0; turn < 2; turn++) {
		int which = (i ^ turn) & 1;

		cost[which] = serve(which == 0, name, depth, work_ns, 1);
	}
}

static void measure_first(void)
{
	double without_ns = serve(false, "first", 0, 0, 1).wall_ns;

	say_more("the first flagged request of a process", "us", "-",
	         serve(true, "first", 0, 0, 1).wall_ns / 1e3, without_ns / 1e3);
}

static void measure_trivial(void)
{
	struct cost cost[2];

	for (int i = 0; i < N_TRIVIAL; i++) {
		serve_pair(i, cost, "trivial", 0, 0);
		say_more("begin and end of a flagged request", "us", "-", cost[0].wall_ns / 1e3,
		         cost[1].wall_ns / 1e3);
		say_more("the same, CPU of our own thread", "us", "-", cost[0].others_cpu_ns / 1e3,
		         cost[1].others_cpu_ns / 1e3);
	}
}

/* ---- sessions ------------------------------------------------------------------------------ */

struct told {
	double ticks, handler_ns, samples, stacks;
	double record_bytes[N_RECORD_KINDS], bytes;
};

static bool is_counter(const struct rp_item *item, const char *name)
{
	return item->kind == RP_ITEM_COUNTER && item->counter.name.n == strlen(name) &&
	       memcmp(item->counter.name.at, name, item->counter.name.n) == 0;
}

static void count_items(struct told *told, const char *path)
{
	struct rp_reader *r;
	struct rp_item item;
	struct rp_why why;

	r = rp_reader_open(path, &why);
	if (!r)
		give_up(path);
	while (rp_reader_next(r, &item)) {
		told->samples += item.kind == RP_ITEM_SAMPLE;
		told->stacks += item.kind == RP_ITEM_STACK;
		if (is_counter(&item, "ticks"))
			told->ticks = (double)item.counter.value;
		else if (is_counter(&item, "overhead_ns"))
			told->handler_ns = (double)item.counter.value;
	}
	rp_reader_close(r);
}

/* FORMAT.md section 3: what each kind of record takes of the file, frames of records included. */
static void count_bytes(struct told *told, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	const unsigned char *at;

	if (fd < 0 || fstat(fd, &st) != 0)
		give_up(path);
	at = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (at == MAP_FAILED)
		give_up(path);
	for (size_t i = 64; i + 12 <= (size_t)st.st_size;) {
		uint32_t n;

		memcpy(&n, at + i, sizeof(n));
		told->record_bytes[at[i + 4] % N_RECORD_KINDS] += n + 12;
		i += n + 12;
	}
	told->bytes = (double)st.st_size;
	munmap((void *)(uintptr_t)at, (size_t)st.st_size);
	close(fd);
}

/* The session at place I of those whose name has WORD. */
static bool find_session(const struct rp_catalog *c, const char *word, int i, struct told *told)
{
	for (size_t at = 0; at < c->n; at++)
		if (!c->entries[at].part && strstr(c->entries[at].name, word) && i-- == 0) {
			*told = (struct told){0};
			count_items(told, c->entries[at].path);
			count_bytes(told, c->entries[at].path);
			return told->ticks > 0;
		}
	return false;
}

static struct rp_catalog sessions(void)
{
	struct rp_catalog c;
	struct rp_why why;

	pause_ns(200000000);
	if (!rp_catalog_open(&c, NULL, 0, &why) || c.n == 0) {
		fprintf(stderr, "bench_flagged: no session; is it run by bench.sh?\n");
		exit(EXIT_FAILURE);
	}
	return c;
}

/* ---- samples ------------------------------------------------------------------------------- */

static void say_ticks(unsigned depth, const struct cost cost[2], const struct told *told)
{
	char name[64];

	snprintf(name, sizeof(name), "a tick at %u frames, in our handler", depth);
	say_value(name, "us", "-", told->handler_ns / told->ticks / 1e3);
	snprintf(name, sizeof(name), "a tick at %u frames, CPU of the host", depth);
	say_value(name, "us", "<=20", (cost[0].cpu_ns - cost[1].cpu_ns) / told->ticks / 1e3);
	snprintf(name, sizeof(name), "a tick at %u frames, CPU of our thread", depth);
	say_value(name, "us", "-",
	          (cost[0].others_cpu_ns - cost[1].others_cpu_ns) / told->ticks / 1e3);
}

static void measure_ticks(void)
{
	static struct cost cost[N_DEPTHS][N_BURNS][2];

	for (int i = 0; i < N_BURNS; i++)
		for (int d = 0; d < N_DEPTHS; d++)
			serve_pair(i, cost[d][i], "burn", depths[d], BURN_NS);
	struct rp_catalog c = sessions();

	for (int d = 0; d < N_DEPTHS; d++)
		for (int i = 0; i < N_BURNS; i++) {
			char word[32];
			struct told told;

			snprintf(word, sizeof(word), "_burn_%u.", depths[d]);
			if (find_session(&c, word, i, &told))
				say_ticks(depths[d], cost[d][i], &told);
		}
	rp_catalog_close(&c);
}

static void measure_disk(void)
{
	struct told told;

	serve(true, "long", 30, LONG_NS, 2000);
	struct rp_catalog c = sessions();

	if (!find_session(&c, "_long_30.", 0, &told)) {
		fprintf(stderr, "bench_flagged: the long request left no session\n");
		exit(EXIT_FAILURE);
	}
	rp_catalog_close(&c);
	fprintf(stderr, "session of %.0f samples, %.0f nodes of stacks: %.0f bytes\n", told.samples,
	        told.stacks, told.bytes);
	say_value("bytes a sample, its own records", "B", "<=8",
	          told.record_bytes[RP_ITEM_SAMPLE] / told.samples);
	say_value("bytes a node of the tree of stacks", "B", "-",
	          told.record_bytes[RP_ITEM_STACK] / told.stacks);
	say_value("bytes of all other records and the head", "B", "-",
	          told.bytes - told.record_bytes[RP_ITEM_SAMPLE] -
	                  told.record_bytes[RP_ITEM_STACK]);
	say_value("bytes a sample, the whole file", "B", "-", told.bytes / told.samples);
}

int main(int argc, char **argv)
{
	s = self_open_tcp();
	measure_first();
	if (argc == 2 && strcmp(argv[1], "first") == 0)
		return EXIT_SUCCESS;
	turns_per_ns = burn_turns_per_ns();
	measure_trivial();
	measure_ticks();
	measure_disk();
	return EXIT_SUCCESS;
}
