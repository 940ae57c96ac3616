/* test_dynamic.c - what loaded modules export and need, against what the loader says.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/hot/dynamic.h"

#include <dlfcn.h>
#include <string.h>
#include "tests/support/suite.h"

static struct rp_dynamic modules[64];
static unsigned n_modules;

static int take(struct dl_phdr_info *info, size_t size, void *arg)
{
	(void)size;
	(void)arg;
	if (n_modules < 64 && rp_dynamic_read(&modules[n_modules], info))
		n_modules++;
	return 0;
}

static void list(void)
{
	n_modules = 0;
	dl_iterate_phdr(take, NULL);
}

static const struct rp_dynamic *called(const char *prefix)
{
	for (unsigned i = 0; i < n_modules; i++)
		if (modules[i].soname && !strncmp(modules[i].soname, prefix, strlen(prefix)))
			return &modules[i];
	return NULL;
}

/* Every symbol of D that dlsym finds there, too, is found at the same place. */
static unsigned compare(const struct rp_dynamic *d)
{
	void *handle = dlopen(d->soname, RTLD_NOLOAD | RTLD_LAZY);
	uint32_t n = d->sysv ? d->sysv[1] : 0, checked = 0;

	ck_assert_ptr_nonnull(handle);
	for (uint32_t i = 1; i < (n ? n : 500); i++) {
		const ElfW(Sym) *symbol = &d->symbols[i];
		const char *name = d->strings + symbol->st_name;

		if (symbol->st_shndx == SHN_UNDEF || ELF64_ST_TYPE(symbol->st_info) != STT_FUNC ||
		    d->versions[i] & 0x8000) /* not the current version */
			continue;
		void *known = dlsym(handle, name);

		if (!rp_dynamic_holds(d, known))
			continue; /* another module's */
		ck_assert_msg(rp_dynamic_find(d, name) == known, "%s", name);
		checked++;
	}
	dlclose(handle);
	return checked;
}

START_TEST(functions_are_where_the_loader_finds_them)
{
	list();
	const struct rp_dynamic *libc = called("libc.so");
	struct rp_dynamic slow = *libc;

	ck_assert_ptr_nonnull(libc);
	ck_assert(libc->versioned);
	ck_assert_uint_gt(compare(libc), 100);
	ck_assert_uint_gt(compare(called("libm.so")), 100);
	ck_assert_ptr_null(rp_dynamic_find(libc, "no_such_function"));
	ck_assert_ptr_null(rp_dynamic_find(libc, ""));
	ck_assert_ptr_null(rp_dynamic_find(libc, "environ")); /* no function */
	if (libc->sysv) { /* the old table of names, one by one */
		slow.gnu = NULL;
		ck_assert_ptr_eq(rp_dynamic_find(&slow, "qsort"), rp_dynamic_find(libc, "qsort"));
	}
}
END_TEST

START_TEST(a_module_needs_what_it_was_linked_with)
{
	list();
	ck_assert(rp_dynamic_needs(&modules[0], "libc.so.6"));
	ck_assert(!rp_dynamic_needs(&modules[0], "libc.so"));
	ck_assert(!rp_dynamic_needs(called("libc.so"), "libm.so.6"));
}
END_TEST

START_TEST(a_module_holds_its_own_addresses)
{
	list();
	ck_assert(rp_dynamic_holds(&modules[0], (const void *)(uintptr_t)rp_dynamic_find));
	ck_assert(rp_dynamic_holds(&modules[0], &n_modules));
	ck_assert(!rp_dynamic_holds(called("libc.so"), &n_modules));
	ck_assert(!rp_dynamic_holds(&modules[0], NULL));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("dynamic");
	TCase *tcase = tcase_create("dynamic");

	suite_add_tcase(suite, tcase);
	tcase_set_timeout(tcase, 60);
	tcase_add_test(tcase, functions_are_where_the_loader_finds_them);
	tcase_add_test(tcase, a_module_needs_what_it_was_linked_with);
	tcase_add_test(tcase, a_module_holds_its_own_addresses);
	return suite_run(suite);
}
