/* test_writer.c - values survive, disks fail, bounds hold.  SPDX-License-Identifier: MIT */
#include "store/writer.h"

#include <errno.h>
#include <string.h>
#include "store/format.h"
#include "store/reader.h"
#include "tests/support/guard.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"

/* A disk in memory that can be told to misbehave. */
static struct {
	uint8_t bytes[4 << 20];
	size_t n, calls, capacity;
	size_t fail_from; /* this call and all later fail; 0: none */
	int error;
	size_t at_most;   /* bytes a call takes; 0: all */
	bool interrupted; /* every other call is EINTR */
} disk;

static ssize_t disk_write(int fd, const void *bytes, size_t n)
{
	ck_assert_int_eq(fd, 7);
	disk.calls++;
	if (disk.interrupted && disk.calls % 2) {
		errno = EINTR;
		return -1;
	}
	if (disk.fail_from && disk.calls >= disk.fail_from) {
		errno = disk.error;
		return -1;
	}
	if (disk.at_most && n > disk.at_most)
		n = disk.at_most;
	if (n > disk.capacity - disk.n)
		n = disk.capacity - disk.n; /* what a full disk does first: a short write */
	if (n == 0) {
		errno = ENOSPC;
		return -1;
	}
	memcpy(disk.bytes + disk.n, bytes, n);
	disk.n += n;
	return (ssize_t)n;
}

static _Alignas(16) uint8_t memory[RP_WRITER_BYTES];

static void disk_clear(void)
{
	memset(&disk, 0, sizeof(disk));
	disk.capacity = sizeof(disk.bytes);
	disk.error = EIO;
}

static struct rp_writer *make(uint64_t max_bytes)
{
	struct session_shape shape = session_shape();
	struct rp_session_head head = session_head(&shape);
	struct rp_writer_os os = {disk_write};

	memset(memory, 0xa5, sizeof(memory));
	return rp_writer_make(memory, 7, &head, max_bytes, &os);
}

/* Reads the disk's bytes; how many items, and of KIND; fails the test when they are not a
 * session's prefix. */
struct found {
	uint64_t items, of_kind[RP_N_ITEM_KINDS];
	bool complete;
};

static struct found read_disk(void)
{
	struct found found = {0};
	struct rp_why why;
	struct rp_reader *r = rp_reader_open_bytes(disk.bytes, disk.n, "disk", &why);
	struct rp_item item;

	ck_assert_msg(r, "%s", why.text);
	for (; rp_reader_next(r, &item); found.items++)
		found.of_kind[item.kind]++;
	found.complete = rp_reader_complete(r, &why);
	if (!found.complete)
		ck_assert_msg(strstr(why.text, "is incomplete"), "%s", why.text);
	rp_reader_close(r);
	return found;
}

static bool write_session(uint64_t max_bytes)
{
	struct session_shape shape = session_shape();
	struct rp_writer *w = make(max_bytes);

	shape.flush_every = 7;
	if (!w)
		return false;
	session_put(w, &shape);
	return rp_writer_end(w);
}

START_TEST(short_and_interrupted_writes_change_nothing)
{
	static uint8_t whole[64 << 10];
	size_t n;

	disk_clear();
	ck_assert(write_session(1 << 20));
	n = disk.n;
	memcpy(whole, disk.bytes, n);
	disk_clear();
	disk.at_most = (size_t)_i + 1;
	disk.interrupted = _i % 2;
	ck_assert(write_session(1 << 20));
	ck_assert_uint_eq(disk.n, n);
	ck_assert_mem_eq(disk.bytes, whole, n);
}
END_TEST

START_TEST(after_the_nth_write_fails_the_file_is_a_prefix)
{
	size_t calls;

	disk_clear();
	ck_assert(write_session(1 << 20));
	calls = disk.calls;
	for (size_t nth = 1; nth <= calls; nth++) {
		disk_clear();
		disk.fail_from = nth;
		disk.error = nth % 2 ? EIO : ENOSPC;
		ck_assert(!write_session(1 << 20));
		ck_assert_uint_eq(disk.calls, nth); /* sticky: not one call more */
		if (nth == 1)
			continue;
		ck_assert_int_eq(rp_writer_error((void *)memory), disk.error);
		ck_assert_uint_eq(rp_writer_bytes((void *)memory), disk.n);
		ck_assert(!read_disk().complete);
	}
}
END_TEST

START_TEST(a_disk_that_fills_at_any_byte_leaves_a_prefix)
{
	size_t n;
	uint64_t last = 0;

	disk_clear();
	ck_assert(write_session(1 << 20));
	n = disk.n;
	for (size_t capacity = RP_FORMAT_HEAD_BYTES; capacity < n; capacity++) {
		disk_clear();
		disk.capacity = capacity;
		ck_assert(!write_session(1 << 20));
		ck_assert_int_eq(rp_writer_error((void *)memory), ENOSPC);

		struct found found = read_disk();

		ck_assert(!found.complete);
		ck_assert_uint_ge(found.items, last);
		last = found.items;
	}
}
END_TEST

