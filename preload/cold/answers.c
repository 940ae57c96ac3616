/* answers.c - see answers.h.  Room: cold.  SPDX-License-Identifier: MIT */
#include "preload/cold/answers.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include "preload/cold/answers_page.h"
#include "preload/cold/edge.h"
#include "preload/cold/folder.h"
#include "preload/cold/table.h"
#include "preload/cold/thread.h"
#include "preload/hot/clock.h"
#include "preload/hot/self.h"
#include "preload/hot/sys.h"
#include "preload/settings.h"
#include "store/catalog.h"

enum {
	STACK_BYTES = 256 << 10,
	MEMORY_BYTES = RP_ANSWER_HEAD_BYTES + RP_ANSWER_QUEUE_BYTES,
	WRITTEN_MS = 3000, /* for the session, once the answer is over */
	STALL_MS = 30000,  /* a client that takes nothing for so long gets no more */
	HELD_MS = 10000,   /* for the host's threads to come back from it */
	LINGER_MS = 2000,  /* for the client to close, too */
	SOME_BYTES = 64 << 10,
	PATH_BYTES = RP_FOLDER_BYTES + RP_NAME_MAX,
};

/* What the drain said of each answer's session. */
static struct {
	_Atomic uint32_t serial; /* whose NAME this is */
	char name[RP_NAME_MAX];
} written[RP_MAX_ANSWERS];

static void wait_bell(struct rp_answer *a, uint32_t bell, unsigned ms)
{
	struct timespec t = rp_timespec(ms * 1000000ull);

	rp_sys(SYS_futex, &a->bell, FUTEX_WAIT_PRIVATE, bell, ms ? &t : NULL);
}

static void wake_all(void)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		atomic_fetch_add(&rp_answers[i].bell, 1);
		rp_sys(SYS_futex, &rp_answers[i].bell, FUTEX_WAKE_PRIVATE, 1);
	}
}

void rp_answers_written(uint32_t request, uint32_t serial, const char *name)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++) {
		struct rp_answer *a = &rp_answers[i];

		if (atomic_load(&a->state) == RP_ANSWER_FREE || a->request != request ||
		    a->serial != serial)
			continue;
		strcpy(written[i].name, name);
		atomic_store(&written[i].serial, serial);
		wake_all();
	}
}

/* ---- sending --------------------------------------------------------------------------------- */

/* The descriptor is the host's as well, so it is never made to block or not. */
static bool send_all(int fd, const char *bytes, size_t n, int flags)
{
	while (n) {
		long put =
		        rp_sys(SYS_sendto, fd, bytes, n, flags | MSG_DONTWAIT | MSG_NOSIGNAL, 0, 0);
		struct pollfd p = {.fd = fd, .events = POLLOUT};
		struct timespec t = {STALL_MS / 1000, 0};

		if (put > 0) {
			bytes += put;
			n -= (size_t)put;
		} else if (put != -EAGAIN || rp_sys(SYS_ppoll, &p, 1, &t, 0, 8) != 1) {
			return false;
		}
	}
	return true;
}

static bool send_page(int fd, const struct rp_answers_page *page)
{
	char some[SOME_BYTES];
	uint64_t at = page->at, left = page->n;

	if (!send_all(fd, page->head, page->n_head, left ? MSG_MORE : 0))
		return false;
	while (left) {
		size_t most = left < sizeof(some) ? (size_t)left : sizeof(some);
		long got = rp_sys(SYS_pread64, page->fd, some, most, at);

		if (got <= 0)
			return false;
		at += (uint64_t)got;
		left -= (uint64_t)got;
		if (!send_all(fd, some, (size_t)got, left ? MSG_MORE : 0))
			return false;
	}
	return true;
}

/* Waits until the host's answer is over; false: nothing is to be made of it. */
static bool wait_due(struct rp_answer *a)
{
	for (;;) {
		uint32_t bell = atomic_load(&a->bell), state = atomic_load(&a->state);

		if (state == RP_ANSWER_DUE || state == RP_ANSWER_LEFT)
			return state == RP_ANSWER_DUE;
		wait_bell(a, bell, 0);
	}
}

static void wait_turn(struct rp_answer *a)
{
	for (;;) {
		uint32_t bell = atomic_load(&a->bell);
		bool before = false;

		for (unsigned i = 0; a->after && i < RP_MAX_ANSWERS; i++)
			before |= atomic_load(&rp_answers[i].state) != RP_ANSWER_FREE &&
			          rp_answers[i].number == a->after;
		if (!before)
			return;
		wait_bell(a, bell, 0);
	}
}

