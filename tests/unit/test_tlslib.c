/* test_tlslib.c - whose an object is: libssl, twice, loaded here as hosts load it.
 *
 * Room: tests.  Where there is no libssl on this machine there is nothing to tell apart: said.
 * SPDX-License-Identifier: MIT
 */
#include "preload/hot/tlslib.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "preload/hot/tables.h"
#include "tests/support/folder.h"
#include "tests/support/suite.h"

/* A libssl, an SSL of it, and calls by which it is made to speak. */
struct library {
	void *handle, *context;
};

static struct library ours, other;
static char folder[64];
static int folder_fd;

static void enter(void)
{
	folder_fd = folder_make(folder, sizeof(folder), "test_tlslib");
}

static void leave(void)
{
	folder_remove(folder_fd, folder);
}

/* A call of L's; arguments that it does not take do no harm. */
static void *ask(struct library *l, const char *name, void *a, void *b, void *c)
{
	void *(*call)(void *, void *, void *) =
	        (void *(*)(void *, void *, void *))dlsym(l->handle, name);

	return call(a, b, c);
}

/* The file of OURS under another name, inside and outside: the loader takes it for another. */
static bool copy_library(char *path, size_t cap)
{
	static const char name[] = "libssl.so.3", anew[] = "libssl.so.9";
	static char image[4 << 20];
	struct link_map *map;

	dlinfo(ours.handle, RTLD_DI_LINKMAP, &map);
	FILE *from = fopen(map->l_name, "r");
	size_t n = from ? fread(image, 1, sizeof(image), from) : 0;

	for (char *at = image;
	     n && (at = memmem(at, n - (size_t)(at - image), name, sizeof(name)));)
		memcpy(at, anew, sizeof(anew));
	snprintf(path, cap, "%s/%s", folder, anew);
	FILE *to = fopen(path, "w");
	bool done = from && to && n && fwrite(image, 1, n, to) == n;

	if (from)
		fclose(from);
	return to && fclose(to) == 0 && done;
}

static void *context(struct library *l)
{
	return ask(l, "SSL_CTX_new", ask(l, "TLS_method", NULL, NULL, NULL), NULL, NULL);
}

static bool ready(void)
{
	char path[4096];

	ours.handle = dlopen("libssl.so.3", RTLD_NOW | RTLD_LOCAL);
	if (!ours.handle || !copy_library(path, sizeof(path)) ||
	    !(other.handle = dlopen(path, RTLD_NOW | RTLD_LOCAL))) {
		puts("SKIP: no libssl.so.3 that can be loaded twice");
		return false;
	}
	ours.context = context(&ours);
	other.context = context(&other);
	return true;
}

static const struct rp_tlslib *of(const void *object)
{
	return rp_tlslib_of(object, RP_TLS_SSL_new, __builtin_return_address(0));
}

START_TEST(an_object_tells_which_copy_made_it)
{
	if (!ready())
		return;
	for (unsigned round = 0; round < 6; round++) {
		struct library *l = round % 2 ? &ours : &other;
		void *ssl = ask(l, "SSL_new", l->context, NULL, NULL);
		const struct rp_tlslib *lib = of(ssl);

		ck_assert_ptr_nonnull(lib);
		ck_assert_ptr_eq(lib->fn[RP_TLS_SSL_read], dlsym(l->handle, "SSL_read"));
		ck_assert_ptr_eq(lib->fn[RP_TLS_SSL_write_ex], dlsym(l->handle, "SSL_write_ex"));
		ck_assert_ptr_null(lib->fn[RP_TLS_gnutls_record_send]);
		ck_assert_ptr_eq(of(ssl), lib);
		if (round == 3) { /* a dlclose: what was known is looked at again */
			rp_tables_unloading();
			rp_tables_unloaded();
			ck_assert_ptr_eq(of(ssl), lib);
		}
		ask(l, "SSL_free", ssl, NULL, NULL);
	}
}
END_TEST

START_TEST(what_tells_nothing_is_taken_for_what_there_is)
{
	static const char blank[64];

	if (!ready())
		return;
	ck_assert_ptr_nonnull(of(blank));
	ck_assert_ptr_nonnull(of(NULL));
	/* A library of what is tested may bring GnuTLS with it. */
	if (!dlopen("libgnutls.so.30", RTLD_LAZY | RTLD_NOLOAD))
		ck_assert_ptr_null(rp_tlslib_of(blank, RP_TLS_gnutls_init, NULL));
}
END_TEST

/* CLIENT's first flight into SERVER; the random bytes that it holds. */
static void greet(struct library *l, void *client, void *server)
{
	void *mem = ask(l, "BIO_s_mem", NULL, NULL, NULL),
	     *wire = ask(l, "BIO_new", mem, NULL, NULL);
	void *back = ask(l, "BIO_new", mem, NULL, NULL),
	     *unused = ask(l, "BIO_new", mem, NULL, NULL);

	ask(l, "SSL_set_bio", client, unused, wire);
	ask(l, "BIO_up_ref", wire, NULL, NULL);
	ask(l, "SSL_set_bio", server, wire, back);
	ask(l, "SSL_connect", client, NULL, NULL);
	ask(l, "SSL_accept", server, NULL,
	    NULL); /* fails for want of a certificate: the hello was read */
	ask(l, "ERR_clear_error", NULL, NULL, NULL);
}

START_TEST(a_server_is_known_by_its_clients_hello)
{
	if (!ready())
		return;
	struct library *l = &ours;
	void *client = ask(l, "SSL_new", l->context, NULL, NULL),
	     *server = ask(l, "SSL_new", l->context, NULL, NULL);
	unsigned char random[32];

	ck_assert_uint_eq(rp_tlslib_hello(of(client), RP_TLS_SSL_new, client), 0);
	greet(l, client, server);
	ck_assert_uint_eq(rp_tlslib_hello(of(client), RP_TLS_SSL_new, client), 0);
	uint64_t hello = rp_tlslib_hello(of(server), RP_TLS_SSL_new, server), wanted = 0;

	ask(l, "SSL_get_client_random", client, random, (void *)32);
	for (unsigned i = 24; i < 32; i++)
		wanted = wanted << 8 | random[i];
	ck_assert_uint_eq(hello, wanted);
	ck_assert_uint_ne(hello, 0);
	ck_assert_ptr_null(ask(l, "ERR_peek_error", NULL, NULL, NULL));
	ck_assert_uint_eq(rp_tlslib_hello(NULL, RP_TLS_SSL_new, server), 0);
	ask(l, "SSL_free", client, NULL, NULL);
	ask(l, "SSL_free", server, NULL, NULL);
}
END_TEST

START_TEST(errno_is_the_hosts)
{
	if (!ready())
		return;
	void *ssl = ask(&other, "SSL_new", other.context, NULL, NULL);

	errno = 4242;
	of(ssl);
	rp_tlslib_hello(of(ssl), RP_TLS_SSL_new, ssl);
	ck_assert_int_eq(errno, 4242);
	ask(&other, "SSL_free", ssl, NULL, NULL);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("tlslib");
	TCase *tcase = tcase_create("tlslib");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_checked_fixture(tcase, enter, leave);
	tcase_add_test(tcase, an_object_tells_which_copy_made_it);
	tcase_add_test(tcase, what_tells_nothing_is_taken_for_what_there_is);
	tcase_add_test(tcase, a_server_is_known_by_its_clients_hello);
	tcase_add_test(tcase, errno_is_the_hosts);
	return suite_run(suite);
}
