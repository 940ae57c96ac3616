/* guard_child.c - the process that reads modules for another one: a question, an answer.
 *
 * Room: symbolize.  Started by guard.c; calls resolve.c.  Whatever goes wrong here ends this
 * process and is the other one's to tell. SPDX-License-Identifier: MIT
 */
#include "symbolize/guard_child.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "symbolize/debuginfod.h"
#include "symbolize/guard_wire.h"
#include "symbolize/resolve.h"
#include "symbolize/sandbox.h"

enum { PART_BYTES = 128 << 10 };

struct child {
	int fd;
	const struct rp_guard_limits *limits;
	struct rp_resolver *resolver;
	struct module {
		char *path;
		bool plain, begun;
	} * module;
	int n_modules;
};

static struct child child; /* there is one, and rp_debuginfod_fetch must find it */

/* Without who asks there is nothing left to do. */
static void take(void *bytes, size_t n)
{
	for (ssize_t got; n; bytes = (char *)bytes + got, n -= (size_t)got)
		if ((got = read(child.fd, bytes, n)) <= 0)
			_exit(EXIT_SUCCESS);
}

static void give(const void *bytes, size_t n)
{
	for (ssize_t gave; n; bytes = (const char *)bytes + gave, n -= (size_t)gave)
		if ((gave = write(child.fd, bytes, n)) <= 0)
			_exit(EXIT_SUCCESS);
}

static void *take_bytes(size_t n)
{
	char *bytes = malloc(n + 1);

	if (!bytes)
		abort(); /* as in pool.c */
	take(bytes, n);
	bytes[n] = '\0';
	return bytes;
}

static void reply_text(enum rp_wire_reply reply, uint32_t value, const void *text, size_t n)
{
	give(&(struct rp_wire_head){reply, value, n}, sizeof(struct rp_wire_head));
	give(text, n);
}

/* In place of debuginfod.c's own: the network is not for this process. */
static char *fetch(const uint8_t *build_id, size_t n)
{
	struct rp_wire_question answer;

	reply_text(RP_WIRE_FETCH, 0, build_id, n);
	take(&answer, sizeof(answer));
	char *path = take_bytes(answer.n);

	if (answer.n)
		return path;
	free(path);
	return NULL;
}

static void add(uint64_t n)
{
	struct rp_wire_module w;

	take(&w, sizeof(w));
	char *bytes = take_bytes(n);
	struct rp_sym_module module = {.path = strndup(bytes, w.n_path),
	                               .build_id = w.has_build_id
	                                                   ? (const uint8_t *)bytes + w.n_path
	                                                   : NULL,
	                               .n_build_id = w.n_build_id,
	                               .image = w.n_image ? bytes + w.n_path + w.n_build_id : NULL,
	                               .n_image = w.n_image};
	int handle = rp_resolve_add(child.resolver, &module);

	free(bytes);
	child.module = realloc(child.module, (size_t)(handle + 1) * sizeof(*child.module));
	if (!child.module || !module.path)
		abort(); /* as in pool.c */
	child.module[handle] = (struct module){.path = (char *)module.path, .plain = w.plain != 0};
	child.n_modules = handle + 1;
	if (w.plain)
		rp_resolve_plain(child.resolver, handle);
}

static uint64_t size_of(const char *path)
{
	struct stat st;

	return path && stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

/* Opens a module, and tells how much there is to read: large files may take longer. */
static enum rp_sym_state begin(int handle, const char **source)
{
	struct module *m = &child.module[handle];

	if (!m->begun && child.limits->before_read)
		child.limits->before_read(m->path, m->plain);
	enum rp_sym_state state = rp_resolve_state(child.resolver, handle, source);

	if (!m->begun) {
		uint64_t mib = (size_of(m->path) + size_of(*source)) >> 20;

		give(&(struct rp_wire_head){.reply = RP_WIRE_OPENED, .value = (uint32_t)mib},
		     sizeof(struct rp_wire_head));
	}
	m->begun = true;
	return state;
}

static void send_part(struct rp_wire_packer *packer, bool is_last)
{
	struct rp_wire_part part = rp_wire_part(packer);
	struct rp_wire_head head = {.reply = RP_WIRE_FRAMES, .value = is_last};

	for (int i = 0; i < 4; i++)
		head.n += part.n_bytes[i];
	give(&head, sizeof(head));
	give(&part.sizes, sizeof(part.sizes));
	for (int i = 0; i < 4; i++)
		give(part.piece[i], part.n_bytes[i]);
}

static void pack(void *packer, size_t at, const struct rp_frames *frames)
{
	rp_wire_pack(packer, at, frames);
}

static void end_unit(void *packer)
{
	rp_wire_forget(packer);
	if (rp_wire_n_bytes(packer) >= PART_BYTES)
		send_part(packer, false);
}

static void batch(int module, size_t n)
{
	uint64_t *vaddr = take_bytes(n * sizeof(*vaddr));
	struct rp_wire_packer *packer = rp_wire_packer_make();
	struct rp_resolve_sink sink = {pack, end_unit, packer};
	const char *source;

	begin(module, &source);
	rp_resolve_batch(child.resolver, module, vaddr, n, &sink);
	send_part(packer, true);
	rp_wire_packer_free(packer);
}

static void tell_state(int module)
{
	const char *source;
	enum rp_sym_state state = begin(module, &source);

	reply_text(RP_WIRE_TEXT, state, source, strlen(source));
}

static void demangle(size_t n)
{
	char *name = take_bytes(n);
	const char *plain = rp_resolve_demangle(child.resolver, name);

	reply_text(RP_WIRE_TEXT, 0, plain, strlen(plain));
	free(name);
}

static void set_dir(size_t n)
{
	char *dir = take_bytes(n);

	rp_resolve_debug_dir(child.resolver, dir);
	free(dir);
}

static _Noreturn void serve(void)
{
	for (;;) {
		struct rp_wire_question q;

		take(&q, sizeof(q));
		if (q.ask == RP_WIRE_DIR)
			set_dir(q.n);
		else if (q.ask == RP_WIRE_ADD)
			add(q.n);
		else if (q.ask == RP_WIRE_BATCH)
			batch(q.module, q.n);
		else if (q.ask == RP_WIRE_STATE)
			tell_state(q.module);
		else if (q.ask == RP_WIRE_DEMANGLE)
			demangle(q.n);
	}
}

pid_t rp_guard_child_start(const struct rp_guard_limits *limits, int *fd)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
		return -1;
	pid_t pid = fork();

	if (pid == 0) {
		/* Never 0 to 2: those become /dev/null. */
		child = (struct child){.fd = fcntl(ends[1], F_DUPFD_CLOEXEC, 3), .limits = limits};
		rp_sandbox_enter(child.fd, limits->memory_bytes);
		rp_debuginfod_ask(fetch);
		child.resolver = rp_resolve_make();
		serve();
	}
	close(ends[1]);
	*fd = ends[0];
	if (pid < 0)
		close(ends[0]);
	return pid;
}