/* The path of its session; "" when that is not written. */
static void wait_written(struct rp_answer *a, char *path)
{
	unsigned index = (unsigned)(a - rp_answers);
	uint64_t end_ns = rp_mono_ns() + WRITTEN_MS * 1000000ull;

	path[0] = 0;
	for (;;) {
		uint32_t bell = atomic_load(&a->bell);

		rp_track_wake();
		if (atomic_load(&written[index].serial) == a->serial)
			break;
		if (rp_mono_ns() > end_ns)
			return;
		wait_bell(a, bell, WRITTEN_MS);
	}
	if (!written[index].name[0])
		return;
	rp_folder_path(path);
	strcat(strcat(path, "/"), written[index].name);
}

/* The host was told to try again, and waits for the kernel to say when. */
static void nudge(struct rp_answer *a, int fd)
{
	struct rp_conn *c = atomic_load(&a->conn);
	int epfd = c ? c->epoll - 1 : -1;

	if (epfd >= 0)
		rp_edge_make(epfd, fd);
}

/* Nobody of the host may be in its memory any more.  False: one has not come back: it was cancelled
 * there, or jumped out. */
static bool wait_holders(struct rp_answer *a)
{
	uint64_t end_ns = rp_mono_ns() + HELD_MS * 1000000ull;
	struct timespec moment = {0, 50000};

	while (atomic_load(&a->holders) && rp_mono_ns() < end_ns)
		rp_sys(SYS_nanosleep, &moment, 0);
	return !atomic_load(&a->holders);
}

/* All of PAGE in one piece, in memory; NULL: there is no room. */
static char *page_in_memory(const struct rp_answers_page *page, size_t n)
{
	char *memory = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	size_t put = page->n_head;

	if (memory == MAP_FAILED)
		return NULL;
	memcpy(memory, page->head, put);
	while (put < n) {
		long got = rp_sys(SYS_pread64, page->fd, memory + put, n - put,
		                  page->at + put - page->n_head);

		if (got <= 0)
			break;
		put += (size_t)got;
	}
	if (put == n)
		return memory;
	munmap(memory, n);
	return NULL;
}

/* Until the host has given the page to its library, or its connection up. */
static void wait_left(struct rp_answer *a)
{
	for (;;) {
		uint32_t bell = atomic_load(&a->bell);

		if (atomic_load(&a->state) == RP_ANSWER_LEFT)
			return;
		wait_bell(a, bell, 0);
	}
}

static void answer_inside_tls(struct rp_answer *a, int fd, const struct rp_answers_page *page)
{
	static const char none[] = "HTTP/1.1 500 No Memory\r\nContent-Length: 0\r\n\r\n";
	size_t n = page->n_head + page->n;
	char *memory = page_in_memory(page, n);

	a->page = memory ? memory : none;
	a->n_page = memory ? n : sizeof(none) - 1;
	atomic_store(&a->ready, 1);
	rp_sys(SYS_futex, &a->ready, FUTEX_WAKE_PRIVATE, RP_MAX_ANSWERS);
	nudge(a, fd);
	wait_left(a);
	if (wait_holders(a) && memory)
		munmap(memory, n);
}

static bool answer(struct rp_answer *a, int fd)
{
	struct rp_answers_page page;
	char path[PATH_BYTES];

	wait_written(a, path);
	rp_answers_page_make(&page, a, path);
	wait_turn(a);
	bool ok = !a->tls && send_page(fd, &page);

	if (a->tls)
		answer_inside_tls(a, fd, &page);

	if (page.fd >= 0)
		rp_sys(SYS_close, page.fd);
	return ok;
}

/* ---- the queue ------------------------------------------------------------------------------- */

static bool send_queued(struct rp_answer *a, int fd, uint64_t queued)
{
	uint64_t sent = atomic_load(&a->sent);
	size_t at = (size_t)(sent % RP_ANSWER_QUEUE_BYTES), n = (size_t)(queued - sent);

	n = n < RP_ANSWER_QUEUE_BYTES - at ? n : RP_ANSWER_QUEUE_BYTES - at;
	if (!send_all(fd, a->queue + at, n, 0))
		return false;
	atomic_store(&a->sent, sent + n);
	rp_sys(SYS_futex, &a->sent, FUTEX_WAKE_PRIVATE, RP_MAX_ANSWERS);
	if (atomic_exchange(&a->hungry, false))
		nudge(a, fd);
	return true;
}

/* Sends what the host has queued until there is no more, and says so in one step.  What it had done
 * to the connection by then is ours to finish. */
static uint64_t finish_queue(struct rp_answer *a, int fd, bool ok)
{
	for (;;) {
		uint64_t word = atomic_load(&a->queued);

		if (ok && (word & RP_QUEUE_BYTES) != atomic_load(&a->sent)) {
			ok = send_queued(a, fd, word & RP_QUEUE_BYTES);
			continue;
		}
		if (atomic_compare_exchange_strong(&a->queued, &word, word | RP_QUEUE_OVER))
			return word;
	}
}

/* The host has closed a connection of which we sent something: what the client still sends must
 * not make the kernel throw that away. */
