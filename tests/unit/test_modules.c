/* test_modules.c - what is loaded is known, what came and went is told apart.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/modules.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>
#include "preload/hot/tables.h"
#include "store/records.h"
#include "tests/support/suite.h"

enum { IMAGE_BYTES = 0x3000, CODE = 0x1000 };

static const struct rp_module *newest_with(const char *part)
{
	const struct rp_module *m = NULL;
	uint32_t n = 0;

	while (rp_modules_at(++n))
		if (strstr(rp_modules_at(n)->path, part))
			m = rp_modules_at(n);
	return m;
}

static const struct rp_tables *tables(void)
{
	const struct rp_tables *now = rp_tables_take();

	rp_tables_give();
	return now;
}

/* Has FILE these bytes anywhere? */
static bool file_holds(const char *path, const void *bytes, size_t n)
{
	static char content[4 << 20];
	FILE *file = fopen(path, "re");
	size_t got = file ? fread(content, 1, sizeof(content), file) : 0;

	if (file)
		fclose(file);
	return n && memmem(content, got, bytes, n);
}

START_TEST(the_process_knows_its_modules)
{
	char self[4096] = "";
	uint64_t vdso = getauxval(AT_SYSINFO_EHDR);
	const struct rp_module *m;

	ck_assert(!tables());
	ck_assert(rp_modules_refresh());
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	m = rp_modules_find((uint64_t)(uintptr_t)&newest_with, tables()->generation, false);
	ck_assert_str_eq(m->path, self);
	ck_assert_uint_eq(m->flags, RP_MODULE_MAIN);
	ck_assert(file_holds(self, m->build_id, m->n_build_id));
	m = rp_modules_find((uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version"), 1,
	                    false);
	ck_assert_ptr_nonnull(strstr(m->path, "libc.so"));
	ck_assert(file_holds(m->path, m->build_id, m->n_build_id));
	ck_assert_ptr_eq(rp_modules_find(m->lo, 1, false), m);
	ck_assert_ptr_ne(rp_modules_find(m->hi, 1, false), m);
	ck_assert_ptr_null(rp_modules_find(16, 1, false));
	m = rp_modules_find(vdso, 1, false);
	ck_assert_str_eq(m->path, "[vdso]");
	ck_assert_uint_eq(m->flags, RP_MODULE_VDSO);
	ck_assert_ptr_eq(m->image, (const void *)(uintptr_t)vdso);
	ck_assert_uint_eq(m->n_image % 4096, 0);
	ck_assert_int_eq(memcmp(m->image, ELFMAG, SELFMAG), 0);
}
END_TEST

START_TEST(the_published_set_is_sorted_and_has_rows)
{
	const struct rp_tables *now;

	ck_assert(rp_modules_refresh());
	now = tables();
	for (uint32_t i = 0; i < now->n_modules; i++) {
		const struct rp_module_rows *m = &now->modules[i];
		uint32_t n_pages = (uint32_t)((m->hi - m->lo) >> RP_ROWS_PAGE_BITS) + 2;

		ck_assert_uint_lt(m->lo, m->hi);
		ck_assert(i == 0 || now->modules[i - 1].hi <= m->lo);
		ck_assert_uint_gt(m->n_rows, 10);
		for (uint32_t r = 1; r < m->n_rows; r++)
			if (m->rows[r - 1].pc >= m->rows[r].pc)
				ck_abort_msg("row %u", r);
		for (uint32_t p = 0; p < n_pages; p++) {
			uint64_t begin = (uint64_t)p << RP_ROWS_PAGE_BITS;
			uint32_t n = m->pages[p];

			if (n > m->n_rows || (n && m->rows[n - 1].pc >= begin) ||
			    (n < m->n_rows && m->rows[n].pc < begin))
				ck_abort_msg("page %u", p);
		}
	}
}
END_TEST

START_TEST(nothing_new_means_the_same_set)
{
	const struct rp_tables *before;
	uint32_t generation;

	ck_assert(rp_modules_refresh());
	before = tables();
	generation = before->generation;
	ck_assert(rp_modules_refresh());
	ck_assert_ptr_eq(tables(), before);
	rp_tables_loading();
	ck_assert(rp_modules_refresh());
	ck_assert_uint_eq(tables()->generation, generation + 1);
	ck_assert_uint_eq(atomic_load(&rp_tables_stale), 0);
}
END_TEST

/* The loader's counters tell also of what no hook saw. */
START_TEST(a_library_that_comes_and_goes)
{
	uint32_t before, with;
	uint64_t inside;
	void *lib;

	ck_assert(rp_modules_refresh());
	before = tables()->generation;
	ck_assert_ptr_null(newest_with("libBrokenLocale"));
	lib = dlopen("libBrokenLocale.so.1", RTLD_NOW);
	ck_assert_ptr_nonnull(lib);
	ck_assert(rp_modules_refresh());
	with = tables()->generation;
	const struct rp_module *m = newest_with("libBrokenLocale");

	ck_assert_ptr_nonnull(m);
	inside = m->lo + 0x1000;
	ck_assert_ptr_eq(rp_modules_find(inside, with, false), m);
	ck_assert_ptr_eq(rp_modules_find(inside, before, true), m); /* nothing has gone since */
	ck_assert_ptr_null(rp_modules_find(inside, 0, true));
	dlclose(lib);
	ck_assert(rp_modules_refresh());
	ck_assert_uint_gt(tables()->generation, with);
	ck_assert_ptr_eq(rp_modules_find(inside, with, false), m);
	ck_assert_ptr_null(rp_modules_find(inside, tables()->generation, false));
	ck_assert_ptr_eq(rp_modules_at(m->number), m);
}
END_TEST

START_TEST(a_relative_name_is_made_whole)
{
	char dir[] = "/tmp/reqprof-test-XXXXXX", command[8192], want[64];
	const struct rp_module *m;
	void *lib;

	ck_assert(rp_modules_refresh());
	m = rp_modules_find((uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "deflate"), 1, false);
	m = m ? m : newest_with("libm.so");
	ck_assert_ptr_nonnull(m);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(command, sizeof(command), "cp '%s' %s/x.so", m->path, dir);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(chdir(dir), 0);
	lib = dlopen("./x.so", RTLD_NOW);
	ck_assert_ptr_nonnull(lib);
	ck_assert_int_eq(chdir("/"), 0);
	ck_assert(rp_modules_refresh());
	snprintf(want, sizeof(want), "%s/x.so", dir);
	unlink(want);
	rmdir(dir);
	ck_assert_ptr_nonnull(newest_with("x.so"));
	ck_assert_str_eq(newest_with("x.so")->path, want);
}
END_TEST

/* A loader that is ours: one module whose bytes are IMAGE. */
static _Alignas(4096) uint8_t image[IMAGE_BYTES];
static struct {
	bool begins_to_load;
	const char *name;
	uint64_t adds, subs;
	unsigned n_build_id;
} fake;

static void image_put(size_t at, const void *bytes, size_t n)
{
	memcpy(image + at, bytes, n);
}

/* A note at 0, .eh_frame_hdr at 0x100, .eh_frame at 0x200: one function of N_CODE bytes. */
static void image_write(uint8_t id, uint32_t n_code)
{
	static const uint8_t cie[] = {20, 0,    0,  0, 0,    0,    0, 0, 1,    'z', 'R', 0,
	                              1,  0x78, 16, 1, 0x1b, 0x0c, 7, 8, 0x90, 1,   0,   0};
	static const uint8_t fde[] = {16, 0, 0, 0, 28, 0, 0, 0};
	const uint32_t note[] = {4, fake.n_build_id, NT_GNU_BUILD_ID};
	const uint8_t hdr[] = {1, 0x1b, 0xff, 0xff, 0xfc, 0, 0, 0};
	const int32_t begin = CODE - 0x200 - 32;

	memset(image, 0, sizeof(image));
	image_put(0, note, sizeof(note));
	image_put(12, "GNU", 4);
	memset(image + 16, id, fake.n_build_id);
	image_put(0x100, hdr, sizeof(hdr));
	image_put(0x200, cie, sizeof(cie));
	image_put(0x200 + 24, fde, sizeof(fde));
	image_put(0x200 + 32, &begin, 4);
	image_put(0x200 + 36, &n_code, 4);
}

static int iterate_fake(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	const ElfW(Phdr) phdrs[] = {
	        {.p_type = PT_LOAD,
	         .p_flags = PF_R | PF_X,
	         .p_filesz = IMAGE_BYTES,
	         .p_memsz = IMAGE_BYTES},
	        {.p_type = PT_NOTE,
	         .p_filesz = 16 + fake.n_build_id,
	         .p_memsz = 16 + fake.n_build_id,
	         .p_align = 4},
	        {.p_type = PT_GNU_EH_FRAME, .p_vaddr = 0x100, .p_memsz = 8},
	};
	struct dl_phdr_info info = {.dlpi_addr = (uint64_t)(uintptr_t)image,
	                            .dlpi_name = fake.name,
	                            .dlpi_phdr = phdrs,
	                            .dlpi_phnum = 3,
	                            .dlpi_adds = fake.adds,
	                            .dlpi_subs = fake.subs};

	if (fake.begins_to_load)
		rp_tables_loading();
	return each(&info, sizeof(info), arg);
}

/* Loads the image anew and lists it; its number. */
static uint32_t reload(uint8_t id, uint32_t n_code)
{
	fake.adds++;
	fake.subs++;
	image_write(id, n_code);
	ck_assert(rp_modules_refresh());
	ck_assert_uint_eq(tables()->n_modules, 1);
	return tables()->modules[0].module;
}

static void fake_begin(unsigned n_build_id)
{
	fake.name = "/lib/fake.so";
	fake.n_build_id = n_build_id;
	rp_modules_iterate = iterate_fake;
}

START_TEST(another_module_at_the_same_address_gets_a_number_and_rows_of_its_own)
{
	uint32_t first, second;
	const struct rp_module_rows *rows;

	fake_begin(20);
	first = reload(1, 0x40);
	ck_assert_uint_eq(tables()->modules[0].rows[1].pc, CODE + 0x40);
	ck_assert_uint_eq(reload(1, 0x40), first); /* the same bytes, by their build-id */
	second = reload(2, 0x80);
	ck_assert_uint_ne(second, first);
	rows = &tables()->modules[0];
	ck_assert_uint_eq(rows->n_rows, 2);
	ck_assert_uint_eq(rows->rows[0].pc, CODE);
	ck_assert_uint_eq(rows->rows[1].pc, CODE + 0x80);
	fake.name = "/lib/other.so";
	ck_assert_uint_ne(reload(2, 0x80), second);
}
END_TEST

START_TEST(without_a_build_id_an_unload_makes_all_new)
{
	uint32_t first, generation;

	fake_begin(0);
	first = reload(0, 0x40);
	generation = tables()->generation;
	fake.adds++; /* something else was loaded */
	ck_assert(rp_modules_refresh());
	ck_assert_uint_eq(tables()->modules[0].module, first);
	ck_assert_uint_ne(reload(0, 0x80), first);
	ck_assert_uint_eq(tables()->modules[0].rows[1].pc, CODE + 0x80);
	ck_assert_uint_eq(rp_modules_find((uint64_t)(uintptr_t)image, generation, false)->number,
	                  first);
	ck_assert_uint_ne(
	        rp_modules_find((uint64_t)(uintptr_t)image, tables()->generation, false)->number,
	        first);
}
END_TEST

START_TEST(what_happens_while_listing_leaves_it_stale)
{
	fake_begin(20);
	rp_tables_loading();
	fake.begins_to_load = true;
	reload(1, 0x40);
	ck_assert_uint_ne(atomic_load(&rp_tables_stale), 0);
	fake.begins_to_load = false;
	ck_assert(rp_modules_refresh());
	ck_assert_uint_eq(atomic_load(&rp_tables_stale), 0);
}
END_TEST

START_TEST(after_an_unload_the_old_set_is_not_fresh)
{
	fake_begin(20);
	reload(1, 0x40);
	ck_assert(rp_tables_fresh(tables()));
	rp_tables_unloading();
	ck_assert(rp_tables_going());
	ck_assert(!rp_tables_fresh(tables()));
	ck_assert(rp_modules_refresh()); /* between the two marks the module may still be listed */
	ck_assert(!rp_tables_fresh(tables()));
	rp_tables_unloaded();
	ck_assert(!rp_tables_fresh(tables()));
	ck_assert(rp_modules_refresh());
	ck_assert(rp_tables_fresh(tables()));
}
END_TEST

/* Between two listings a place may have had a tenant that nobody ever saw. */
START_TEST(a_module_is_not_named_for_what_stood_before_it)
{
	uint64_t inside = (uint64_t)(uintptr_t)image + CODE;
	uint32_t first, second, before;

	fake_begin(20);
	first = reload(1, 0x40);
	before = tables()->generation;
	second = reload(2, 0x80);
	ck_assert_uint_eq(rp_modules_find(inside, before, false)->number, first);
	ck_assert_ptr_null(rp_modules_find(inside, before, true)); /* it was gone already */
	ck_assert_uint_eq(rp_modules_find(inside, tables()->generation, false)->number, second);
}
END_TEST

START_TEST(what_was_there_since_the_beginning_is_always_named)
{
	uint64_t libc = (uint64_t)(uintptr_t)dlsym(RTLD_DEFAULT, "gnu_get_libc_version");

	ck_assert(rp_modules_refresh());
	ck_assert(rp_tables_module(tables(), libc)->fixed);
	ck_assert_ptr_nonnull(rp_modules_find(libc, 0, true));
}
END_TEST

START_TEST(a_set_that_somebody_holds_stays)
{
	const struct rp_tables *held;
	const struct rp_row *rows;

	fake_begin(20);
	reload(1, 0x40);
	ck_assert(rp_tables_idle());
	held = rp_tables_take();
	ck_assert(!rp_tables_idle());
	rows = held->modules[0].rows;
	reload(2, 0x80);
	reload(3, 0xc0);
	ck_assert_uint_eq(held->n_modules, 1);
	ck_assert_uint_eq(rows[1].pc, CODE + 0x40); /* unmapped if it had been freed */
	rp_tables_give();
	reload(4, 0x100);
	ck_assert(rp_tables_idle());
	ck_assert_uint_eq(tables()->modules[0].rows[1].pc, CODE + 0x100);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("modules");
	TCase *tc = tcase_create("modules");

	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, the_process_knows_its_modules);
	tcase_add_test(tc, the_published_set_is_sorted_and_has_rows);
	tcase_add_test(tc, nothing_new_means_the_same_set);
	tcase_add_test(tc, a_library_that_comes_and_goes);
	tcase_add_test(tc, a_relative_name_is_made_whole);
	tcase_add_test(tc, another_module_at_the_same_address_gets_a_number_and_rows_of_its_own);
	tcase_add_test(tc, without_a_build_id_an_unload_makes_all_new);
	tcase_add_test(tc, what_happens_while_listing_leaves_it_stale);
	tcase_add_test(tc, after_an_unload_the_old_set_is_not_fresh);
	tcase_add_test(tc, a_module_is_not_named_for_what_stood_before_it);
	tcase_add_test(tc, what_was_there_since_the_beginning_is_always_named);
	tcase_add_test(tc, a_set_that_somebody_holds_stays);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
