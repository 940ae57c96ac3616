/* tlslib.c - see tlslib.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/tlslib.h"

#include <link.h>
#include <stddef.h>
#include <string.h>
#include "preload/hot/dynamic.h"
#include "preload/hot/tables.h"
#include "preload/real.h"

/* An SSL begins with numbers and pointers; one of the first leads to the methods of its library. */
enum { WORDS = 8, MAX_LIBS = 32, MAX_FOUND = 8, RANDOM_BYTES = 32 };

bool (*rp_tlslib_enter)(void);
void (*rp_tlslib_leave)(void);

static const char *const names[RP_N_TLS] = {
#define NAME(name) #name,
        RP_TLSLIB_NAMES(NAME)
#undef NAME
};

static struct rp_tlslib libs[MAX_LIBS]; /* those that were met; an entry changes only when stale */
static _Atomic uint32_t n_libs;
static unsigned n_startup;
static struct { /* when the modules were looked through */
	_Atomic uint32_t unloads;
	_Atomic uint64_t subs; /* the loader's count of modules that went */
} looked;

/* Objects that show nothing, and what they were taken for while nothing was loaded or unloaded. */
static struct {
	_Atomic uint64_t moves;
	_Atomic(const struct rp_tlslib *) lib;
} usual[RP_N_TLS];

static uint64_t moves(void)
{
	return (uint64_t)atomic_load(&rp_tables_loads) << 32 | atomic_load(&rp_tables_unloads);
}

static bool is_good(const struct rp_tlslib *lib, enum rp_tls_name makes, uint32_t unloads)
{
	return atomic_load_explicit(&lib->unloads, memory_order_acquire) == unloads &&
	       lib->fn[makes];
}

static const struct rp_tlslib *known(const void *object, enum rp_tls_name makes)
{
	uint32_t n = atomic_load_explicit(&n_libs, memory_order_acquire);
	uint32_t unloads = atomic_load_explicit(&rp_tables_unloads, memory_order_acquire);
	const uintptr_t *words = object;

	for (uint32_t i = 0; i < n; i++) {
		if (!is_good(&libs[i], makes, unloads))
			continue;
		for (unsigned w = 0; w < WORDS; w++)
			if (words[w] - libs[i].lo < libs[i].hi - libs[i].lo)
				return &libs[i];
	}
	return NULL;
}

struct look {
	const void *caller;
	struct rp_dynamic linked; /* the caller's module */
	bool has_caller, past_us;
	unsigned n_seen, n;
	uint64_t subs;
	void *over[RP_N_TLS]; /* of another preloaded library behind us: it stands in front, too */
	struct rp_tlslib found[MAX_FOUND];
	bool needed[MAX_FOUND]; /* the caller was linked with it */
};

static int find_caller(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct look *look = arg;

	(void)size;
	look->has_caller = rp_dynamic_read(&look->linked, info) &&
	                   rp_dynamic_holds(&look->linked, look->caller);
	return look->has_caller;
}

/* What a program was started with is searched first, in this order, and a library without versions
 * answers to any: there the loader would have found the function, had we not been in front. */
static void see_startup(struct look *look, const struct rp_dynamic *d)
{
	if (rp_dynamic_holds(d, &rp_real))
		look->past_us = true;
	else if (look->past_us && !d->versioned)
		for (unsigned i = 0; i < RP_N_TLS; i++)
			if (!look->over[i])
				look->over[i] = rp_dynamic_find(d, names[i]);
}

static int see(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct look *look = arg;
	struct rp_dynamic d;
	bool startup = look->n_seen++ < n_startup;

	(void)size;
	look->subs = info->dlpi_subs;
	if (!rp_dynamic_read(&d, info))
		return 0;
	if (startup)
		see_startup(look, &d);
	if (look->n == MAX_FOUND || (!rp_dynamic_find(&d, names[RP_TLS_SSL_new]) &&
	                             !rp_dynamic_find(&d, names[RP_TLS_gnutls_init])))
		return 0;
	struct rp_tlslib *lib = &look->found[look->n];

	lib->lo = d.lo;
	lib->hi = d.hi;
	for (unsigned i = 0; i < RP_N_TLS; i++)
		lib->fn[i] = rp_dynamic_find(&d, names[i]);
	look->needed[look->n++] =
	        look->has_caller && d.soname && rp_dynamic_needs(&look->linked, d.soname);
	return 0;
}

/* An entry that nobody may believe any more, or a fresh one. */
static struct rp_tlslib *room(uint32_t unloads)
{
	uint32_t n = atomic_load(&n_libs);

	if (n < MAX_LIBS)
		return &libs[n];
	for (uint32_t i = 0; i < n; i++)
		if (atomic_load(&libs[i].unloads) != unloads)
			return &libs[i];
	return NULL;
}

static const struct rp_tlslib *keep(const struct rp_tlslib *lib, uint32_t unloads)
{
	uint32_t n = atomic_load(&n_libs);

	for (uint32_t i = 0; i < n; i++)
		if (libs[i].lo == lib->lo && libs[i].hi == lib->hi &&
		    memcmp(libs[i].fn, lib->fn, sizeof(lib->fn)) == 0) {
			atomic_store(&libs[i].unloads, unloads);
			return &libs[i];
		}
	struct rp_tlslib *to = room(unloads);

	if (!to)
		return NULL;
	to->lo = lib->lo;
	to->hi = lib->hi;
	memcpy(to->fn, lib->fn, sizeof(to->fn));
	atomic_store_explicit(&to->unloads, unloads, memory_order_release);
	if (to == &libs[n])
		atomic_store_explicit(&n_libs, n + 1, memory_order_release);
	return to;
}