static void linger(int fd)
{
	struct linger off = {0, 0};
	uint64_t end_ns = rp_mono_ns() + LINGER_MS * 1000000ull;
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char rest[512];

	rp_sys(SYS_setsockopt, fd, SOL_SOCKET, SO_LINGER, &off, sizeof(off));
	for (uint64_t now_ns = rp_mono_ns(); now_ns < end_ns; now_ns = rp_mono_ns()) {
		struct timespec t = rp_timespec(end_ns - now_ns);

		if (rp_sys(SYS_ppoll, &p, 1, &t, 0, 8) != 1 ||
		    rp_sys(SYS_recvfrom, fd, rest, sizeof(rest), MSG_DONTWAIT, 0, 0) <= 0)
			return;
	}
}

static bool has_heir(const struct rp_answer *a)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].state) != RP_ANSWER_FREE &&
		    rp_answers[i].after == a->number)
			return true;
	return false;
}

static void finish(struct rp_answer *a, int fd, bool ok, bool said)
{
	uint64_t word = finish_queue(a, fd, ok);

	if (atomic_load(&a->cut) && ok && !a->tls) {
		rp_sys(SYS_shutdown, fd, SHUT_WR);
		linger(fd);
		return;
	}
	if (!ok && !a->tls) { /* half of an answer is out: nothing may come behind it */
		rp_sys(SYS_shutdown, fd, SHUT_RDWR);
		return;
	}
	if (a->tls || !(word & (RP_QUEUE_SHUT | RP_QUEUE_CLOSED)) || has_heir(a))
		return;
	if (said || atomic_load(&a->sent) || word & RP_QUEUE_SHUT)
		rp_sys(SYS_shutdown, fd, SHUT_WR);
	if (word & RP_QUEUE_CLOSED && (said || atomic_load(&a->sent)))
		linger(fd);
}

/* ---- its life -------------------------------------------------------------------------------- */

/* The host may have closed it since, and have another one under that number. */
static bool is_that_of(const struct rp_answer *a)
{
	struct stat st;

	return rp_sys(SYS_fstat, a->fd, &st) == 0 && st.st_dev == a->device &&
	       st.st_ino == a->inode;
}

/* The descriptor of A, which is the host's under the same number; -1: it cannot be had. */
static int take(struct rp_answer *a, char *memory)
{
	bool more = false;
	int fd = rp_table_own_with(a->fd, a->set, &more) && memory != MAP_FAILED ? a->fd : -1;

	if (fd >= 0 && !is_that_of(a)) {
		rp_sys(SYS_close, fd);
		fd = -1;
	}
	if (memory != MAP_FAILED) {
		a->head = memory;
		a->queue = memory + RP_ANSWER_HEAD_BYTES;
	}
	a->patient = !more; /* nobody could be told that there is room again */
	atomic_store(&a->taken, fd >= 0 ? RP_TAKEN_YES : RP_TAKEN_NO);
	rp_sys(SYS_futex, &a->taken, FUTEX_WAKE_PRIVATE, RP_MAX_ANSWERS);
	return fd;
}

static void give_back(struct rp_answer *a, char *memory, int fd)
{
	if (fd >= 0)
		rp_sys(SYS_close, fd);
	atomic_store(&a->conn, NULL); /* who finds it now would change what is free by then */
	if (!wait_holders(a)) {
		rp_answer_lose(a);
		wake_all();
		return;
	}
	if (memory != MAP_FAILED)
		munmap(memory, MEMORY_BYTES);
	rp_answer_end(a);
	wake_all();
}

static void *run(void *arg)
{
	struct rp_answer *a = arg;

	rp_self.ours = true;
	rp_sys(SYS_prctl, PR_SET_NAME, "reqprof-answer");
	char *memory = mmap(NULL, MEMORY_BYTES, PROT_READ | PROT_WRITE,
	                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	int fd = take(a, memory);
	bool due = wait_due(a);

	if (fd >= 0) {
		bool ok = !due || answer(a, fd);

		wait_turn(a);
		finish(a, fd, ok, due);
	}
	give_back(a, memory, fd);
	return NULL;
}

bool rp_answers_start(struct rp_answer *a)
{
	return rp_thread_start(run, a, STACK_BYTES) == 0;
}

static bool any_due(void)
{
	for (unsigned i = 0; i < RP_MAX_ANSWERS; i++)
		if (atomic_load(&rp_answers[i].state) == RP_ANSWER_DUE)
			return true;
	return false;
}

void rp_answers_settle(void)
{
	for (unsigned ms = 0; ms < RP_EXIT_PAGE_MS && any_due(); ms += 2) {
		struct timespec t = {0, 2000000};

		rp_sys(SYS_nanosleep, &t, 0);
	}
}

void rp_answers_forked(void)
{
	memset(written, 0, sizeof(written));
	rp_answer_forked();
}
