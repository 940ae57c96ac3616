/* asker.c - asks a server at a steady rate, some requests flagged, and says how long the others
 * took.
 *
 * Room: tests/hosts; no server.  `asker PORT CONNECTIONS STREAMS RATE SECONDS ONE_IN TARGET
 * FLAGGED`: STREAMS 0 is HTTP/1.1, else HTTP/2 with as many at once on a connection; RATE requests
 * a second, 0: the next when one is answered; about one in ONE_IN (0: none) asks for FLAGGED.
 * Prints answers, flagged, failed, changed, and of the unflagged the median, the 99th percentile of
 * two times in us.  The first begins when a request is due (a server that stalls is not asked less)
 * and ends when we have read its answer: who competes with us for a processor is in it.  The second
 * is what a client elsewhere would see: from when we sent it until the kernel had the answer for
 * us. SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include "truth.h"

enum { MOST = 32 << 10, PATIENCE_NS = 1000000000, N_TIMES = 1 << 20 };

/* What a connection has open: HTTP/1.1 one request, HTTP/2 a stream. */
struct slot {
	struct connection *on;
	uint32_t stream;
	bool open, flagged, ok;
	int64_t due_ns, sent_ns; /* by the clock of the machine, by that of its kernel's stamps */
	size_t n;
	char bytes[MOST]; /* HTTP/1.1: of the whole answer; HTTP/2: of its body */
};

struct connection {
	int fd;
	uint32_t next_stream;
	size_t n;
	char bytes[MOST];
	struct slot *slots;
};

static struct {
	int port, n_connections, n_streams, one_in;
	double rate;
	const char *target, *flagged;
} how;
static struct connection *connections;
static struct slot **idle; /* a ring: each connection has its turn */
static unsigned n_slots, idle_first, idle_end;
static int epoll;
static int64_t began_ns, end_ns, arrived_ns;
static uint64_t n_sent, n_answers, n_flagged, n_failed, n_changed, n_times;
static uint32_t times_ns[N_TIMES], elsewhere_ns[N_TIMES];
static char wanted[MOST];
static size_t n_wanted;

static int64_t as_ns(struct timespec t)
{
	return t.tv_sec * 1000000000ll + t.tv_nsec;
}

static int64_t clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return as_ns(t);
}

static int64_t now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* ---- answers ---- */

/* What is another's each time, or ours, does not count: those lines of a head are taken out. */
static size_t without_lines(char *head, size_t n)
{
	static const char *const lines[] = {"\r\nDate:", "\r\nX-Reqprof-Id:", "\r\nServer-Timing:"};

	for (size_t i = 0; i < 3; i++) {
		char *at = memmem(head, n, lines[i], strlen(lines[i]));
		char *to = at ? memmem(at + 2, n - (size_t)(at + 2 - head), "\r\n", 2) : NULL;

		if (!to)
			continue;
		memmove(at, to, n - (size_t)(to - head));
		n -= (size_t)(to - at);
	}
	return n;
}

static void judge(struct slot *s)
{
	size_t n = how.n_streams ? s->n : without_lines(s->bytes, s->n);

	if (!n_wanted && !s->flagged) {
		memcpy(wanted, s->bytes, n);
		n_wanted = n;
	}
	if (n_wanted && (n != n_wanted || memcmp(wanted, s->bytes, n) != 0) && !n_changed++)
		fprintf(stderr, "asker: changed:\n%.*s\n", (int)n, s->bytes);
}

static uint32_t within(int64_t ns)
{
	return (uint32_t)(ns < 0 ? 0 : ns < UINT32_MAX ? ns : UINT32_MAX);
}

static void end(struct slot *s)
{
	int64_t took_ns = now_ns() - s->due_ns;

	if (!s->open)
		return;
	s->open = false;
	idle[idle_end++ % n_slots] = s;
	if (!s->ok) {
		n_failed++;
		return;
	}
	n_answers++;
	judge(s);
	if (s->flagged || n_times == N_TIMES)
		return;
	elsewhere_ns[n_times] = within(arrived_ns - s->sent_ns);
	times_ns[n_times++] = within(took_ns);
}

/* ---- connections ---- */

static void put(struct connection *c, const char *bytes, size_t n)
{
	if (send(c->fd, bytes, n, MSG_NOSIGNAL) != (ssize_t)n && n_failed < 3)
		perror("asker: send");
}

static void dial(struct connection *c)
{
	static const char hello[] =
	        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
	        "\0\0\x0c\4\0\0\0\0\0" /* no table of header fields, all of the window */
	        "\0\1\0\0\0\0"
	        "\0\4\x7f\xff\xff\xff"
	        "\0\0\4\x8\0\0\0\0\0\x7f\xff\0\0";
	struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
	int yes = 1;

	c->fd = truth_connect(how.port, 0);
	c->next_stream = 1;
	c->n = 0;
	setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	setsockopt(c->fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes));
	epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &e);
	if (how.n_streams)
		put(c, hello, sizeof(hello) - 1);
}