START_TEST(max_bytes_is_never_passed_and_the_story_has_an_end)
{
	struct session_shape shape = session_shape();
	uint64_t max_bytes = (uint64_t[]){17000, 20000, 24000, 40000, 65536}[_i];
	struct rp_writer *w;

	shape.samples = 20000;
	shape.leaves = 300;
	disk_clear();
	w = make(max_bytes);
	session_put(w, &shape);
	ck_assert_int_eq(rp_writer_error(w), EFBIG);
	ck_assert(rp_writer_end(w));
	ck_assert_uint_le(disk.n, max_bytes);
	ck_assert_uint_eq(rp_writer_bytes(w), disk.n);

	struct found found = read_disk();

	ck_assert(found.complete);
	ck_assert_uint_eq(found.of_kind[RP_ITEM_RESPONSE], 1);
	ck_assert_uint_eq(found.of_kind[RP_ITEM_PHASES], 1);
	ck_assert_uint_eq(found.of_kind[RP_ITEM_DROP], 1);
	ck_assert_uint_lt(found.of_kind[RP_ITEM_SAMPLE], shape.samples);
	if (max_bytes > 20000)
		ck_assert_uint_gt(found.of_kind[RP_ITEM_SAMPLE], 0);
}
END_TEST

START_TEST(a_flood_of_counters_leaves_room_for_response_and_end)
{
	struct rp_item counter = {.kind = RP_ITEM_COUNTER, .counter = {{"n", 1}, 1}};
	struct rp_item response = {.kind = RP_ITEM_RESPONSE, .response = {200, 0, 1, 1}};
	struct rp_writer *w;
	uint64_t put = 0;

	disk_clear();
	w = make(20000);
	while (rp_writer_put(w, &counter))
		ck_assert_uint_lt(++put, 5000);
	ck_assert(rp_writer_put(w, &response));
	ck_assert(rp_writer_end(w));
	ck_assert_uint_le(disk.n, 20000);
	ck_assert_uint_eq(read_disk().of_kind[RP_ITEM_COUNTER], put);
}
END_TEST

START_TEST(records_of_a_short_session_are_one_call_and_are_there_when_pushed)
{
	struct rp_item counter = {.kind = RP_ITEM_COUNTER, .counter = {{"n", 1}, 1}};
	struct rp_writer *w;

	disk_clear();
	w = make(1 << 20);
	for (unsigned i = 0; i < 20; i++)
		ck_assert(rp_writer_put(w, &counter));
	ck_assert_uint_eq(disk.calls, 1); /* the head */
	ck_assert(rp_writer_push(w));
	ck_assert_uint_eq(disk.calls, 2);
	ck_assert_uint_eq(read_disk().of_kind[RP_ITEM_COUNTER], 20);
	ck_assert(rp_writer_push(w)); /* nothing */
	ck_assert(rp_writer_put(w, &counter));
	ck_assert(rp_writer_end(w));
	ck_assert_uint_eq(disk.calls, 3);
	ck_assert(read_disk().complete);
}
END_TEST

START_TEST(a_bound_too_small_for_a_head_is_refused_at_once)
{
	disk_clear();
	ck_assert_ptr_null(make(64));
	ck_assert_uint_eq(disk.n, 0);
}
END_TEST

/* Puts one thread and one stack, so that samples and waits have something to refer to. */
static struct rp_writer *make_with_base(uint32_t threads)
{
	struct rp_writer *w = make(sizeof(disk.bytes));
	struct rp_item item = {.kind = RP_ITEM_STACK, .stack = {.stack = 1}};

	ck_assert(rp_writer_put(w, &item));
	for (uint32_t i = 0; i < threads; i++) {
		item = (struct rp_item){.kind = RP_ITEM_THREAD, .thread = {.thread = i}};
		ck_assert(rp_writer_put(w, &item));
	}
	return w;
}

enum { N_SAMPLES = 5000, N_THREADS = 20 };

/* Uneven times and shares, so that truncation would show. */
static struct rp_rec_sample uneven(uint32_t i, uint32_t threads)
{
	return (struct rp_rec_sample){
	        .thread = i * 7 % threads,
	        .stack = i % 3 ? 1 : 0,
	        .at_ns = 123456789 + i * UINT64_C(1000333) - (i % 5 == 4) * 4000000,
	        .weight = i % 4,
	        .cpu_ns = 999 + i % 777,
	        .runq_ns = i % 3 * 401,
	        .edge = i % 3,
	};
}

