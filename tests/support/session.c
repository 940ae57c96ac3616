/* session.c - see session.h.  SPDX-License-Identifier: MIT */
#include "tests/support/session.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct session_shape session_shape(void)
{
	return (struct session_shape){
	        .method = "GET",
	        .target = "/api/users?page=2",
	        .server = "shopd",
	        .status = 200,
	        .how = RP_END_COMPLETE,
	        .threads = 2,
	        .modules = 3,
	        .leaves = 12,
	        .depth = 8,
	        .samples = 40,
	        .waits = 6,
	        .interval_ns = 1000000,
	        .began_wall_ns = UINT64_C(1795369292123000000), /* 2026-11-22T17:41:32.123Z */
	        .began_mono_ns = UINT64_C(86400000000000),
	        .max_bytes = 8 << 20,
	        .pid = 4711,
	        .end = true,
	};
}

struct rp_session_head session_head(const struct session_shape *shape)
{
	struct rp_session_head head = {
	        .began_wall_ns = shape->began_wall_ns,
	        .began_mono_ns = shape->began_mono_ns,
	        .pid = shape->pid,
	};

	for (unsigned i = 0; i < sizeof(head.id); i++)
		head.id[i] = (uint8_t)(i * 37 + 11);
	return head;
}

static bool put_request(struct rp_writer *w, const struct session_shape *shape)
{
	struct rp_item item = {
	        .kind = RP_ITEM_REQUEST,
	        .request =
	                {
	                        .method = rp_slice_of(shape->method),
	                        .target = rp_slice_of(shape->target),
	                        .host = rp_slice_of("shop.example:8080"),
	                        .protocol = rp_slice_of("HTTP/1.1"),
	                        .peer = rp_slice_of("127.0.0.1:52110"),
	                        .local = rp_slice_of("127.0.0.1:8080"),
	                        .traceparent = rp_slice_of(
	                                "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
	                        .tag = rp_slice_of("before"),
	                        .server = rp_slice_of(shape->server),
	                        .trigger = rp_slice_of("query"),
	                        .interval_ns = shape->interval_ns,
	                        .pid = shape->pid,
	                },
	};

	return rp_writer_put(w, &item);
}

static bool put_threads(struct rp_writer *w, const struct session_shape *shape)
{
	bool ok = true;

	for (uint32_t i = 0; ok && i < shape->threads; i++) {
		char name[24];

		snprintf(name, sizeof(name), "worker/%u", i);
		struct rp_item item = {
		        .kind = RP_ITEM_THREAD,
		        .thread = {.thread = i, .tid = shape->pid + i, .name = rp_slice_of(name)},
		};

		ok = rp_writer_put(w, &item);
	}
	return ok;
}

static bool put_module(struct rp_writer *w, const struct session_shape *shape, uint32_t number)
{
	static const char *const paths[] = {"/usr/sbin/shopd", "/lib/x86_64-linux-gnu/libc.so.6",
	                                    "/usr/lib/libpq.so.5"};
	uint8_t id[20];
	char other[40];
	struct rp_item item = {
	        .kind = RP_ITEM_MODULE,
	        .module = {.module = number,
	                   .flags = number == 1 ? RP_MODULE_MAIN : 0,
	                   .size = 0x200000},
	};

	memset(id, (int)number, sizeof(id));
	snprintf(other, sizeof(other), "/usr/lib/libplugin%u.so", number);
	item.module.path = rp_slice_of(number <= 3 ? paths[number - 1] : other);
	item.module.build_id = (struct rp_slice){(const char *)id, sizeof(id)};
	if (number == 1 && shape->main_path)
		item.module.path = rp_slice_of(shape->main_path);
	if (number == 1 && shape->main_id)
		item.module.build_id =
		        (struct rp_slice){(const char *)shape->main_id, shape->n_main_id};
	return rp_writer_put(w, &item);
}

static bool put_modules(struct rp_writer *w, const struct session_shape *shape)
{
	uint32_t number = shape->vdso_number ? shape->vdso_number : shape->modules + 1;
	struct rp_item vdso = {
	        .kind = RP_ITEM_MODULE,
	        .module = {.module = number,
	                   .flags = RP_MODULE_VDSO,
	                   .size = 0x2000,
	                   .path = rp_slice_of("[vdso]")},
	};
	struct rp_item image = {
	        .kind = RP_ITEM_IMAGE,
	        .image = {.module = number, .bytes = rp_slice_of("\177ELF and so on")},
	};
	bool ok = true;

	for (uint32_t i = 1; ok && i <= shape->modules; i++)
		ok = put_module(w, shape, i);
	return ok && rp_writer_put(w, &vdso) && rp_writer_put(w, &image);
}

/* Leaf number LEAF's whole branch: the upper half of the frames is shared by all leaves. */
static bool put_branch(struct rp_writer *w, const struct session_shape *shape, uint32_t leaf,
                       uint32_t *last)
{
	uint32_t trunk = shape->depth / 2, first = leaf ? trunk : 0, parent = leaf ? trunk : 0;
	bool ok = true;

	for (uint32_t d = first; ok && d < shape->depth; d++) {
		struct rp_item item = {
		        .kind = RP_ITEM_STACK,
		        .stack = {.stack = ++*last,
		                  .parent = parent,
		                  .module = 1 + d % shape->modules,
		                  .pc_rel = 0x1000 + (uint64_t)leaf * 0x4c0 + d * 0x10,
		                  .exact = d + 1 == shape->depth},
		};

		parent = *last;
		ok = rp_writer_put(w, &item);
	}
	return ok;
}

static bool put_wait(struct rp_writer *w, const struct session_shape *shape, uint32_t i,
                     uint32_t stack, uint64_t at_ns)
{
	static const char *const names[] = {"tcp 127.0.0.1:5432", "/var/lib/shop/cart.db"};
	struct rp_item object = {
	        .kind = RP_ITEM_OBJECT,
	        .object = {.object = i + 1, .name = rp_slice_of(names[i % 2])},
	};
	struct rp_item wait = {
	        .kind = RP_ITEM_WAIT,
	        .wait = {.thread = i % shape->threads,
	                 .stack = stack,
	                 .kind = i % 2 ? RP_WAIT_FSYNC : RP_WAIT_RECV,
	                 .object = 1 + i % 2,
	                 .at_ns = at_ns,
	                 .span_ns = 2500123 + i,
	                 .cpu_ns = 15001},
	};

	struct rp_item held = {
	        .kind = RP_ITEM_HELD,
	        .held = {.thread = wait.wait.thread,
	                 .how = RP_HELD_THREAD,
	                 .tid = shape->pid + 7,
	                 .stack = stack,
	                 .request = rp_slice_of("4711-000008"),
	                 .at_ns = at_ns},
	};

	return (i >= 2 || rp_writer_put(w, &object)) && rp_writer_put(w, &wait) &&
	       (i != 1 || rp_writer_put(w, &held));
}

static bool put_sample(struct rp_writer *w, const struct session_shape *shape, uint32_t i,
                       uint32_t stack, uint64_t at_ns)
{
	struct rp_item item = {
	        .kind = RP_ITEM_SAMPLE,
	        .sample = {.thread = i / 16 % shape->threads,
	                   .stack = stack,
	                   .at_ns = at_ns + (i * 7919u) % 40000,
	                   .weight = 1 + (i % 50 == 49),
	                   .cpu_ns = shape->interval_ns - (i * 104729u) % 50000,
	                   .runq_ns = i % 10 == 9 ? 30000 : 0},
	};

	if (i == 0 || i + 1 == shape->samples) {
		item.sample.edge = i ? RP_EDGE_END : RP_EDGE_BEGIN;
		item.sample.weight = 0;
	}
	return rp_writer_put(w, &item);
}

/* Stacks come when first seen, as in a server; each is followed by its samples. */
static bool put_course(struct rp_writer *w, const struct session_shape *shape)
{
	uint32_t branch = shape->depth - shape->depth / 2, last = 0, seen = 0, waits = 0;
	uint64_t at_ns = shape->began_mono_ns;
	bool ok = true;

	for (uint32_t i = 0; ok && i < shape->samples; i++, at_ns += shape->interval_ns) {
		uint32_t leaf = (uint32_t)((uint64_t)i * 2654435761u % 4294967291u % shape->leaves);

		while (ok && seen <= leaf)
			ok = put_branch(w, shape, seen++, &last);

		uint32_t stack = shape->depth + leaf * branch;

		ok = ok && put_sample(w, shape, i, stack, at_ns);
		if (ok && waits < shape->waits && i % 4 == 3)
			ok = put_wait(w, shape, waits++, stack, at_ns + 100000);
		if (ok && shape->flush_every && i % shape->flush_every == shape->flush_every - 1)
			ok = rp_writer_flush(w);
	}
	return ok;
}

static void put_segments(struct rp_writer *w, const struct session_shape *shape)
{
	uint64_t span_ns = shape->samples * shape->interval_ns / shape->threads;

	for (uint32_t i = 0; i < shape->threads; i++) {
		struct rp_item item = {
		        .kind = RP_ITEM_SEGMENT,
		        .segment = {.thread = i,
		                    .begin_ns = shape->began_mono_ns + i * span_ns,
		                    .end_ns = shape->began_mono_ns + (i + 1) * span_ns,
		                    .cpu_ns = span_ns - span_ns / 40,
		                    .runq_ns = span_ns / 330,
		                    .minor_faults = 3 + i,
		                    .switches_voluntary = 2,
		                    .switches_forced = 1},
		};

		rp_writer_put(w, &item);
	}
}

static void put_notes(struct rp_writer *w)
{
	const struct rp_item items[] = {
	        {.kind = RP_ITEM_SHORT_WAITS, .short_waits = {RP_WAIT_MUTEX, 12, 81234, 20123}},
	        {.kind = RP_ITEM_COUNTER, .counter = {rp_slice_of("own_cpu_ns"), 431000}},
	        {.kind = RP_ITEM_DROP, .counter = {rp_slice_of("ring_full"), 2}},
	        {.kind = RP_ITEM_STALL, .stall = {RP_STALL_READS, 5000, 7000}},
	        {.kind = RP_ITEM_CODE,
	         .code = {0x7f0000001000, 0x80, RP_NEVER, RP_NEVER,
	                  rp_slice_of("JS:*handler /srv/app.js:10:17")}},
	        {.kind = RP_ITEM_HANDOFF,
	         .handoff = {.thread = 0,
	                     .from_tid = 4242,
	                     .by = 4,
	                     .given_ns = UINT64_C(86400000900000),
	                     .taken_ns = UINT64_C(86400000950000)}},
	        {.kind = RP_ITEM_LINK,
	         .link = {.asked = 1,
	                  .at_ns = UINT64_C(86400000990000),
	                  .local = rp_slice_of("127.0.0.1:40312"),
	                  .remote = rp_slice_of("127.0.0.1:9000")}},
	        {.kind = RP_ITEM_AWAIT,
	         .await = {.at_ns = UINT64_C(86400001000000),
	                   .span_ns = 40000000,
	                   .object = rp_slice_of("tcp 127.0.0.1:9000 GET /stock")}},
	        {.kind = RP_ITEM_MAPPING,
	         .mapping = {0x7f0000000000, 0x40000, rp_slice_of("[anon:v8]")}},
	};

	for (size_t i = 0; i < sizeof(items) / sizeof(*items); i++)
		rp_writer_put(w, &items[i]);
}

static void put_close(struct rp_writer *w, const struct session_shape *shape)
{
	uint64_t began_ns = shape->began_mono_ns;
	uint64_t ended_ns = began_ns + shape->samples * shape->interval_ns;
	struct rp_item phases = {
	        .kind = RP_ITEM_PHASES,
	        .phases = {RP_NEVER, began_ns, began_ns + 21000, began_ns + 21000,
	                   ended_ns - 400000, ended_ns},
	};
	struct rp_item response = {
	        .kind = RP_ITEM_RESPONSE,
	        .response = {shape->status, shape->how, 183, 5120},
	};

	rp_writer_put(w, &phases);
	rp_writer_put(w, &response);
}

void session_put(struct rp_writer *w, const struct session_shape *shape)
{
	(void)(put_request(w, shape) && put_threads(w, shape) && put_modules(w, shape) &&
	       put_course(w, shape));
	put_segments(w, shape);
	put_notes(w);
	put_close(w, shape);
}

bool session_write(int fd, const struct session_shape *shape)
{
	struct rp_session_head head = session_head(shape);
	void *memory = aligned_alloc(16, RP_WRITER_BYTES);
	struct rp_writer *w = rp_writer_make(memory, fd, &head, shape->max_bytes, NULL);
	bool ok = false;

	if (w) {
		session_put(w, shape);
		ok = shape->end ? rp_writer_end(w) : rp_writer_flush(w);
	}
	free(memory);
	return ok;
}

bool session_file(const char *path, const struct session_shape *shape)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	bool ok = fd >= 0 && session_write(fd, shape);

	if (fd >= 0)
		close(fd);
	return ok;
}

uint8_t *session_bytes(const struct session_shape *shape, size_t *n)
{
	int fd = memfd_create("session", MFD_CLOEXEC);
	uint8_t *bytes = NULL;

	if (fd >= 0 && session_write(fd, shape)) {
		*n = (size_t)lseek(fd, 0, SEEK_CUR);
		bytes = malloc(*n);
		if (!bytes || pread(fd, bytes, *n, 0) != (ssize_t)*n)
			abort();
	}
	if (fd >= 0)
		close(fd);
	return bytes;
}
