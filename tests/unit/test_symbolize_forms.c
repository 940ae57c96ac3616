/* test_symbolize_forms.c - the same code, its debug information written in every way there is: the
 * answers must be the same, and those that libdw gives.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/symbolize.h"

#include <dwarf.h>
#include <elfutils/libdw.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/suite.h"
#include "tests/support/symfood.h"

enum { MAX_ADDRS = 4096, MAX_TEXT = 1 << 16 };

#define C_FOOD   " -O2 \"$ROOT/tests/unit/fixtures/symfood_inline.c\" -o "
#define CXX_FOOD " -O2 '-DMARK(name)=' \"$ROOT/tests/unit/fixtures/symfood_cplus.cc\" -o "

#define GXX   "g++ -g" CXX_FOOD "plain"
#define CLANG "clang++ -g" CXX_FOOD "plain"

/* BUILD makes "plain", which libdw reads; CHANGE makes "food" with the same code, for us. */
static const struct {
	const char *what, *needs, *build, *change;
} forms[] = {
        {"DWARF 5", "gcc", "gcc -gdwarf-5" C_FOOD "plain", "cp plain food"},
        {"DWARF 4", "gcc", "gcc -gdwarf-4" C_FOOD "plain", "cp plain food"},
        {"DWARF 3", "gcc", "gcc -gdwarf-3 -gstrict-dwarf" C_FOOD "plain", "cp plain food"},
        {"DWARF 2", "gcc", "gcc -gdwarf-2" C_FOOD "plain", "cp plain food"},
        {"64 bit", "gcc", "gcc -g" C_FOOD "plain", "gcc -gdwarf-5 -gdwarf64" C_FOOD "food"},
        {"64 bit, DWARF 4", "gcc", "gcc -g" C_FOOD "plain",
         "gcc -gdwarf-4 -gdwarf64" C_FOOD "food"},
        {"C++", "g++", GXX, "cp plain food"},
        {"C++ by clang", "clang++", CLANG, "cp plain food"},
        {"clang, DWARF 4", "clang++", CLANG, "clang++ -gdwarf-4" CXX_FOOD "food"},
        {"type units, 4", "g++", GXX, "g++ -gdwarf-4 -fdebug-types-section" CXX_FOOD "food"},
        {"type units, 5", "g++", GXX, "g++ -gdwarf-5 -fdebug-types-section" CXX_FOOD "food"},
        {"zlib", "objcopy", GXX, "objcopy --compress-debug-sections=zlib plain food"},
        {".zdebug", "objcopy", GXX, "objcopy --compress-debug-sections=zlib-gnu plain food"},
        {"zstd", "objcopy", GXX, "objcopy --compress-debug-sections=zstd plain food"},
        {"dwz", "dwz", GXX, "dwz -o food plain"},
        {"dwz -m", "dwz", GXX, "cp plain food && cp plain other && dwz -m common food other"},
        {"a debug file", "objcopy", GXX,
         "objcopy --only-keep-debug plain food.debug && cp plain food && strip -g food && "
         "objcopy --add-gnu-debuglink=food.debug food"},
        {"split", "g++", GXX, "g++ -gsplit-dwarf -gdwarf-5" CXX_FOOD "food"},
        {"split, DWARF 4", "g++", GXX, "g++ -gsplit-dwarf -gdwarf-4" CXX_FOOD "food"},
        {"split by clang", "clang++", CLANG, "clang++ -gsplit-dwarf -gdwarf-5" CXX_FOOD "food"},
        {"split by clang, 4", "clang++", CLANG, "clang++ -gsplit-dwarf -gdwarf-4" CXX_FOOD "food"},
        {".dwp", "llvm-dwp", CLANG,
         "clang++ -g -gsplit-dwarf -gdwarf-5" CXX_FOOD "food && llvm-dwp -e food -o food.dwp && "
         "rm -f *.dwo"},
        {".dwp, DWARF 4", "dwp", GXX,
         "g++ -g -gsplit-dwarf -gdwarf-4" CXX_FOOD
         "food && dwp -e food -o food.dwp && rm -f *.dwo"},
};

enum { N_FORMS = sizeof(forms) / sizeof(*forms) };

/* Every third byte of the functions of "plain" that are ours: none of the start files. */
static size_t pick(uint64_t *addr)
{
	unsigned long long lo, n_bytes;
	size_t n = 0;

	symfood_run("nm -S --defined-only plain | awk '$3 ~ /^[tTwW]$/ && $2 ~ /^[0-9a-f]+$/ && "
	            "$4 !~ /^_start$|^_init|^_fini/ { print $1, $2 }' | sort -u >functions");
	FILE *list = fopen(symfood_path("functions"), "r");

	ck_assert_ptr_nonnull(list);
	while (fscanf(list, "%llx %llx", &lo, &n_bytes) == 2)
		for (uint64_t at = 0; at < n_bytes && n < MAX_ADDRS; at += 3)
			addr[n++] = lo + at;
	fclose(list);
	return n;
}

/* "a::(anonymous namespace)::f(int)" is "f": libdw knows no more where there is no linkage name. */
static int last_name(const char *function, const char **begin)
{
	const char *end = function, *at = function;
	int depth = 0;

	for (*begin = function; *at; at++) {
		if (*at == '(' && !depth++)
			end = at;
		else if (*at == ')')
			depth--;
		else if (!depth && at[0] == ':' && at[1] == ':')
			*begin = end = at + 2;
	}
	return (int)(end > *begin ? end - *begin : at - *begin);
}

