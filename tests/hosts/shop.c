/* shop.c - the server of `make demo` and of the README: a small web shop, a thread a connection.
 *
 * Room: tests/hosts.  `shop [PORT] [truth]`; with "truth" every step says on stderr how long it
 * really took.  /cart burns about 100 ms of CPU, /stock asks another server, /ledger waits for a
 * lock, /card sleeps, /receipt writes to the disk, /checkout does it all, / is quick.
 * SPDX-License-Identifier: MIT
 */
#include <semaphore.h>
#include "http.h"

#define NOINLINE __attribute__((noinline))

enum { CART_CPU_MS = 100, WAREHOUSE_MS = 60, AUDIT_MS = 40, CARD_MS = 30, N_COUPONS = 24 };

struct item {
	int64_t price_micros; /* of a cent */
	uint32_t quantity, seed;
};

static uint32_t cart_size = 1; /* items that take CART_CPU_MS on this machine */
static int warehouse_port;
static bool tells_truth;

/* What a step really took, by its own clocks. */
struct watch {
	int64_t wall_us, cpu_us;
};

static int64_t clock_us(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static struct watch watch_start(void)
{
	return (struct watch){clock_us(CLOCK_MONOTONIC), clock_us(CLOCK_THREAD_CPUTIME_ID)};
}

static void watch_stop(const struct watch *w, const char *step)
{
	if (tells_truth)
		fprintf(stderr, "truth %s wall_us=%lld cpu_us=%lld\n", step,
		        (long long)(clock_us(CLOCK_MONOTONIC) - w->wall_us),
		        (long long)(clock_us(CLOCK_THREAD_CPUTIME_ID) - w->cpu_us));
}

static void pause_ms(int ms)
{
	nanosleep(&(struct timespec){0, ms * 1000000l}, NULL);
}

/* CPU: the price of a cart. */

/* To whole cents; halves go to the even one. */
static NOINLINE int64_t round_money(int64_t micros)
{
	int64_t cents = micros / 1000000, rest = micros % 1000000;

	for (int digit = 0; digit < 6; digit++) /* as it is done on paper: digit by digit */
		rest = rest / 10 + (rest % 10 > 5);
	return cents + (rest > 0 || (rest == 0 && (cents & 1)));
}

static NOINLINE int64_t apply_discounts(const struct item *item)
{
	int64_t micros = item->price_micros * item->quantity, best = micros / 1000000;
	uint32_t dice = item->seed;

	for (int coupon = 0; coupon < N_COUPONS; coupon++) {
		dice = dice * 1664525u + 1013904223u;
		int64_t percent = dice >> 28, cents = round_money(micros * (100 - percent) / 100);

		if (cents < best)
			best = cents;
	}
	return best;
}

/* What an item costs today: the shop's own model, which nobody has ever understood. */
static NOINLINE struct item look_up(uint32_t number)
{
	struct item item = {.quantity = 1 + number % 5, .seed = number};

	for (int day = 0; day < 365; day++)
		item.seed ^= item.seed << 13, item.seed ^= item.seed >> 17,
		        item.seed ^= item.seed << 5;
	item.price_micros = 1000000 + item.seed % 90000000;
	return item;
}

static NOINLINE int64_t price_items(uint32_t n)
{
	int64_t cents = 0;

	for (uint32_t i = 0; i < n; i++) {
		struct item item = look_up(i + 1);

		cents += apply_discounts(&item);
	}
	return cents;
}

static NOINLINE int64_t price_cart(void)
{
	struct watch w = watch_start();
	int64_t cents = price_items(cart_size);

	watch_stop(&w, "price_cart");
	return cents;
}

/* As many items as this machine prices in CART_CPU_MS. */
static void fill_cart(void)
{
	volatile int64_t cents;
	int64_t took_us = 0;

	for (cart_size = 64; took_us < 20000; cart_size *= 2) {
		took_us = -clock_us(CLOCK_THREAD_CPUTIME_ID);
		cents = price_items(cart_size);
		took_us += clock_us(CLOCK_THREAD_CPUTIME_ID);
	}
	(void)cents;
	cart_size = (uint32_t)(cart_size / 2 * (CART_CPU_MS * 1000.0 / (double)took_us));
}

/* Another server: the warehouse, on a port and a thread of its own. */

static bool warehouse_serve(int fd, const struct http_request *q)
{
	(void)q;
	pause_ms(WAREHOUSE_MS);
	return http_answer(fd, "in stock\n");
}

static void *warehouse_connection(void *arg)
{
	int fd = (int)(intptr_t)arg;
	struct http_request q;

	if (http_read(fd, &q))
		warehouse_serve(fd, &q);
	close(fd);
	return NULL;
}

static void *warehouse(void *arg)
{
	int listener = (int)(intptr_t)arg;

	for (;;) {
		int fd = accept(listener, NULL, NULL);
		pthread_t thread;

		if (fd < 0)
			continue;
		if (pthread_create(&thread, NULL, warehouse_connection, (void *)(intptr_t)fd) != 0)
			close(fd);
		else
			pthread_detach(thread);
	}
	return NULL;
}

static int connect_to(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static NOINLINE bool ask_warehouse(void)
{
	static const char question[] = "GET /stock HTTP/1.1\r\nHost: warehouse\r\n\r\n";
	struct watch w = watch_start();
	char answer[512];
	int fd = connect_to(warehouse_port);
	bool ok = fd >= 0 && http_send_all(fd, question, sizeof(question) - 1) &&
	          recv(fd, answer, sizeof(answer), 0) > 0;

	if (fd >= 0)
		close(fd);
	watch_stop(&w, "ask_warehouse");
	return ok;
}

/* A lock: the bookkeeper audits the ledger for a while whenever he is called. */

static pthread_mutex_t ledger = PTHREAD_MUTEX_INITIALIZER;
static sem_t bookkeeper_called, audit_began;
static int64_t ledger_cents;

static void *bookkeeper(void *arg)
{
	for (;;) {
		if (sem_wait(&bookkeeper_called) != 0)
			continue;
		pthread_mutex_lock(&ledger);
		sem_post(&audit_began);
		pause_ms(AUDIT_MS);
		pthread_mutex_unlock(&ledger);
	}
	return arg;
}

static NOINLINE void book_order(int64_t cents)
{
	struct watch w = watch_start();

	sem_post(&bookkeeper_called);
	while (sem_wait(&audit_began) != 0)
		;
	pthread_mutex_lock(&ledger);
	ledger_cents += cents;
	pthread_mutex_unlock(&ledger);
	watch_stop(&w, "book_order");
}

/* Time, and the disk. */

static NOINLINE void authorize_card(void)
{
	struct watch w = watch_start();

	pause_ms(CARD_MS);
	watch_stop(&w, "authorize_card");
}

static NOINLINE bool write_receipt(int64_t cents)
{
	struct watch w = watch_start();
	const char *folder = getenv("TMPDIR");
	char path[512];
	int n = snprintf(path, sizeof(path), "%s/receipt-XXXXXX", folder ? folder : "/tmp");
	int fd = n < (int)sizeof(path) ? mkstemp(path) : -1;
	bool ok = fd >= 0 && dprintf(fd, "paid %lld\n", (long long)cents) > 0 && fsync(fd) == 0;

	if (fd >= 0) {
		unlink(path);
		close(fd);
	}
	watch_stop(&w, "write_receipt");
	return ok;
}

/* The routes. */

static bool failed(int fd, const char *what)
{
	static const char form[] =
	        "HTTP/1.1 503 Service Unavailable\r\nContent-Length: %zu\r\n\r\n%s";
	char whole[512];
	int n = snprintf(whole, sizeof(whole), form, strlen(what), what);

	return http_send_all(fd, whole, (size_t)n);
}

static NOINLINE bool checkout(int fd)
{
	int64_t cents = price_cart();

	if (!ask_warehouse())
		return failed(fd, "the warehouse does not answer\n");
	authorize_card();
	book_order(cents);
	if (!write_receipt(cents))
		return failed(fd, "the receipt cannot be written\n");
	return http_answer(fd, "paid %lld\n", (long long)cents);
}

static bool show_cart(int fd)
{
	return http_answer(fd, "%u items, %lld\n", cart_size, (long long)price_cart());
}

static bool show_stock(int fd)
{
	return ask_warehouse() ? http_answer(fd, "in stock\n") : failed(fd, "no answer\n");
}

static bool show_ledger(int fd)
{
	book_order(0);
	return http_answer(fd, "booked\n");
}

static bool show_card(int fd)
{
	authorize_card();
	return http_answer(fd, "authorized\n");
}

static bool show_receipt(int fd)
{
	return write_receipt(0) ? http_answer(fd, "written\n") : failed(fd, "not written\n");
}

static bool show_home(int fd)
{
	return http_answer(fd, "welcome\n");
}

static bool serve(int fd, const struct http_request *q)
{
	static const struct {
		const char *path;
		bool (*answer)(int fd);
	} routes[] = {
	        {"/", show_home},         {"/cart", show_cart}, {"/stock", show_stock},
	        {"/ledger", show_ledger}, {"/card", show_card}, {"/receipt", show_receipt},
	        {"/checkout", checkout},
	};
	struct watch w = watch_start();

	for (size_t i = 0; i < sizeof(routes) / sizeof(routes[0]); i++)
		if (strcmp(q->path, routes[i].path) == 0) {
			bool ok = routes[i].answer(fd);

			watch_stop(&w, q->path);
			return ok;
		}
	return http_not_found(fd);
}

static void start(void *(*work)(void *), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, work, arg) == 0) {
		pthread_detach(thread);
		return;
	}
	fputs("shop: no thread\n", stderr);
	exit(1);
}

int main(int argc, char **argv)
{
	tells_truth = argc > 2 && strcmp(argv[2], "truth") == 0;
	int supplier = http_listen_on(0, 16);

	warehouse_port = http_port(supplier);
	sem_init(&bookkeeper_called, 0, 0);
	sem_init(&audit_began, 0, 0);
	fill_cart();
	start(warehouse, (void *)(intptr_t)supplier);
	start(bookkeeper, NULL);
	http_threads(http_listen(argc, argv), serve);
	return 0;
}
