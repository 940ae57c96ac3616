/* session.c - see session.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include "preload/cold/folder.h"
#include "preload/cold/jitnames.h"
#include "preload/cold/log.h"
#include "preload/cold/nodes.h"
#include "preload/cold/retention.h"
#include "preload/cold/session_parts.h"
#include "preload/hot/clock.h"
#include "preload/hot/drops.h"
#include "preload/hot/sys.h"
#include "preload/place.h"
#include "preload/settings.h"
#include "store/catalog.h"
#include "store/names.h"

static struct rp_session *sessions[RP_MAX_REQUESTS + 1];
static uint32_t serials[RP_MAX_REQUESTS + 1];

/* Stands for a session that has no memory: swallows everything. */
static struct rp_session swallow;

/* Memory of those that are done: with many short ones a second, its pages would cost more than what
 * is written, and to give them back interrupts the host's other threads. */
enum { MAX_SPARES = 4 };
static struct rp_session *spares[MAX_SPARES];
static unsigned n_spares;

static ssize_t plain_write(int fd, const void *buf, size_t n)
{
	long ret = rp_sys(SYS_write, fd, buf, n);

	if (ret >= 0)
		return ret;
	errno = (int)-ret;
	return -1;
}

static void random_id(uint8_t id[16])
{
	if (rp_sys(SYS_getrandom, id, 16, 0) == 16)
		return;
	uint64_t a = rp_wall_ns(), b = rp_mono_ns() * 0x9e3779b97f4a7c15u;

	memcpy(id, &a, sizeof(a));
	memcpy(id + 8, &b, sizeof(b));
}

static bool refused;

static bool open_file(struct rp_session *s, const struct rp_request *r)
{
	struct rp_slice method = {r->method.at, r->method.n}, target = {r->target, r->n_target};
	char part[RP_NAME_MAX + 8];

	rp_catalog_name(s->name, r->wall_ns, (uint32_t)rp_sys(SYS_getpid, 0), r->seq, method,
	                target);
	strcat(strcpy(part, s->name), RP_PART_END);
	if (refused) {
		rp_drop(RP_DROP_no_table);
		return false;
	}
	s->dir = rp_folder_open();
	if (s->dir < 0) {
		rp_drop(RP_DROP_no_directory);
		return false;
	}
	s->fd = rp_folder_create(s->dir, part);
	if (s->fd < 0)
		rp_drop(RP_DROP_no_file);
	return s->fd >= 0;
}

static bool begin(struct rp_session *s, struct rp_request *r)
{
	static const struct rp_writer_os os = {plain_write};
	struct rp_session_head head = {.began_wall_ns = r->wall_ns,
	                               .began_mono_ns = atomic_load(&r->course.first_byte_ns),
	                               .pid = (uint32_t)rp_sys(SYS_getpid, 0)};

	char part[RP_NAME_MAX + 8];

	s->request = r;
	if (!open_file(s, r))
		return false;
	random_id(head.id);
	s->writer = rp_writer_make(s->writer_memory, s->fd, &head, rp_settings.max_bytes, &os);
	if (!s->writer) {
		rp_drop(RP_DROP_write_failed);
		rp_log(s->name, ": ", rp_log_error(errno), "; the session is not written", NULL);
		strcat(strcpy(part, s->name), RP_PART_END);
		rp_sys(SYS_unlinkat, s->dir, part, 0);
		return false;
	}
	rp_session_put_request(s);
	rp_session_put_own_link(s);
	return true;
}

/* NULL: there is no memory. */
static struct rp_session *make(void)
{
	if (n_spares)
		return spares[--n_spares];
	struct rp_session *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE,
	                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return s == MAP_FAILED ? NULL : s;
}

static void give_back(struct rp_session *s)
{
	if (n_spares == MAX_SPARES || !rp_nodes_are_few(&s->nodes)) {
		munmap(s, sizeof(*s));
		return;
	}
	memset(s, 0, offsetof(struct rp_session, objects));
	rp_nodes_forget(&s->nodes);
	spares[n_spares++] = s;
}

void rp_session_rest(void)
{
	while (n_spares)
		munmap(spares[--n_spares], sizeof(struct rp_session));
}

struct rp_session *rp_session_of(uint32_t index)
{
	struct rp_request *r = &rp_requests[index];
	uint32_t serial = atomic_load(&r->serial);

	if (sessions[index] == &swallow)
		swallow.request = r; /* it stands for several */
	if (sessions[index] && serials[index] == serial)
		return sessions[index];
	struct rp_session *s = make();

	serials[index] = serial;
	if (!s) {
		rp_drop(RP_DROP_no_memory);
		swallow.request = r;
		swallow.failed = true;
		swallow.dir = swallow.fd = -1;
		sessions[index] = &swallow;
		return &swallow;
	}
	s->dir = s->fd = -1;
	s->failed = !begin(s, r);
	sessions[index] = s;
	return s;
}

static void check_writer(struct rp_session *s)
{
	int error = s->failed ? 0 : rp_writer_error(s->writer);

	if (!error || s->told)
		return;
	s->told = true;
	if (rp_writer_bytes(s->writer) + RP_WRITER_BYTES >= rp_settings.max_bytes && error == EFBIG)
		rp_drop(RP_DROP_max_bytes);
	else
		rp_drop(RP_DROP_write_failed);
	rp_log(s->name, ": ", rp_log_error(error), "; the session is cut short", NULL);
}

void rp_session_flush(struct rp_session *s)
{
	if (s->failed)
		return;
	rp_writer_flush(s->writer);
	check_writer(s);
}

void rp_session_push(struct rp_session *s)
{
	if (s->failed)
		return;
	rp_writer_push(s->writer);
	check_writer(s);
}

static void close_file(struct rp_session *s, bool complete)
{
	char part[RP_NAME_MAX + 8];

	if (s->fd >= 0)
		rp_sys(SYS_close, s->fd);
	if (s->fd >= 0 && complete) {
		strcat(strcpy(part, s->name), RP_PART_END);
		long ret = rp_sys(SYS_renameat2, s->dir, part, s->dir, s->name, RENAME_NOREPLACE);

		if (ret == -EINVAL || ret == -ENOSYS) /* a file system, a kernel without the flag */
			ret = rp_sys(SYS_renameat, s->dir, part, s->dir, s->name);
		if (ret != 0) {
			rp_drop(RP_DROP_no_directory);
			rp_log(s->name, ": ", rp_log_error((int)-ret), "; the session is lost",
			       NULL);
		}
	}
	if (s->dir >= 0) {
		rp_retention_after(s->dir);
		rp_sys(SYS_close, s->dir);
	}
}

void rp_session_finish(struct rp_session *s, char *name)
{
	uint32_t index = (uint32_t)(s->request - rp_requests);

	if (!s->failed) {
		rp_session_flush(s); /* its losses are told in what follows */
		rp_jitnames_put(s->request, &s->nodes, s->writer);
		rp_session_put_end(s);
		bool complete = rp_writer_end(s->writer);

		check_writer(s);
		close_file(s, complete);
	} else {
		close_file(s, false);
	}
	strcpy(name, s->failed ? "" : s->name);
	sessions[index] = NULL;
	serials[index] = 0;
	if (s != &swallow)
		give_back(s);
}

void rp_session_refuse(void)
{
	refused = true;
	rp_log("no descriptor table of our own (close_range and unshare are refused): sessions "
	       "are not written",
	       NULL);
}

RP_EARLY void rp_session_forked(void)
{
	memset(sessions, 0, sizeof(sessions));
	memset(serials, 0, sizeof(serials));
	n_spares = 0;
	rp_retention_forked();
}