/* What was open on it has failed. */
static void redial(struct connection *c)
{
	close(c->fd);
	for (int i = 0; i < (how.n_streams ? how.n_streams : 1); i++) {
		c->slots[i].ok = false;
		end(&c->slots[i]);
	}
	dial(c);
}

/* ---- HTTP/1.1 ---- */

/* The bytes of the whole answer, 0 while its head is not there. */
static size_t whole(const struct connection *c)
{
	const char *end_of_head = memmem(c->bytes, c->n, "\r\n\r\n", 4);
	const char *length = end_of_head ? strcasestr(c->bytes, "\r\ncontent-length:") : NULL;

	if (!end_of_head)
		return 0;
	return (size_t)(end_of_head + 4 - c->bytes) +
	       (length && length < end_of_head ? strtoul(length + 17, NULL, 10) : 0);
}

static void take_answer(struct connection *c)
{
	struct slot *s = c->slots;
	size_t n = whole(c);

	if (!n || c->n < n)
		return;
	c->bytes[n < MOST ? n : MOST - 1] = 0;
	bool closes = strcasestr(c->bytes, "\r\nconnection: close");

	memcpy(s->bytes, c->bytes, n);
	s->n = n;
	s->ok = !memcmp(c->bytes, "HTTP/1.1 200", 12) && c->n == n && s->open;
	c->n = 0;
	end(s);
	if (closes)
		redial(c);
}

/* ---- HTTP/2 ---- */

static size_t put_word(char *to, char name, const char *value)
{
	size_t n = strlen(value);

	to[0] = name;
	to[1] = (char)n;
	memcpy(to + 2, value, n);
	return n + 2;
}

/* By the static table, and literals that no table keeps. */
static void send_stream(struct slot *s, const char *target)
{
	char frame[256] = "\0\0\0\1\5";
	size_t n = 9;

	s->stream = s->on->next_stream;
	s->on->next_stream += 2;
	frame[5] = (char)(s->stream >> 24);
	frame[6] = (char)(s->stream >> 16);
	frame[7] = (char)(s->stream >> 8);
	frame[8] = (char)s->stream;
	frame[n++] = (char)0x82;
	frame[n++] = (char)0x86;
	n += put_word(frame + n, 1, "truth");
	n += put_word(frame + n, 4, target);
	frame[2] = (char)(n - 9);
	put(s->on, frame, n);
}

static struct slot *of_stream(struct connection *c, uint32_t stream)
{
	for (int i = 0; i < how.n_streams; i++)
		if (c->slots[i].open && c->slots[i].stream == stream)
			return &c->slots[i];
	return NULL;
}

static void take_frame(struct connection *c, const unsigned char *f, size_t n)
{
	enum { DATA, HEADERS, RESET = 3, SETTINGS, PING = 6, GOAWAY };
	uint32_t stream = (uint32_t)f[5] << 24 | (uint32_t)f[6] << 16 | (uint32_t)f[7] << 8 | f[8];
	struct slot *s = of_stream(c, stream);
	const unsigned char *field = f + 9;

	if (f[3] == SETTINGS && !(f[4] & 1))
		put(c, "\0\0\0\4\1\0\0\0\0", 9);
	if (f[3] == PING && !(f[4] & 1)) {
		char pong[17] = "\0\0\x8\6\1";

		memcpy(pong + 9, f + 9, 8);
		put(c, pong, sizeof(pong));
	}
	if (!s)
		return;
	if (f[3] == DATA && s->n + n < MOST) {
		memcpy(s->bytes + s->n, f + 9, n);
		s->n += n;
	}
	if (f[3] == HEADERS) {
		while (n && (*field & 0xe0) == 0x20) /* a table is made smaller */
			field++;
		s->ok = *field == 0x88; /* 200 */
	}
	if (f[3] == RESET)
		s->ok = false;
	if (f[3] == RESET || (f[3] <= HEADERS && f[4] & 1))
		end(s);
}

static void take_frames(struct connection *c)
{
	size_t at = 0;

	while (c->n - at >= 9) {
		const unsigned char *f = (unsigned char *)c->bytes + at;
		size_t n = (size_t)f[0] << 16 | (size_t)f[1] << 8 | f[2];

		if (c->n - at < n + 9)
			break;
		take_frame(c, f, n);
		at += n + 9;
	}
	memmove(c->bytes, c->bytes + at, c->n - at);
	c->n -= at;
}