/* The samples of one thread keep their order; threads may be interleaved otherwise. */
static void check_samples(uint32_t threads)
{
	uint64_t put_cpu_ns[N_THREADS] = {0}, got_cpu_ns[N_THREADS] = {0};
	uint64_t put_runq_ns[N_THREADS] = {0}, got_runq_ns[N_THREADS] = {0};
	uint32_t next[N_THREADS] = {0}, seen = 0;
	struct rp_reader *r = rp_reader_open_bytes(disk.bytes, disk.n, "disk", NULL);
	struct rp_item item;

	while (rp_reader_next(r, &item)) {
		if (item.kind != RP_ITEM_SAMPLE)
			continue;
		uint32_t t = item.sample.thread;

		ck_assert_uint_lt(t, threads);
		while (uneven(next[t], threads).thread != t)
			next[t]++;
		struct rp_rec_sample s = uneven(next[t]++, threads);

		ck_assert_uint_eq(item.sample.stack, s.stack);
		ck_assert_uint_eq(item.sample.at_ns, s.at_ns / 1000 * 1000);
		ck_assert_uint_eq(item.sample.weight, s.weight);
		ck_assert_uint_eq(item.sample.edge, s.edge);
		put_cpu_ns[t] += s.cpu_ns;
		got_cpu_ns[t] += item.sample.cpu_ns;
		put_runq_ns[t] += s.runq_ns;
		got_runq_ns[t] += item.sample.runq_ns;
		ck_assert_uint_eq(got_cpu_ns[t], put_cpu_ns[t] / 1000 * 1000);
		ck_assert_uint_eq(got_runq_ns[t], put_runq_ns[t] / 1000 * 1000);
		seen++;
	}
	ck_assert(rp_reader_complete(r, NULL));
	ck_assert_uint_eq(seen, N_SAMPLES);
	rp_reader_close(r);
}

START_TEST(times_never_drift_and_sums_are_exact_to_a_microsecond)
{
	uint32_t threads = (uint32_t[]){1, 2, 8, 9, N_THREADS}[_i];
	struct rp_writer *w;

	disk_clear();
	w = make_with_base(threads);
	for (uint32_t i = 0; i < N_SAMPLES; i++) {
		struct rp_item item = {.kind = RP_ITEM_SAMPLE, .sample = uneven(i, threads)};

		ck_assert(rp_writer_put(w, &item));
		if (i % 1000 == 999)
			ck_assert(rp_writer_flush(w));
	}
	ck_assert(rp_writer_end(w));
	check_samples(threads);
}
END_TEST

static bool same_slice(struct rp_slice a, struct rp_slice b)
{
	return a.n == b.n && memcmp(a.at, b.at, a.n) == 0;
}

/* One item through the disk and back. */
static struct rp_item round_trip(const struct rp_item *item, struct rp_reader **r)
{
	struct rp_item back = {0};
	struct rp_writer *w;

	disk_clear();
	w = make_with_base(1);
	ck_assert(rp_writer_put(w, item));
	ck_assert(rp_writer_end(w));
	*r = rp_reader_open_bytes(disk.bytes, disk.n, "disk", NULL);
	while (rp_reader_next(*r, &back) && back.kind != item->kind)
		;
	ck_assert_int_eq(back.kind, item->kind);
	return back;
}

static const struct rp_item extremes[] = {
        {.kind = RP_ITEM_RESPONSE, .response = {UINT32_MAX, RP_END_LOST, UINT64_MAX, 0}},
        {.kind = RP_ITEM_PHASES,
         .phases = {RP_NEVER, 0, 1, UINT64_MAX - 1, RP_NEVER, UINT64_C(1) << 63}},
        {.kind = RP_ITEM_SEGMENT, .segment = {0, 5, RP_NEVER, RP_NEVER, 0, UINT64_MAX, 1, 2, 3}},
        {.kind = RP_ITEM_WAIT,
         .wait = {0, 1, RP_WAIT_BARRIER, 0, UINT64_MAX - 1, RP_NEVER, RP_NEVER}},
        {.kind = RP_ITEM_SHORT_WAITS, .short_waits = {RP_WAIT_MUTEX, UINT64_MAX, 0, RP_NEVER}},
};

START_TEST(every_number_survives_at_its_limits)
{
	static const size_t bytes[] = {sizeof(struct rp_rec_response), sizeof(struct rp_rec_phases),
	                               sizeof(struct rp_rec_segment), sizeof(struct rp_rec_wait),
	                               sizeof(struct rp_rec_short_waits)};
	struct rp_reader *r;
	struct rp_item back = round_trip(&extremes[_i], &r);

	ck_assert_mem_eq(&back.response, &extremes[_i].response, bytes[_i]);
	rp_reader_close(r);
}
END_TEST

