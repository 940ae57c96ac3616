/* readback.c - see readback.h.  SPDX-License-Identifier: MIT */
#include "tests/support/readback.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "preload/hot/current.h"
#include "preload/hot/sampler.h"
#include "preload/hot/wait.h"
#include "preload/settings.h"
#include "store/names.h"
#include "store/reader.h"
#include "tests/support/flagged.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

static char path[64];
static int dir = -1;

void readback_ready(void)
{
	flagged_ready();
	dir = folder_make(path, sizeof(path), "readback");
	strcpy(rp_settings.dir, path);
}

void readback_remove(void)
{
	folder_remove(dir, path);
}

struct rp_request *readback_enter(uint64_t interval_ns)
{
	struct rp_request *request = flagged_open(interval_ns);

	rp_current_enter(0, atomic_load(&request->serial));
	ck_assert_uint_eq(rp_self.armed, RP_ARMED);
	return request;
}

void readback_over(void)
{
	rp_current_over(0, atomic_load(&rp_requests[0].serial), RP_END_COMPLETE);
}

void readback_sleep(unsigned ms)
{
	struct timespec t = {0, ms * 1000000};
	struct rp_wait w;

	rp_wait_enter(&w, RP_WAIT_SLEEP, NULL, ms * 1000000ull);
	nanosleep(&t, NULL);
	rp_wait_leave(&w);
}

unsigned readback_files(void)
{
	return folder_count(dir);
}

/* The one session of the folder into "file"; false: none, or not one. */
static bool find_file(char file[400])
{
	static const char end[] = RP_NAME_END;
	DIR *stream = opendir(path);
	unsigned n = 0;

	for (const struct dirent *e; (e = readdir(stream));) {
		size_t length = strlen(e->d_name);

		if (length > strlen(end) && strcmp(e->d_name + length - strlen(end), end) == 0) {
			snprintf(file, 400, "%s/%s", path, e->d_name);
			n++;
		}
	}
	closedir(stream);
	return n == 1;
}

/* A drop is named in the file as in drops.def. */
static void add_drop(struct readback *told, const struct rp_rec_counter *drop)
{
	static const char *const names[] = {
#define DROP(name, text) #name,
#include "preload/drops.def"
	};

	for (unsigned i = 0; i < RP_N_DROPS; i++)
		if (drop->name.n == strlen(names[i]) &&
		    memcmp(drop->name.at, names[i], drop->name.n) == 0)
			told->drops[i] += drop->value;
}

static void add_request(struct readback *told, const struct rp_rec_request *r)
{
	told->requests++;
	memcpy(told->method, r->method.at, r->method.n);
	memcpy(told->target, r->target.at, r->target.n);
	memcpy(told->host, r->host.at, r->host.n);
	memcpy(told->protocol, r->protocol.at, r->protocol.n);
}

static void add(struct readback *told, const struct rp_item *item)
{
	switch (item->kind) {
	case RP_ITEM_REQUEST:
		add_request(told, &item->request);
		break;
	case RP_ITEM_RESPONSE:
		told->responses++;
		told->response = item->response;
		break;
	case RP_ITEM_PHASES:
		told->phases++;
		break;
	case RP_ITEM_THREAD:
		told->threads++;
		break;
	case RP_ITEM_SEGMENT:
		told->segments++;
		told->segment = item->segment;
		told->segment_cpu_ns += item->segment.cpu_ns;
		break;
	case RP_ITEM_MODULE:
		told->modules++;
		break;
	case RP_ITEM_STACK:
		told->stacks++;
		told->no_table_roots +=
		        !item->stack.module && item->stack.pc_rel == RP_STOP_NO_TABLES;
		break;
	case RP_ITEM_SAMPLE:
		told->samples++;
		told->no_stack += !item->sample.stack;
		told->weight += item->sample.weight;
		told->cpu_ns += item->sample.cpu_ns;
		break;
	case RP_ITEM_OBJECT:
		told->objects++;
		memcpy(told->object, item->object.name.at, item->object.name.n);
		break;
	case RP_ITEM_WAIT:
		told->waits++;
		ck_assert_uint_eq(item->wait.kind, RP_WAIT_SLEEP);
		break;
	case RP_ITEM_SHORT_WAITS:
		told->short_count += item->short_waits.count;
		break;
	case RP_ITEM_COUNTER:
		if (item->counter.name.n == 5 && memcmp(item->counter.name.at, "ticks", 5) == 0)
			told->ticks = item->counter.value;
		break;
	case RP_ITEM_DROP:
		add_drop(told, &item->counter);
		break;
	default:
		break;
	}
}

bool readback_take(struct readback *told)
{
	char file[400];
	struct rp_why why;
	struct rp_item item;
	struct rp_reader *r;
	bool complete;

	memset(told, 0, sizeof(*told));
	ck_assert(find_file(file));
	r = rp_reader_open(file, &why);
	ck_assert_msg(r != NULL, "%s", why.text);
	while (rp_reader_next(r, &item))
		add(told, &item);
	complete = rp_reader_complete(r, &why);
	ck_assert_msg(complete || strstr(why.text, "incomplete"), "%s", why.text);
	rp_reader_close(r);
	return complete;
}