/* ---- the loop ---- */

static void ask(struct slot *s, int64_t due_ns)
{
	bool flagged = how.one_in && rand() % how.one_in == 0;
	const char *target = flagged ? how.flagged : how.target;
	char head[256];

	s->open = true;
	s->ok = false;
	s->flagged = flagged;
	s->due_ns = due_ns;
	s->sent_ns = clock_ns(CLOCK_REALTIME);
	s->n = 0;
	n_sent++;
	n_flagged += flagged;
	if (how.n_streams)
		send_stream(s, target);
	else
		put(s->on, head,
		    (size_t)snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\nHost: truth\r\n\r\n",
		                     target));
}

static int64_t next_due_ns(int64_t now)
{
	return how.rate > 0 ? began_ns + (int64_t)((double)n_sent * 1e9 / how.rate) : now;
}

/* As recv; when the last of what it read arrived is known then. */
static ssize_t take(int fd, char *bytes, size_t n_most)
{
	char control[CMSG_SPACE(sizeof(struct timespec))];
	struct iovec into = {bytes, n_most};
	struct msghdr m = {.msg_iov = &into,
	                   .msg_iovlen = 1,
	                   .msg_control = control,
	                   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(fd, &m, MSG_DONTWAIT);
	struct cmsghdr *stamp = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	struct timespec t;

	arrived_ns = clock_ns(CLOCK_REALTIME);
	if (stamp && stamp->cmsg_type == SCM_TIMESTAMPNS) {
		memcpy(&t, CMSG_DATA(stamp), sizeof(t));
		arrived_ns = as_ns(t);
	}
	return n;
}

static void hear(struct connection *c)
{
	ssize_t n = take(c->fd, c->bytes + c->n, MOST - 1 - c->n);

	if (n <= 0) {
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			redial(c);
		return;
	}
	c->n += (size_t)n;
	c->bytes[c->n] = 0;
	if (how.n_streams)
		take_frames(c);
	else
		take_answer(c);
}

static bool ask_who_is_due(int64_t now)
{
	while (now < end_ns && idle_first != idle_end && next_due_ns(now) <= now)
		ask(idle[idle_first++ % n_slots], next_due_ns(now));
	return now < end_ns || (idle_end - idle_first < n_slots && now < end_ns + PATIENCE_NS);
}

static void run(void)
{
	int64_t now;

	while (ask_who_is_due(now = now_ns())) {
		int64_t wait_ns = next_due_ns(now) - now;
		struct epoll_event events[64];
		struct timespec t = {0, wait_ns < 0 || now >= end_ns || wait_ns > 20000000 ||
		                                        idle_first == idle_end
		                                ? 20000000
		                                : wait_ns};
		int n = epoll_pwait2(epoll, events, 64, &t, NULL);

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr);
	}
	n_failed += n_slots - (idle_end - idle_first);
}

static void open_all(void)
{
	int each = how.n_streams ? how.n_streams : 1;

	n_slots = (unsigned)(how.n_connections * each);
	connections = calloc((size_t)how.n_connections, sizeof(*connections));
	idle = calloc(n_slots, sizeof(struct slot *));
	epoll = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < how.n_connections; i++) {
		connections[i].slots = calloc((size_t)each, sizeof(struct slot));
		dial(&connections[i]);
	}
	for (unsigned i = 0; i < n_slots; i++) {
		struct connection *c = &connections[i % (unsigned)how.n_connections];

		idle[i] = &c->slots[i / (unsigned)how.n_connections];
		idle[i]->on = c;
	}
	idle_end = n_slots;
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void print_percentiles(uint32_t *ns)
{
	qsort(ns, n_times, sizeof(*ns), by_size);
	printf(" %.1f %.1f", ns[n_times / 2] / 1e3, ns[n_times * 99 / 100] / 1e3);
}

int main(int argc, char **argv)
{
	if (argc != 9) {
		fprintf(stderr, "asker: see its first lines\n");
		return 2;
	}
	how.port = atoi(argv[1]);
	how.n_connections = atoi(argv[2]);
	how.n_streams = atoi(argv[3]);
	how.rate = atof(argv[4]);
	how.one_in = atoi(argv[6]);
	how.target = argv[7];
	how.flagged = argv[8];
	prctl(PR_SET_TIMERSLACK, 1);
	open_all();
	began_ns = now_ns();
	end_ns = began_ns + (int64_t)(atof(argv[5]) * 1e9);
	run();
	printf("%lu %lu %lu %lu", n_answers, n_flagged, n_failed, n_changed);
	print_percentiles(times_ns);
	print_percentiles(elsewhere_ns);
	printf("\n");
	return 0;
}
