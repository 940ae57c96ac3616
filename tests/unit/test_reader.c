/* test_reader.c - sessions, whole, cut and damaged.  SPDX-License-Identifier: MIT */
#include "store/reader.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/crc32c.h"
#include "store/format.h"
#include "tests/support/guard.h"
#include "tests/support/session.h"
#include "tests/support/suite.h"

/* What a reader makes of some bytes. */
struct reading {
	bool opened, complete;
	uint64_t records, items, of_kind[RP_N_ITEM_KINDS], weight, cpu_ns, sum;
	struct rp_why why;
};

static void look(struct reading *seen, const struct rp_item *item)
{
	seen->items++;
	seen->of_kind[item->kind]++;
	if (item->kind == RP_ITEM_SAMPLE) {
		seen->weight += item->sample.weight;
		seen->cpu_ns += item->sample.cpu_ns;
	}
	if (item->kind == RP_ITEM_REQUEST) /* the slices can be read to their ends */
		seen->sum += rp_crc32c(0, item->request.target.at, item->request.target.n);
}

static struct reading read_all(const void *bytes, size_t n)
{
	struct reading seen = {0};
	struct rp_reader *r = rp_reader_open_bytes(bytes, n, "x.reqprof", &seen.why);
	struct rp_item item;

	if (!r)
		return seen;
	seen.opened = true;
	while (rp_reader_next(r, &item))
		look(&seen, &item);
	seen.complete = rp_reader_complete(r, &seen.why);
	seen.records = rp_reader_records(r);
	rp_reader_close(r);
	return seen;
}

static uint8_t *small_session(size_t *n)
{
	struct session_shape shape = session_shape();

	shape.leaves = 4;
	shape.samples = 12;
	shape.waits = 2;
	shape.flush_every = 5;
	return session_bytes(&shape, n);
}

/* Numbers need not follow each other: what was counted is known beside what was not. */
START_TEST(numbers_with_gaps_are_all_known)
{
	struct session_shape shape = session_shape();
	size_t n;

	shape.vdso_number = 900;
	uint8_t *bytes = session_bytes(&shape, &n);
	struct reading seen = read_all(bytes, n);

	ck_assert_msg(seen.complete, "%s", seen.why.text);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_SAMPLE], shape.samples);
	free(bytes);
}
END_TEST

/* Where each record ends, from the length fields alone. */
static size_t ends_of(const uint8_t *bytes, size_t n, size_t *ends)
{
	size_t n_ends = 0;

	for (size_t at = RP_FORMAT_HEAD_BYTES; at < n;) {
		at += RP_RECORD_FRAME_BYTES + bytes[at] + (size_t)bytes[at + 1] * 256;
		ends[n_ends++] = at;
	}
	return n_ends;
}

START_TEST(a_whole_session_reads_as_it_was_put)
{
	struct session_shape shape = session_shape();
	size_t n;
	uint8_t *bytes = session_bytes(&shape, &n);
	struct reading seen = read_all(guard_put(0, bytes, n), n);

	ck_assert_msg(seen.complete, "%s", seen.why.text);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_SAMPLE], shape.samples);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_WAIT], shape.waits);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_STACK], 8 + 11 * 4);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_THREAD], 2);
	ck_assert_uint_eq(seen.of_kind[RP_ITEM_MODULE], 4);
#define RECORD(name, number, text) ck_assert_msg(seen.of_kind[number] > 0, "no item of " #name);
#include "store/records.def"
	free(bytes);
}
END_TEST

START_TEST(every_prefix_is_a_session_that_says_how_much_it_holds)
{
	size_t n, ends[200];
	uint8_t *bytes = small_session(&n);
	size_t n_ends = ends_of(bytes, n, ends), whole = 0;

	for (size_t cut = 0; cut < n; cut++) {
		struct reading seen = read_all(guard_put(0, bytes, cut), cut);
		char expected[64];

		while (whole < n_ends && ends[whole] <= cut)
			whole++;
		ck_assert_int_eq(seen.opened, cut >= RP_FORMAT_HEAD_BYTES);
		ck_assert(!seen.complete && seen.why.text[0]);
		if (!seen.opened)
			continue;
		snprintf(expected, sizeof(expected), "is incomplete, %zu records", whole);
		ck_assert_ptr_nonnull(strstr(seen.why.text, expected));
		ck_assert_uint_eq(seen.records, whole);
	}
	ck_assert(read_all(bytes, n).complete);
	free(bytes);
}
END_TEST

START_TEST(no_flipped_bit_is_believed)
{
	size_t n, ends[200];
	uint8_t *bytes = small_session(&n);
	size_t n_ends = ends_of(bytes, n, ends), before = 0;
	uint64_t good = 0;

	for (size_t bit = 0; bit < n * 8; bit++) {
		size_t at = bit / 8;

		if (bit % 8 == 0 && before < n_ends && at == (before ? ends[before - 1] : 64)) {
			good = read_all(bytes, at).items;
			before++;
		}
		bytes[at] ^= (uint8_t)(1 << bit % 8);
		struct reading seen = read_all(guard_put(0, bytes, n), n);

		bytes[at] ^= (uint8_t)(1 << bit % 8);
		ck_assert_msg(!seen.complete && seen.why.text[0], "bit %zu was believed", bit);
		ck_assert_int_eq(seen.opened, at >= RP_FORMAT_HEAD_BYTES);
		ck_assert_uint_eq(seen.items, seen.opened ? good : 0);
	}
	ck_assert_uint_eq(before, n_ends);
	free(bytes);
}
END_TEST

