/* test_delim_hpack.c - field blocks: what nghttp2 encodes and decodes is what we read of them.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/delim_hpack.h"

#include <nghttp2/nghttp2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/support/guard.h"
#include "tests/support/h2wire.h"
#include "tests/support/suite.h"

enum { ENTRIES = 128, TEXT = 6 << 10, VALUES = 5 << 10, SAID = 1 << 16 };

static struct h2wire wire;
static struct rp_hpack_entry entries[ENTRIES];
static char text[TEXT], values[VALUES], block[SAID];

static const char *const names[] = {"",        ":method",   ":path",       ":authority", "host",
                                    ":status", "x-reqprof", "traceparent", "forwarded"};

static struct rp_hpack fresh(void)
{
	return (struct rp_hpack){.entries = entries,
	                         .n_entries = ENTRIES,
	                         .text = text,
	                         .n_text = TEXT,
	                         .values = values,
	                         .n_values = VALUES,
	                         .asked = 0x1fe};
}

struct said {
	char text[SAID];
	size_t n;
	bool bad;
};

static void say(struct said *s, const char *name, const char *value, size_t n)
{
	s->n += (size_t)snprintf(s->text + s->n, sizeof(s->text) - s->n, "%s=%.*s\n", name, (int)n,
	                         value);
	ck_assert_uint_lt(s->n, sizeof(s->text));
}

static void feed(struct rp_hpack *h, struct said *s, const void *bytes, size_t n)
{
	const char *at = guard_put(0, bytes, n);
	struct rp_field field;
	enum rp_hpack_event event;

	while ((event = rp_hpack_feed(h, &at, &n, &field)) == RP_HPACK_FIELD)
		say(s, names[field.name], field.value.at, field.value.n);
	s->bad |= event == RP_HPACK_BAD;
	ck_assert(s->bad || !n);
}

/* What is asked for among the fields that a peer sent. */
static void expect(struct said *s, const char *const *fields)
{
	for (; *fields; fields += 2) {
		const char *name = fields[0] + (*fields[0] == '!');
		bool by = (!strncmp(name, "x-forwarded-", 12) && name[12]) ||
		          !strcmp(name, "via") || !strcmp(name, "x-real-ip") ||
		          !strcmp(name, "forwarded");

		for (unsigned i = 1; i < 9; i++)
			if (by ? i == RP_FIELD_FORWARDED : !strcmp(name, names[i]))
				say(s, names[i], by ? "" : fields[1], by ? 0 : strlen(fields[1]));
	}
}

static struct said got, wanted;

/* The block of FIELDS tells them, given in pieces of PIECE bytes. */
static void check_block(struct rp_hpack *h, const char *const *fields, size_t piece)
{
	size_t n = h2wire_block(&wire, fields, block, sizeof(block));

	memset(&got, 0, sizeof(got));
	memset(&wanted, 0, sizeof(wanted));
	rp_hpack_begin(h);
	for (size_t at = 0; at < n; at += piece)
		feed(h, &got, block + at, n - at < piece ? n - at : piece);
	expect(&wanted, fields);
	ck_assert(!got.bad && rp_hpack_ends(h) && !h->unsure);
	ck_assert_str_eq(got.text, wanted.text);
}

static const char *const request[] = {":method",         "GET",      ":scheme",     "https",
                                      ":authority",      "h:8080",   ":path",       "/a?profile=1",
                                      "user-agent",      "curl/8",   "x-reqprof",   "save; tag=x",
                                      "x-forwarded-for", "::1",      "traceparent", "00-1-2-01",
                                      "cookie",          "a=b; c=d", NULL};
static const char *const odd[] = {":method",     "PROPFIND",   ":path",
                                  "/index.html", ":authority", "",
                                  "!x-reqprof",  "key",        "x-forwarded-",
                                  "no",          "via",        "1.1 x",
                                  "host",        "other",      "a-name-of-more-than-24-bytes",
                                  "v",           NULL};
static const char *const answer[] = {":status", "302", "location", "/", "x", "y", NULL};

static const char *const empty[] = {":authority", "",          ":status", "999", "host",
                                    "",           "x-reqprof", "x",       NULL};

START_TEST(fields_are_told_wherever_they_are_cut)
{
	const char *const *all[] = {empty,   request, odd,    answer, empty,
	                            request, odd,     answer, empty,  request};

	for (size_t piece = 1; piece < 200; piece += piece < 9 ? 1 : 23) {
		struct rp_hpack h = fresh();

		h2wire_open(&wire, 4096);
		for (unsigned i = 0; i < 10; i++)
			check_block(&h, all[i], piece);
		h2wire_close(&wire);
	}
}
END_TEST

START_TEST(every_byte_has_its_code)
{
	struct rp_hpack h = fresh();

	h2wire_open(&wire, 4096);
	for (int c = 1; c < 256; c++) {
		char value[64];
		const char *const fields[] = {"!:path", value, NULL};

		/* short codes around a long one, so that the encoder takes the code at all */
		snprintf(value, sizeof(value), "aaaaaaaaaaaaaaaaaaaaaaa%ceeeeeeeee%c", c, c);
		size_t n = h2wire_block(&wire, fields, block, sizeof(block));

		ck_assert_uint_lt(n, strlen(value));
		memset(&got, 0, sizeof(got));
		rp_hpack_begin(&h);
		feed(&h, &got, block, n);
		memset(&wanted, 0, sizeof(wanted));
		expect(&wanted, fields);
		ck_assert(!got.bad);
		ck_assert_msg(!strcmp(got.text, wanted.text), "byte %d", c);
	}
	h2wire_close(&wire);
}
END_TEST

/* Any mixture of fields, tables of any size up to what we can keep of: never another answer than
 * what was sent, and never unsure. */
