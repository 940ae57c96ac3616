/* bench_stack.c - one walk at three depths beside libunwind's two, glibc's backtrace and frame
 * pointers; what the tables of this process cost, and those of the programs named.
 *
 * Room: tests.  Medians of interleaved batches, in ns a walk.
 * SPDX-License-Identifier: MIT
 */
#define UNW_LOCAL_ONLY
#include <libunwind.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "preload/cold/modules.h"
#include "preload/hot/stack.h"
#include "store/records.h"
#include "tests/bench/pairs.h"

#define OPENED "--opened"
enum { N_BUILDS = 11, PROGRAM_BYTES = 1 << 29 };
enum { N_BATCHES = 21, N_WALKS = 500, N_WAYS = 5, MAX_FRAMES = 256 };

static uint64_t stack_lo, stack_hi;
static void *room[MAX_FRAMES];
static volatile int sink;
/* libunwind's shared library has a backtrace() of its own that stands in front of glibc's. */
static int (*glibc_backtrace)(void **, int);

/* A batch is long enough for its price. */
static double cpu_ns(void)
{
	return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int walk_table(void)
{
	struct rp_walk walk = {.pc = (uint64_t *)(void *)room, .cap = MAX_FRAMES};
	struct rp_window window;
	struct rp_regs regs;

	rp_regs_here(&regs);
	rp_window_live(&window, regs.sp, stack_lo, stack_hi);
	rp_stack_walk(rp_tables_take(), &regs, &window, &walk);
	rp_tables_give();
	return walk.stop == RP_STOP_END ? (int)walk.n : -1;
}

static int walk_libunwind(void)
{
	return unw_backtrace(room, MAX_FRAMES);
}

static int walk_glibc(void)
{
	return glibc_backtrace(room, MAX_FRAMES);
}

static int walk_steps(void)
{
	unw_context_t context;
	unw_cursor_t cursor;
	int n = 0;

	unw_getcontext(&context);
	unw_init_local(&cursor, &context);
	do {
		unw_word_t pc;

		unw_get_reg(&cursor, UNW_REG_IP, &pc);
		room[n++] = (void *)(uintptr_t)pc;
	} while (n < MAX_FRAMES && unw_step(&cursor) > 0);
	return n;
}

/* This file is compiled with frame pointers; libc is not, and ends the chain. */
static int walk_chain(void)
{
	uint64_t bp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
	int n = 0;

	while (n < MAX_FRAMES && bp > stack_lo && bp + 16 <= stack_hi && bp % 8 == 0) {
		const uint64_t *frame = (const uint64_t *)(uintptr_t)bp;

		room[n++] = (void *)(uintptr_t)frame[1];
		if (frame[0] <= bp)
			break;
		bp = frame[0];
	}
	return n;
}

static const struct {
	const char *name;
	int (*walk)(void);
	int n_walks; /* a batch */
} ways[N_WAYS] = {
        {"table", walk_table, N_WALKS},          {"unw_backtrace", walk_libunwind, N_WALKS},
        {"unw_step", walk_steps, N_WALKS / 20},  {"backtrace", walk_glibc, N_WALKS / 5},
        {"frame pointers", walk_chain, N_WALKS},
};

static void measure(void)
{
	double ns[N_WAYS][N_BATCHES];
	int n[N_WAYS] = {0};

	for (int batch = 0; batch < N_BATCHES; batch++)
		for (int way = 0; way < N_WAYS; way++) {
			double began_ns = cpu_ns();

			for (int i = 0; i < ways[way].n_walks; i++)
				n[way] = ways[way].walk();
			ns[way][batch] = (cpu_ns() - began_ns) / ways[way].n_walks;
		}
	printf("%6d", n[0]);
	for (int way = 0; way < N_WAYS; way++) {
		printf(" %12.0f (%3d)", median_of(ns[way], N_BATCHES), n[way]);
	}
	printf("\n");
}

#define STEP(name, next, bytes)                                                                    \
	static __attribute__((noinline)) void name(int left)                                       \
	{                                                                                          \
		volatile char frame[bytes];                                                        \
		frame[0] = (char)left;                                                             \
		if (left > 0)                                                                      \
			next(left - 1);                                                            \
		else                                                                               \
			measure();                                                                 \
		sink += frame[0];                                                                  \
	}
static void step_a(int left);
STEP(step_d, step_a, 200)
STEP(step_c, step_d, 8)
STEP(step_b, step_c, 72)
STEP(step_a, step_b, 24)

static void print_tables(const char *name, double build_ms)
{
	const struct rp_tables *tables = rp_tables_take();
	size_t n_bytes = 0, n_rows = 0;

	for (uint32_t i = 0; i < tables->n_modules; i++) {
		const struct rp_module_rows *m = &tables->modules[i];

		n_rows += m->n_rows;
		n_bytes += m->n_rows * sizeof(struct rp_row) +
		           4 * (((m->hi - m->lo) >> RP_ROWS_PAGE_BITS) + 2);
	}
	rp_tables_give();
	printf("%s: %u modules, %zu rows of %zu bytes, %zu KiB with their index, built in %.2f "
	       "ms\n",
	       name, tables->n_modules, n_rows, sizeof(struct rp_row), n_bytes >> 10, build_ms);
}

static struct dl_phdr_info program;
static int (*rename_for)(struct dl_phdr_info *, size_t, void *);
static void *rename_arg;

static int iterate_program(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	return each(&program, sizeof(program), arg);
}

/* Maps PATH as the loader would, but for reading only. */
static bool program_map(const char *path)
{
	static char head[4096];
	const ElfW(Ehdr) *elf = (const void *)head;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *base;

	if (fd < 0 || read(fd, head, sizeof(head)) < (ssize_t)sizeof(*elf) ||
	    memcmp(head, ELFMAG, SELFMAG) != 0)
		return false;
	base = mmap(NULL, PROGRAM_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	program = (struct dl_phdr_info){.dlpi_name = path,
	                                .dlpi_phdr = (const void *)(head + elf->e_phoff),
	                                .dlpi_phnum = elf->e_phnum};
	program.dlpi_addr = (ElfW(Addr))(uintptr_t)base;
	for (unsigned i = 0; i < elf->e_phnum; i++) {
		const ElfW(Phdr) *ph = &program.dlpi_phdr[i];
		size_t odd = ph->p_vaddr % 4096;

		if (ph->p_type == PT_LOAD && mmap(base + ph->p_vaddr - odd, ph->p_filesz + odd,
		                                  PROT_READ, MAP_PRIVATE | MAP_FIXED | MAP_POPULATE,
		                                  fd, (off_t)(ph->p_offset - odd)) == MAP_FAILED)
			return false;
	}
	close(fd);
	return true;
}

/* Without a main program nobody knows what is fixed: every module is like one that was opened. */
static int rename_one(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct dl_phdr_info other = *info;

	(void)arg;
	if (!*other.dlpi_name)
		other.dlpi_name = "/proc/self/exe";
	return rename_for(&other, size, rename_arg);
}

static int iterate_renamed(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	rename_for = each;
	rename_arg = arg;
	return dl_iterate_phdr(rename_one, NULL);
}

/* In a process that began anew. */
static void measure_opened(void)
{
	fflush(stdout);
	pid_t pid = fork();

	if (pid == 0) {
		execl("/proc/self/exe", "bench_stack", OPENED, NULL);
		_exit(1);
	}
	waitpid(pid, NULL, 0);
}

/* The median of what its rows take, everything in memory. */
static void measure_program(const char *path)
{
	double ms[N_BUILDS];

	if (!program_map(path)) {
		fprintf(stderr, "bench_stack: %s: no program\n", path);
		return;
	}
	rp_modules_iterate = iterate_program;
	for (int i = 0; i < N_BUILDS; i++) {
		program.dlpi_adds++;
		program.dlpi_subs++;
		program.dlpi_name = i % 2 ? path : "another"; /* so that its rows are made anew */
		double began_ns = cpu_ns();

		rp_modules_refresh();
		ms[i] = (cpu_ns() - began_ns) / 1e6;
	}
	print_tables(path, median_of(ms, N_BUILDS));
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	void *at;
	size_t n;

	glibc_backtrace = (int (*)(void **, int))dlsym(dlopen("libc.so.6", RTLD_NOW), "backtrace");
	pthread_getattr_np(pthread_self(), &attr);
	pthread_attr_getstack(&attr, &at, &n);
	stack_lo = (uint64_t)(uintptr_t)at;
	stack_hi = stack_lo + n;
	if (argc > 1 && strcmp(argv[1], OPENED) == 0) {
		rp_modules_iterate = iterate_renamed;
		puts("the same, all in modules that may go (hot/standing.c)");
		if (!rp_modules_refresh())
			return 1;
		step_a(30 - 7);
		return 0;
	}
	double began_ns = cpu_ns();

	if (!glibc_backtrace || !rp_modules_refresh())
		return 1;
	print_tables("this process", (cpu_ns() - began_ns) / 1e6);
	printf("ns a walk (frames)\nframes");
	for (int way = 0; way < N_WAYS; way++)
		printf(" %18s", ways[way].name);
	printf("\n");
	step_a(10 - 7);
	step_a(30 - 7);
	step_a(100 - 7);
	measure_opened();
	for (int i = 1; i < argc; i++)
		measure_program(argv[i]);
	return 0;
}