/* A hand-made session: the head of a real one, then what a case appends. */
struct draft {
	uint8_t bytes[1024];
	size_t n;
	uint32_t salt;
};

static struct draft draft_begin(void)
{
	struct draft d = {.n = RP_FORMAT_HEAD_BYTES};
	size_t n;
	uint8_t *bytes = small_session(&n);

	memcpy(d.bytes, bytes, RP_FORMAT_HEAD_BYTES);
	free(bytes);
	d.salt = rp_crc32c(0, d.bytes + 16, 16);
	return d;
}

static void draft_record(struct draft *d, uint8_t kind, uint8_t version, uint16_t reserved,
                         const char *payload, size_t n)
{
	uint8_t *at = d->bytes + d->n;
	uint8_t head[] = {(uint8_t)n, 0, 0, 0, kind, version, (uint8_t)reserved, 0};

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), payload, n);
	uint32_t crc = rp_crc32c(d->salt, at, sizeof(head) + n);

	for (unsigned i = 0; i < 4; i++)
		at[sizeof(head) + n + i] = (uint8_t)(crc >> 8 * i);
	d->n += sizeof(head) + n + 4;
}

#define THREAD_0                                                                                   \
	{                                                                                          \
		RP_ITEM_THREAD, "\x00\x01\x00", 3                                                  \
	}

static const struct {
	struct {
		uint8_t kind;
		const char *payload;
		size_t n;
	} records[3];
	const char *complaint;
} invalid[] = {
        {{{RP_ITEM_SEGMENT, "\x05\1\1\1\1\1\1\1\1", 9}}, "it refers to thread 5"},
        {{{RP_ITEM_IMAGE, "\x02\x00", 2}}, "it refers to module 2"},
        {{{RP_ITEM_SAMPLE, "\x00\x00", 2}}, "it refers to thread 0"},
        {{THREAD_0, {RP_ITEM_SAMPLE, "\0\0\x08\x07\0\0", 6}}, "it refers to stack 7"},
        {{THREAD_0, {RP_ITEM_SAMPLE, "\0\0\x0b\0\0\0", 6}}, "edge is 3"},
        {{THREAD_0, {RP_ITEM_SAMPLE, "\0\0\x08", 3}}, "ends early"},
        {{{RP_ITEM_STACK, "\1\0\0\0\0\0\0\0", 8}}, "out of order"},
        {{{RP_ITEM_STACK, "\1\1\0\0", 4}}, "out of order"},
        {{{RP_ITEM_STACK, "\3\1\0\0", 4}}, "it refers to stack 2"},
        {{{RP_ITEM_STACK, "\1\0\6\0", 4}}, "it refers to module 3"},
        {{{RP_ITEM_STACK, "\1\0\0\0", 4}, {RP_ITEM_STACK, "\1\0\0\0", 4}}, "out of order"},
        {{{RP_ITEM_MODULE, "\0\0\0\0\0", 5}}, "module 0 is reserved"},
        {{{RP_ITEM_OBJECT, "\0\0", 2}}, "object 0 is reserved"},
        {{THREAD_0, {RP_ITEM_WAIT, "\0\0\1\4\0\1\1", 7}}, "it refers to object 4"},
        {{{RP_ITEM_WAIT, "\0\0\1\0\0\1\1", 7}}, "it refers to thread 0"},
        {{{RP_ITEM_COUNTER, "\x09xyz", 4}}, "ends early"},
        {{{RP_ITEM_COUNTER, "\x01x\x05more", 7}}, "4 bytes too many"},
        {{{RP_ITEM_END, "\x03", 1}}, "counts another number"},
        {{{RP_ITEM_END, "\x00", 1}, THREAD_0}, "bytes after the end"},
};

START_TEST(a_right_checksum_does_not_excuse_a_wrong_payload)
{
	struct draft d = draft_begin();

	for (unsigned i = 0; i < 3 && invalid[_i].records[i].payload; i++)
		draft_record(&d, invalid[_i].records[i].kind, 1, 0, invalid[_i].records[i].payload,
		             invalid[_i].records[i].n);

	struct reading seen = read_all(guard_put(0, d.bytes, d.n), d.n);

	ck_assert(seen.opened && !seen.complete);
	ck_assert_msg(strstr(seen.why.text, invalid[_i].complaint), "%s", seen.why.text);
	ck_assert_uint_ge(seen.why.at, RP_FORMAT_HEAD_BYTES);
}
END_TEST