/* Every library that is there now is kept; the one that CALLER means, or the first, is returned.
 * ALONE: there is no other. */
static const struct rp_tlslib *look_around(const void *caller, enum rp_tls_name makes, bool *alone)
{
	struct look look = {.caller = caller};
	const struct rp_tlslib *first = NULL, *meant = NULL;
	uint32_t unloads = atomic_load(&rp_tables_unloads);
	unsigned n = 0;

	dl_iterate_phdr(find_caller, &look);
	dl_iterate_phdr(see, &look);
	for (unsigned f = 0; f < look.n; f++) {
		for (unsigned i = 0; i < RP_N_TLS; i++)
			if (look.over[i])
				look.found[f].fn[i] = look.over[i];
		const struct rp_tlslib *kept = keep(&look.found[f], unloads);

		if (!kept || !kept->fn[makes])
			continue;
		n++;
		first = first ? first : kept;
		meant = !meant && look.needed[f] ? kept : meant;
	}
	atomic_store(&looked.subs, look.subs);
	atomic_store(&looked.unloads, unloads);
	*alone = n == 1;
	return meant ? meant : first;
}

static int count_subs(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	*(unsigned long long *)arg = info->dlpi_subs;
	return 1;
}

/* What may have unloaded something (a dlclose, an iconv_open) did not: all is as it was. */
static void renew(void)
{
	uint32_t now = atomic_load(&rp_tables_unloads), then = atomic_load(&looked.unloads);
	uint32_t n = atomic_load(&n_libs);
	unsigned long long subs = 0;

	if (now == then || !n)
		return;
	dl_iterate_phdr(count_subs, &subs);
	if (subs != atomic_load(&looked.subs))
		return;
	for (uint32_t i = 0; i < n; i++)
		if (atomic_load(&libs[i].unloads) == then)
			atomic_store(&libs[i].unloads, now);
	atomic_store(&looked.unloads, now);
}

static const struct rp_tlslib *meet(const void *object, enum rp_tls_name makes, const void *caller)
{
	uint64_t now = moves();
	bool alone = false, entered;

	if (atomic_load(&usual[makes].moves) == now + 1)
		return atomic_load(&usual[makes].lib);
	entered = rp_tlslib_enter && rp_tlslib_enter();
	renew();
	const struct rp_tlslib *made = object ? known(object, makes) : NULL;
	const struct rp_tlslib *guess = made ? made : look_around(caller, makes, &alone);

	if (!made && object)
		made = known(object, makes);
	if (!made && alone) {
		atomic_store(&usual[makes].lib, guess);
		atomic_store(&usual[makes].moves, now + 1);
	}
	if (entered)
		rp_tlslib_leave();
	return made ? made : guess;
}

const struct rp_tlslib *rp_tlslib_of(const void *object, enum rp_tls_name makes, const void *caller)
{
	const struct rp_tlslib *lib = object ? known(object, makes) : NULL;

	return rp_likely(lib != NULL) ? lib : meet(object, makes, caller);
}

static uint64_t last_eight(const unsigned char *random)
{
	uint64_t end;

	memcpy(&end, random + RANDOM_BYTES - sizeof(end), sizeof(end));
	return __builtin_bswap64(end);
}

static uint64_t openssl_hello(const struct rp_tlslib *lib, const void *ssl)
{
	int (*is_server)(const void *) = lib->fn[RP_TLS_SSL_is_server];
	size_t (*client_random)(const void *, unsigned char *, size_t) =
	        lib->fn[RP_TLS_SSL_get_client_random];
	unsigned char random[RANDOM_BYTES];

	if (!is_server || !client_random || !is_server(ssl) ||
	    client_random(ssl, random, sizeof(random)) != sizeof(random))
		return 0;
	return last_eight(random);
}

static uint64_t gnutls_hello(const struct rp_tlslib *lib, const void *session)
{
	struct {
		const unsigned char *bytes;
		unsigned n;
	} client = {NULL, 0}, server = {NULL, 0};
	void (*get_random)(const void *, void *, void *) =
	        lib->fn[RP_TLS_gnutls_session_get_random];

	if (get_random)
		get_random(session, &client, &server);
	return client.bytes && client.n == RANDOM_BYTES ? last_eight(client.bytes) : 0;
}

uint64_t rp_tlslib_hello(const struct rp_tlslib *lib, enum rp_tls_name makes, const void *object)
{
	if (!lib || !object)
		return 0;
	return makes == RP_TLS_SSL_new ? openssl_hello(lib, object) : gnutls_hello(lib, object);
}

static RP_EARLY int count_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)info;
	(void)size;
	++*(unsigned *)arg;
	return 0;
}

RP_EARLY void rp_tlslib_boot(void)
{
	n_startup = 0;
	dl_iterate_phdr(count_one, &n_startup);
}
