/* guard_link.c - the connection to a process that may die, lie or never answer.
 *
 * Room: symbolize.  Used by guard.c.  Also runs its one errand: debug files from the network.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/guard_link.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "symbolize/debuginfod.h"
#include "symbolize/guard_child.h"

enum {
	LOOK_MS = 200,      /* between two looks at its clock */
	WALL_FACTOR = 20,   /* it may wait for a disk, but not for ever */
	MAX_ERRANDS = 4096, /* a reader that lies shall not keep us, nor talk through us */
	MAX_MIB = 16 << 10, /* of files: no more time for what it says beyond */
	CPU_NS_PER_KIB = 100000,
	CPU_NS_PER_ADDRESS = 100000,
};

static uint64_t ns_of(clockid_t clock)
{
	struct timespec t = {0};

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static uint64_t cpu_ns(const struct rp_guard_link *link)
{
	clockid_t clock;

	return clock_getcpuclockid(link->pid, &clock) == 0 ? ns_of(clock) : 0;
}

bool rp_guard_link_open(struct rp_guard_link *link, const struct rp_guard_limits *limits)
{
	*link = (struct rp_guard_link){.pid = -1, .fd = -1, .limits = *limits};
	link->pid = rp_guard_child_start(&link->limits, &link->fd);
	return link->pid > 0;
}

/* Its end, waited for; what waitpid said. */
static int reap(struct rp_guard_link *link)
{
	int status = 0;

	close(link->fd);
	while (waitpid(link->pid, &status, 0) < 0 && errno == EINTR)
		;
	link->pid = -1;
	return status;
}

void rp_guard_link_close(struct rp_guard_link *link)
{
	if (link->pid < 0)
		return;
	kill(link->pid, SIGKILL);
	reap(link);
}

const char *rp_guard_link_death(struct rp_guard_link *link)
{
	if (link->broke)
		kill(link->pid, SIGKILL);
	int status = reap(link);

	if (link->broke)
		return link->broke;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)
		return "reading it takes too much memory";
	if (WIFSIGNALED(status))
		return "the reader crashed on it";
	return "the reader ended on it";
}

void rp_guard_link_give(struct rp_guard_link *link, const void *bytes, size_t n)
{
	for (ssize_t gave; n; bytes = (const char *)bytes + gave, n -= (size_t)gave)
		if ((gave = send(link->fd, bytes, n, MSG_NOSIGNAL)) <= 0) {
			if (gave < 0 && errno == EINTR)
				gave = 0;
			else
				return;
		}
}

void rp_guard_link_ask(struct rp_guard_link *link, enum rp_wire_ask what, int module,
                       const void *bytes, size_t n)
{
	struct rp_wire_question q = {what, module, n};

	rp_guard_link_give(link, &q, sizeof(q));
	rp_guard_link_give(link, bytes, n);
}

void rp_guard_link_begin(struct rp_guard_link *link, size_t n)
{
	link->cpu_began_ns = cpu_ns(link);
	link->wall_began_ns = ns_of(CLOCK_MONOTONIC);
	link->cpu_more_ns = (uint64_t)n * CPU_NS_PER_ADDRESS;
}

static bool is_late(const struct rp_guard_link *link)
{
	uint64_t most_ns = link->limits.cpu_ns + link->cpu_more_ns;

	return cpu_ns(link) - link->cpu_began_ns > most_ns ||
	       ns_of(CLOCK_MONOTONIC) - link->wall_began_ns > most_ns * WALL_FACTOR;
}

static bool take(struct rp_guard_link *link, void *bytes, size_t n)
{
	struct pollfd ready = {.fd = link->fd, .events = POLLIN};

	while (n) {
		int some = poll(&ready, 1, LOOK_MS);
		ssize_t got = some > 0 ? recv(link->fd, bytes, n, MSG_DONTWAIT) : -1;

		if (got == 0 || (got < 0 && some > 0 && errno != EAGAIN && errno != EINTR))
			return false;
		if (got < 0 && is_late(link)) {
			link->broke = "reading it takes too long";
			return false;
		}
		if (got > 0) {
			bytes = (char *)bytes + got;
			n -= (size_t)got;
		}
	}
	return true;
}

static bool take_bytes(struct rp_guard_link *link, uint64_t n, char **bytes)
{
	*bytes = n < link->limits.memory_bytes ? malloc(n + 1) : NULL;
	if (!*bytes)
		link->broke = "the answer about it is too large";
	else if (take(link, *bytes, n)) {
		(*bytes)[n] = '\0';
		return true;
	}
	free(*bytes);
	*bytes = NULL;
	return false;
}

static bool run_errand(struct rp_guard_link *link, uint64_t n)
{
	uint8_t build_id[64];

	if (n > sizeof(build_id) || ++link->errands > MAX_ERRANDS || !take(link, build_id, n))
		return false;
	uint64_t began_ns = ns_of(CLOCK_MONOTONIC);
	char *path = rp_debuginfod_fetch(build_id, n);

	link->wall_began_ns += ns_of(CLOCK_MONOTONIC) - began_ns;
	rp_guard_link_ask(link, RP_WIRE_FETCHED, 0, path, path ? strlen(path) : 0);
	rp_debuginfod_forget(path);
	return true;
}

static bool allow_more(struct rp_guard_link *link, uint32_t mib)
{
	link->cpu_more_ns += (uint64_t)(mib < MAX_MIB ? mib : MAX_MIB) * 1024 * CPU_NS_PER_KIB;
	return ++link->errands <= MAX_ERRANDS;
}

bool rp_guard_link_take(struct rp_guard_link *link, struct rp_guard_reply *reply)
{
	*reply = (struct rp_guard_reply){0};
	while (take(link, &reply->head, sizeof(reply->head))) {
		if (reply->head.reply == RP_WIRE_OPENED) {
			if (!allow_more(link, reply->head.value))
				return false;
		} else if (reply->head.reply == RP_WIRE_FETCH) {
			if (!run_errand(link, reply->head.n))
				return false;
		} else
			return (reply->head.reply != RP_WIRE_FRAMES ||
			        take(link, &reply->sizes, sizeof(reply->sizes))) &&
			       take_bytes(link, reply->head.n, &reply->bytes);
	}
	return false;
}