START_TEST(a_stack_node_survives)
{
	struct rp_item item = {.kind = RP_ITEM_STACK, .stack = {UINT32_MAX, 1, 0, UINT64_MAX, 1}};
	struct rp_item back = {0};
	struct rp_writer *w;
	struct rp_reader *r;

	disk_clear();
	w = make_with_base(0);
	ck_assert(rp_writer_put(w, &item) && rp_writer_end(w));
	r = rp_reader_open_bytes(disk.bytes, disk.n, "disk", NULL);
	ck_assert(rp_reader_next(r, &back) && rp_reader_next(r, &back));
	ck_assert_uint_eq(back.stack.stack, UINT32_MAX);
	ck_assert_uint_eq(back.stack.parent, 1);
	ck_assert_uint_eq(back.stack.pc_rel, UINT64_MAX);
	ck_assert_uint_eq(back.stack.exact, 1);
	rp_reader_close(r);
}
END_TEST

START_TEST(long_strings_are_cut_and_large_images_are_not)
{
	static char text[100000];
	struct rp_slice slice = {text, sizeof(text)};
	struct rp_item items[] = {
	        {.kind = RP_ITEM_REQUEST,
	         .request = {slice, slice, slice, slice, slice, slice, slice, slice, slice, slice,
	                     1, 2}},
	        {.kind = RP_ITEM_OBJECT, .object = {9, slice}},
	        {.kind = RP_ITEM_MODULE, .module = {3, 1, 2, slice, slice}},
	        {.kind = RP_ITEM_COUNTER, .counter = {slice, 12}},
	};
	struct rp_item image = {.kind = RP_ITEM_IMAGE, .image = {3, slice}};
	struct rp_item item;
	struct rp_writer *w;
	struct rp_reader *r;

	memset(text, 'x', sizeof(text));
	disk_clear();
	w = make(sizeof(disk.bytes));
	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		ck_assert(rp_writer_put(w, &items[i]));
	ck_assert(rp_writer_put(w, &image) && rp_writer_end(w));
	r = rp_reader_open_bytes(disk.bytes, disk.n, "disk", NULL);
	while (rp_reader_next(r, &item)) {
		if (item.kind == RP_ITEM_REQUEST)
			ck_assert_uint_eq(item.request.trigger.n, RP_STRING_MAX);
		if (item.kind == RP_ITEM_OBJECT)
			ck_assert_uint_eq(item.object.name.n, RP_STRING_MAX);
		if (item.kind == RP_ITEM_IMAGE)
			ck_assert(same_slice(item.image.bytes, slice));
	}
	ck_assert(rp_reader_complete(r, NULL));
	rp_reader_close(r);
}
END_TEST

START_TEST(stacks_out_of_order_are_refused)
{
	struct rp_item good = {.kind = RP_ITEM_STACK, .stack = {.stack = 5}};
	struct rp_item bad = {.kind = RP_ITEM_STACK, .stack = {.stack = 5}};
	struct rp_item end = {.kind = RP_ITEM_END};
	struct rp_writer *w;

	disk_clear();
	w = make(1 << 20);
	ck_assert(rp_writer_put(w, &good));
	ck_assert(!rp_writer_put(w, &end));
	ck_assert_int_eq(rp_writer_error(w), EINVAL);
	ck_assert(!rp_writer_put(w, &bad));
	bad.stack = (struct rp_rec_stack){.stack = 6, .parent = 6};
	ck_assert(!rp_writer_put(w, &bad));
	ck_assert(rp_writer_end(w));
	ck_assert_uint_eq(read_disk().of_kind[RP_ITEM_STACK], 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/writer");
	TCase *t = tcase_create("writer");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, short_and_interrupted_writes_change_nothing, 0, 40);
	tcase_add_test(t, after_the_nth_write_fails_the_file_is_a_prefix);
	tcase_add_test(t, a_disk_that_fills_at_any_byte_leaves_a_prefix);
	tcase_add_loop_test(t, max_bytes_is_never_passed_and_the_story_has_an_end, 0, 5);
	tcase_add_test(t, a_flood_of_counters_leaves_room_for_response_and_end);
	tcase_add_test(t, records_of_a_short_session_are_one_call_and_are_there_when_pushed);
	tcase_add_test(t, a_bound_too_small_for_a_head_is_refused_at_once);
	tcase_add_loop_test(t, times_never_drift_and_sums_are_exact_to_a_microsecond, 0, 5);
	tcase_add_loop_test(t, every_number_survives_at_its_limits, 0,
	                    sizeof(extremes) / sizeof(*extremes));
	tcase_add_test(t, a_stack_node_survives);
	tcase_add_test(t, long_strings_are_cut_and_large_images_are_not);
	tcase_add_test(t, stacks_out_of_order_are_refused);
	return suite_run(suite);
}