START_TEST(kinds_and_layouts_of_later_versions_are_passed_over)
{
	struct draft d = draft_begin();

	draft_record(&d, 77, 1, 0, "from the future", 15);
	draft_record(&d, RP_ITEM_COUNTER, 2, 0, "?", 1);
	draft_record(&d, RP_ITEM_THREAD, 1, 0, "\x00\x01\x00", 3);
	draft_record(&d, RP_ITEM_END, 1, 0, "\x03", 1);
	struct reading seen = read_all(guard_put(0, d.bytes, d.n), d.n);

	ck_assert_msg(seen.complete, "%s", seen.why.text);
	ck_assert_uint_eq(seen.records, 4);
	ck_assert_uint_eq(seen.items, 2);
}
END_TEST

START_TEST(reserved_bits_are_looked_at)
{
	struct draft d = draft_begin();

	draft_record(&d, RP_ITEM_THREAD, 1, 1, "\x00\x01\x00", 3);
	struct reading seen = read_all(d.bytes, d.n);

	ck_assert(!seen.complete && seen.items == 0);
	ck_assert_ptr_nonnull(strstr(seen.why.text, "reserved"));
}
END_TEST

START_TEST(a_record_of_another_session_is_not_taken)
{
	struct draft d = draft_begin();

	d.salt ^= 1;
	draft_record(&d, RP_ITEM_THREAD, 1, 0, "\x00\x01\x00", 3);
	struct reading seen = read_all(d.bytes, d.n);

	ck_assert_uint_eq(seen.items, 0);
	ck_assert_ptr_nonnull(strstr(seen.why.text, "checksum"));
}
END_TEST

START_TEST(a_wait_of_a_kind_not_yet_known_is_other)
{
	struct draft d = draft_begin();
	struct rp_reader *r;
	struct rp_item item;

	draft_record(&d, RP_ITEM_SHORT_WAITS, 1, 0, "\x7b\x01\x02\x02", 4);
	r = rp_reader_open_bytes(d.bytes, d.n, "x", NULL);
	ck_assert(rp_reader_next(r, &item));
	ck_assert_uint_eq(item.short_waits.kind, RP_WAIT_OTHER);
	ck_assert_uint_eq(item.short_waits.span_ns, 1);
	rp_reader_close(r);
}
END_TEST

START_TEST(what_is_no_file_is_refused_in_a_sentence)
{
	static const struct {
		const char *path, *sentence;
	} cases[] = {
	        {"/tmp/there/is/no/such.reqprof", "there is no such file"},
	        {"/tmp", "is a folder, not a session"},
	        {"/dev/null", "is not a regular file"},
	};
	struct rp_why why;

	ck_assert_ptr_null(rp_reader_open(cases[_i].path, &why));
	ck_assert_msg(strstr(why.text, cases[_i].sentence), "%s", why.text);
	ck_assert_msg(strstr(why.text, cases[_i].path) == why.text, "%s", why.text);
	ck_assert_ptr_null(rp_reader_open(cases[_i].path, NULL));
}
END_TEST

START_TEST(a_named_pipe_does_not_hold_the_reader_up)
{
	char path[64];
	struct rp_why why;

	snprintf(path, sizeof(path), "/tmp/test_reader.%d.fifo", (int)getpid());
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_ptr_null(rp_reader_open(path, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "not a regular file"));
	unlink(path);
}
END_TEST

START_TEST(a_reader_not_at_its_end_makes_no_promise)
{
	struct rp_why why;
	size_t n;
	uint8_t *bytes = small_session(&n);
	struct rp_reader *r = rp_reader_open_bytes(bytes, n, "x", &why);

	ck_assert(!rp_reader_complete(r, &why));
	ck_assert_ptr_nonnull(strstr(why.text, "not read to its end"));
	ck_assert_uint_eq(rp_reader_head(r)->pid, 4711);
	rp_reader_close(r);
	free(bytes);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("store/reader");
	TCase *t = tcase_create("reader");

	suite_add_tcase(suite, t);
	tcase_set_timeout(t, 60);
	tcase_add_test(t, a_whole_session_reads_as_it_was_put);
	tcase_add_test(t, numbers_with_gaps_are_all_known);
	tcase_add_test(t, every_prefix_is_a_session_that_says_how_much_it_holds);
	tcase_add_test(t, no_flipped_bit_is_believed);
	tcase_add_loop_test(t, a_right_checksum_does_not_excuse_a_wrong_payload, 0,
	                    sizeof(invalid) / sizeof(*invalid));
	tcase_add_test(t, kinds_and_layouts_of_later_versions_are_passed_over);
	tcase_add_test(t, reserved_bits_are_looked_at);
	tcase_add_test(t, a_record_of_another_session_is_not_taken);
	tcase_add_test(t, a_wait_of_a_kind_not_yet_known_is_other);
	tcase_add_loop_test(t, what_is_no_file_is_refused_in_a_sentence, 0, 3);
	tcase_add_test(t, a_named_pipe_does_not_hold_the_reader_up);
	tcase_add_test(t, a_reader_not_at_its_end_makes_no_promise);
	return suite_run(suite);
}