START_TEST(a_long_conversation_is_read_as_it_was_sent)
{
	static const size_t tables[] = {0, 100, 1000, 4096};
	static const char *const pool[] = {":method",     ":path",      "x-reqprof", "!x-reqprof",
	                                   "traceparent", "host",       "via",       "cookie",
	                                   "accept",      ":authority", "x-other",   "!:path"};
	unsigned state = (unsigned)_i + 1;
	struct rp_hpack h = fresh();

	h2wire_open(&wire, tables[_i]);
	for (unsigned block_nr = 0; block_nr < 3000; block_nr++) {
		char value[20][40];
		const char *fields[41];
		unsigned n = (unsigned)rand_r(&state) % 20;

		for (unsigned i = 0; i < n; i++) {
			fields[2 * i] = pool[(unsigned)rand_r(&state) % 12];
			fields[2 * i + 1] = value[i];
			snprintf(value[i], sizeof(value[i]), "%.*s%u", rand_r(&state) % 30,
			         "//some/path/that/is/not/short/", (unsigned)rand_r(&state) % 40);
		}
		fields[2 * n] = NULL;
		check_block(&h, fields, 1 + (unsigned)rand_r(&state) % 100);
	}
	h2wire_close(&wire);
}
END_TEST

/* A table larger than what we keep of one: what is lost is known to be lost. */
START_TEST(what_cannot_be_kept_is_said_to_be_unsure)
{
	struct rp_hpack h = fresh();
	bool unsure = false;

	h2wire_open(&wire, 64 << 10);
	for (unsigned i = 0; i < 600; i++) {
		char value[80];
		const char *const fields[] = {"x-reqprof", value, NULL};
		unsigned nr = i % 300;

		snprintf(value, sizeof(value), "a value that takes room, of number %u", nr);
		size_t n = h2wire_block(&wire, fields, block, sizeof(block));

		memset(&got, 0, sizeof(got));
		memset(&wanted, 0, sizeof(wanted));
		rp_hpack_begin(&h);
		feed(&h, &got, block, n);
		expect(&wanted, fields);
		ck_assert(h.unsure || !strcmp(got.text, wanted.text));
		ck_assert(!h.unsure || !got.n);
		unsure |= h.unsure;
	}
	ck_assert(unsure);
	h2wire_close(&wire);
}
END_TEST

START_TEST(a_value_that_is_too_long_is_cut_and_says_so)
{
	static char value[3 * TEXT];
	const char *const fields[] = {":path", value, "!x-reqprof", "1", NULL};
	struct rp_hpack h = fresh();
	struct rp_field field;

	memset(value, 'x', sizeof(value) - 1);
	h2wire_open(&wire, 4096);
	size_t n = h2wire_block(&wire, fields, block, sizeof(block));
	const char *at = block;

	rp_hpack_begin(&h);
	ck_assert_int_eq(rp_hpack_feed(&h, &at, &n, &field), RP_HPACK_FIELD);
	ck_assert_uint_eq(field.value.n, TEXT);
	ck_assert(field.cut);
	ck_assert_int_eq(rp_hpack_feed(&h, &at, &n, &field), RP_HPACK_FIELD);
	ck_assert_int_eq(field.name, RP_FIELD_TRIGGER);
	ck_assert(field.cut && !field.value.n);
	h2wire_close(&wire);
}
END_TEST

START_TEST(blocks_that_are_none_are_given_up)
{
#define BLOCK(bytes)                                                                               \
	{                                                                                          \
		bytes, sizeof(bytes) - 1                                                           \
	}
	static const struct {
		const char *bytes;
		size_t n;
	} blocks[] = {
	        BLOCK("\x80"),                         /* index 0 */
	        BLOCK("\xbe"),                         /* the newest entry of an empty table */
	        BLOCK("\xff\x80\x80\x80\x80\x80\x01"), /* a number without end */
	        BLOCK("\x7e\x01x"),                    /* a name that is not there */
	        BLOCK("\x44\x81\x00"),                 /* padded with zeros */
	        BLOCK("\x44\x82\x1f\xff"),             /* with a whole octet */
	        BLOCK("\x44\x84\xff\xff\xff\xff"),     /* the end of the text, spelled */
	        BLOCK("\x00\x81\xff\x00"),             /* a name of nothing but padding */
	};

	for (size_t i = 0; i < sizeof(blocks) / sizeof(*blocks); i++) {
		nghttp2_hd_inflater *inflater;
		nghttp2_nv nv;
		int flags = 0;
		struct rp_hpack h = fresh();

		memset(&got, 0, sizeof(got));
		rp_hpack_begin(&h);
		feed(&h, &got, blocks[i].bytes, blocks[i].n);
		nghttp2_hd_inflate_new(&inflater);
		bool bad = nghttp2_hd_inflate_hd2(inflater, &nv, &flags,
		                                  (const uint8_t *)blocks[i].bytes, blocks[i].n,
		                                  1) < 0;

		nghttp2_hd_inflate_del(inflater);
		ck_assert_msg(got.bad == bad, "block %zu is %d", i, got.bad);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("delim_hpack");
	TCase *tcase = tcase_create("blocks");

	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, fields_are_told_wherever_they_are_cut);
	tcase_add_test(tcase, every_byte_has_its_code);
	tcase_add_loop_test(tcase, a_long_conversation_is_read_as_it_was_sent, 0, 4);
	tcase_add_test(tcase, what_cannot_be_kept_is_said_to_be_unsure);
	tcase_add_test(tcase, a_value_that_is_too_long_is_cut_and_says_so);
	tcase_add_test(tcase, blocks_that_are_none_are_given_up);
	suite_add_tcase(suite, tcase);
	return suite_run(suite);
}