static void add(char *text, const char *function, const char *file, unsigned line)
{
	const char *slash = file ? strrchr(file, '/') : NULL, *name;
	size_t n = strlen(text);
	int n_name = last_name(function, &name);

	snprintf(text + n, MAX_TEXT - n, "%.*s %s:%u; ", n_name, name, slash ? slash + 1 : "??",
	         line);
}

static void ours(const struct rp_frames *frames, char *text)
{
	*text = '\0';
	for (uint32_t i = 0; i < frames->n; i++)
		add(text, frames->frame[i].function, frames->frame[i].file, frames->frame[i].line);
}

static const char *linkage(Dwarf_Die *die)
{
	Dwarf_Attribute attr;
	const char *name = dwarf_formstring(dwarf_attr_integrate(die, DW_AT_linkage_name, &attr));

	return name ? name : dwarf_diename(die);
}

static unsigned number(Dwarf_Die *die, unsigned which)
{
	Dwarf_Attribute attr;
	Dwarf_Word value = 0;

	dwarf_formudata(dwarf_attr(die, which, &attr), &value);
	return (unsigned)value;
}

static Dwarf_Die unit_of(Dwarf *dwarf, uint64_t addr)
{
	Dwarf_CU *unit = NULL;
	Dwarf_Die die;

	while (dwarf_get_units(dwarf, unit, &unit, NULL, NULL, &die, NULL) == 0)
		if (dwarf_haspc(&die, addr) == 1)
			return die;
	return (Dwarf_Die){0};
}

/* Whether SCOPE is a function or a copy; then it is added, and FILE and LINE go to its caller. */
static bool add_scope(struct rp_symbolizer *s, Dwarf_Die *unit, Dwarf_Die *scope, char *text,
                      const char **file, unsigned *line)
{
	Dwarf_Files *files = NULL;
	size_t n = 0;

	if (dwarf_tag(scope) != DW_TAG_inlined_subroutine && dwarf_tag(scope) != DW_TAG_subprogram)
		return false;
	add(text, rp_sym_demangle(s, linkage(scope)), *file, *line);
	dwarf_getsrcfiles(unit, &files, &n);
	unsigned index = number(scope, DW_AT_call_file);

	*file = index < n ? dwarf_filesrc(files, index, NULL, NULL) : NULL;
	*line = number(scope, DW_AT_call_line);
	return true;
}

/* The same by libdw; what it does not look for (lambdas, local classes) gives false. */
static bool libdws(struct rp_symbolizer *s, Dwarf *dwarf, uint64_t addr, char *text)
{
	Dwarf_Die unit = unit_of(dwarf, addr), *scopes = NULL;
	Dwarf_Line *row = unit.addr ? dwarf_getsrc_die(&unit, addr) : NULL;
	int n = unit.addr ? dwarf_getscopes(&unit, addr, &scopes) : 0, line = 0;
	const char *file = row ? dwarf_linesrc(row, NULL, NULL) : NULL;
	bool whole = false;

	*text = '\0';
	if (row)
		dwarf_lineno(row, &line);
	for (int i = 0; i < n && row && !whole; i++) {
		unsigned at = (unsigned)line;

		if (!linkage(&scopes[i]) || strcmp(linkage(&scopes[i]), "operator()") == 0)
			break;
		if (add_scope(s, &unit, &scopes[i], text, &file, &at)) {
			line = (int)at;
			whole = dwarf_tag(&scopes[i]) == DW_TAG_subprogram;
		}
	}
	free(scopes);
	return whole;
}

/* How many of N addresses libdw has an answer for; ours are all the same. */
static size_t compare(const char *what, const uint64_t *addr, size_t n)
{
	static struct rp_frames frames[MAX_ADDRS];
	static char mine[MAX_TEXT], theirs[MAX_TEXT];
	struct rp_symbolizer *s = rp_sym_make();
	int m = rp_sym_add(s, &(struct rp_sym_module){.path = symfood_path("food")});
	int fd = open(symfood_path("plain"), O_RDONLY | O_CLOEXEC);
	Dwarf *dwarf = dwarf_begin(fd, DWARF_C_READ);
	size_t n_compared = 0;

	ck_assert_ptr_nonnull(dwarf);
	rp_sym_resolve(s, m, addr, n, frames);
	ck_assert_int_eq(rp_sym_state(s, m, NULL), RP_SYM_DEBUG);
	for (size_t i = 0; i < n; i++) {
		if (!libdws(s, dwarf, addr[i], theirs))
			continue;
		ours(&frames[i], mine);
		ck_assert_msg(strcmp(mine, theirs) == 0, "%s, 0x%lx: %s, but libdw: %s", what,
		              (unsigned long)addr[i], mine, theirs);
		n_compared++;
	}
	dwarf_end(dwarf);
	close(fd);
	rp_sym_free(s);
	return n_compared;
}

START_TEST(however_it_is_written_the_answers_are_libdws)
{
	static uint64_t addr[MAX_ADDRS];

	if (!symfood_has(forms[_i].needs))
		return;
	symfood_run("rm -f food* plain* other common *.dwo");
	symfood_run("%s", forms[_i].build);
	symfood_run("%s", forms[_i].change);
	size_t n = pick(addr), n_compared = compare(forms[_i].what, addr, n);

	printf("%s: %zu of %zu addresses compared\n", forms[_i].what, n_compared, n);
	ck_assert_uint_gt(n_compared, n / 3);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("symbolize_forms");
	TCase *tc = tcase_create("forms");

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, however_it_is_written_the_answers_are_libdws, 0, N_FORMS);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
