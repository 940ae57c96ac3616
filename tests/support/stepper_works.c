/* stepper_works.c - see stepper_works.h.  SPDX-License-Identifier: MIT */
#include "tests/support/stepper_works.h"
#include "preload/hot/tables.h"
#include "tests/support/stepper.h"

#include <alloca.h>
#include <dlfcn.h>
#include <iconv.h>
#include <math.h>
#include <pthread.h>
#include <regex.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))
enum { STACK_BYTES = 128 << 10 };

static volatile int sink;

static void work_nothing(void *arg)
{
	sink = arg == NULL;
}

static int by_number(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

static void work_qsort(void *arg)
{
	int v[60];

	(void)arg;
	for (int i = 0; i < 60; i++)
		v[i] = i * 7919 % 61;
	qsort(v, 60, sizeof(*v), by_number);
	sink = v[0];
}

static void work_integers(void *arg)
{
	char text[64];

	(void)arg;
	for (int i = 0; i < 6; i++)
		snprintf(text, sizeof(text), "%d %s %x", i * 1234, "abc", i);
	sink = text[0];
}

static void work_floats(void *arg)
{
	char text[64];

	(void)arg;
	for (int i = 1; i < 4; i++)
		snprintf(text, sizeof(text), "%f %.20g", i * 1.234e22, i / 3.0);
	sink = text[0];
}

static void work_scanf(void)
{
	double x = 0;
	int n = 0;

	sink = sscanf("12 3.25e-3", "%d %lf", &n, &x) + n;
}

static void work_strtod(void *arg)
{
	(void)arg;
	for (int i = 0; i < 5; i++)
		sink = (int)strtod("3.14159265e3", NULL);
	work_scanf();
}

static void work_malloc(void *arg)
{
	void *at[40];

	(void)arg;
	for (int i = 0; i < 40; i++)
		at[i] = malloc((size_t)i * 200 + 1);
	for (int i = 0; i < 40; i++)
		free(at[i]);
}

static void work_strings(void *arg)
{
	char text[256];

	(void)arg;
	for (int i = 0; i < 8; i++) {
		memset(text, 'a', sizeof(text));
		text[30 * i + 8] = '\0';
		sink = (int)strlen(text) + !!strchr(text, 'b') + !!strstr(text, "ab");
		sink += memcmp(text, text + 100, 20) + !!memchr(text, 0, sizeof(text));
		memmove(text + 1, text, 200);
	}
}

static void work_regex(void *arg)
{
	regex_t re;

	(void)arg;
	if (regcomp(&re, "a(b|c)*d", REG_EXTENDED) == 0)
		sink = regexec(&re, "xxabcbcd", 0, NULL, 0);
	regfree(&re);
}

static void work_clock(void *arg)
{
	struct timespec at;
	struct tm tm;
	char text[64];

	(void)arg;
	for (int i = 0; i < 10; i++)
		clock_gettime(CLOCK_MONOTONIC, &at);
	clock_gettime(CLOCK_REALTIME, &at);
	gmtime_r(&at.tv_sec, &tm);
	sink = (int)strftime(text, sizeof(text), "%Y %H", &tm);
}

NOINLINE static int big_frame(int n)
{
	volatile char room[300 << 10];

	room[n] = (char)n;
	sink += by_number(&n, &n);
	return room[n];
}

NOINLINE static int alloca_frame(size_t n)
{
	char *room = alloca(n);

	memset(room, 1, n);
	return room[n / 2];
}

/* An over-aligned local in a function with alloca: the compiler saves the CFA in the frame. */
NOINLINE static int realigned_frame(size_t n)
{
	volatile char wide[64] __attribute__((aligned(64)));
	char *room = alloca(n);

	memset(room, 2, n);
	wide[1] = room[1];
	return wide[1] + alloca_frame(n);
}

NOINLINE static int small(int n)
{
	return n ? small(n - 1) + sink : alloca_frame(50);
}

NOINLINE static int tail(int n)
{
	return n ? big_frame(n) : 0;
}

NOINLINE static int deep(int n)
{
	return n ? deep(n - 1) + sink : tail(3);
}

static void work_frames(void *arg)
{
	(void)arg;
	sink = alloca_frame(100) + realigned_frame(300);
	sink = deep(60);
}

static void work_lazy_binding(void *arg)
{
	unsigned short seed[3] = {1, 2, 3};

	(void)arg; /* called nowhere else: the first call goes through the loader's resolver */
	sink = (int)nrand48(seed);
	sink += (int)jrand48(seed);
}

static void work_longjmp(void *arg)
{
	jmp_buf env;

	(void)arg;
	if (setjmp(env) == 0)
		longjmp(env, 1);
}

static void on_usr1(int signal, siginfo_t *info, void *context)
{
	(void)info;
	stepper_in_handler(context, 0, 0);
	sink += signal + small(3);
}

static void work_handler(void *arg)
{
	struct sigaction act = {.sa_sigaction = on_usr1, .sa_flags = SA_SIGINFO};

	(void)arg;
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
	sink = small(2);
}

static char alt[STACK_BYTES];

static void on_usr2(int signal, siginfo_t *info, void *context)
{
	(void)info;
	stepper_in_handler(context, (uint64_t)(uintptr_t)alt,
	                   (uint64_t)(uintptr_t)alt + sizeof(alt));
	sink += signal + small(3);
}

static void work_alternate(void *arg)
{
	struct sigaction act = {.sa_sigaction = on_usr2, .sa_flags = SA_SIGINFO | SA_ONSTACK};
	stack_t stack = {.ss_sp = alt, .ss_size = sizeof(alt)};

	(void)arg;
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR2, &act, NULL);
	raise(SIGUSR2);
	sink = small(2);
}

static ucontext_t back, coroutine;
static char room[STACK_BYTES];

static void coroutine_main(void)
{
	work_integers(NULL);
	swapcontext(&coroutine, &back);
	sink = small(5);
}

static void work_coroutine(void *arg)
{
	(void)arg;
	stepper_coroutine((uint64_t)(uintptr_t)room, (uint64_t)(uintptr_t)room + sizeof(room));
	getcontext(&coroutine);
	coroutine.uc_stack.ss_sp = room;
	coroutine.uc_stack.ss_size = sizeof(room);
	coroutine.uc_link = &back;
	makecontext(&coroutine, coroutine_main, 0);
	swapcontext(&back, &coroutine);
	sink = small(2);
	swapcontext(&back, &coroutine);
	sink = small(2);
}

static void work_stdio(void *arg)
{
	FILE *file = tmpfile();
	char line[100];

	(void)arg;
	if (!file)
		return;
	for (int i = 0; i < 10; i++)
		fprintf(file, "line %d\n", i);
	rewind(file);
	while (fgets(line, sizeof(line), file))
		sink = line[0];
	fclose(file);
}

static void work_math(void *arg)
{
	volatile double x = 0.3;

	(void)arg;
	for (int i = 0; i < 8; i++) {
		x = sin(x) + cos(x * 1e6) + tan(x) + exp(x) + log(x + 2) + pow(x + 1, 2.5);
		x = atan2(x, 3) + sqrt(x * x) + fmod(x, 0.7) + cbrt(x) + tgamma(x + 2) + j0(x);
	}
	sink = (int)x;
}

static void *idle(void *arg)
{
	return arg;
}

static void work_threads(void *arg)
{
	pthread_t thread;

	for (int i = 0; i < 3; i++)
		if (pthread_create(&thread, NULL, idle, arg) == 0)
			pthread_join(thread, NULL);
}

static void work_iconv(void *arg)
{
	char in[] = "abc", out[64];
	char *from = in, *to = out;
	size_t n_in = 3, n_out = sizeof(out);
	iconv_t how = iconv_open("EUC-JP", "UTF-16");

	(void)arg;
	if (how == (iconv_t)-1)
		return;
	sink = (int)iconv(how, &from, &n_in, &to, &n_out);
	iconv_close(how);
}

/* As the hooks do around dlopen and dlclose. */
static void work_dlopen(void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++) {
		rp_tables_loading();
		void *library = dlopen("libanl.so.1", RTLD_NOW | RTLD_LOCAL);

		if (!library)
			library = dlopen("libutil.so.1", RTLD_NOW | RTLD_LOCAL);
		if (!library)
			return;
		sink = dlsym(library, "no such name") != NULL;
		rp_tables_unloading();
		dlclose(library);
		rp_tables_unloaded();
	}
}

/* The library of stepper_throw.cc, next to this program's folder.  Bound to libgcc's unwinder: this
 * program has libunwind's, which is the one that judges. */
static void (*cxx_throw)(void *), (*cxx_map)(void *);

static bool cxx_ready(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 40);
	char *slash;
	void *library;

	if (n <= 0)
		return false;
	path[n] = '\0';
	slash = strrchr(path, '/');
	strcpy(slash ? slash : path, "/../steps/libthrow.so");
	library = dlopen(path, RTLD_NOW | RTLD_DEEPBIND);
	if (!library)
		return false;
	*(void **)&cxx_throw = dlsym(library, "stepper_throw");
	*(void **)&cxx_map = dlsym(library, "stepper_map");
	return cxx_throw && cxx_map;
}

static void work_throw(void *arg)
{
	cxx_throw(arg);
}

static void work_map(void *arg)
{
	cxx_map(arg);
}

const struct stepper_work stepper_works[] = {
        {"thread start and end", work_nothing, .right = 990},
        {"qsort with a callback", work_qsort, .right = 990},
        {"malloc and free", work_malloc, .right = 990},
        {"regular expressions", work_regex, .right = 990},
        {"string functions", work_strings, .right = 990},
        {"snprintf of integers", work_integers, .right = 990},
        {"snprintf of floats", work_floats, .right = 960},
        {"strtod, sscanf", work_strtod, .right = 990},
        {"clocks, vdso, strftime", work_clock, .right = 990},
        {"stdio on a file", work_stdio, .right = 990},
        {"libm", work_math, .right = 990},
        {"alloca, DRAP, 300 KB, tail call, 60 deep", work_frames, .right = 990},
        {"lazy binding", work_lazy_binding, .right = 990},
        {"longjmp", work_longjmp, .right = 980},
        {"C++ throw and catch", work_throw, .right = 980, .ready = cxx_ready},
        {"C++ map of strings", work_map, .right = 990, .ready = cxx_ready},
        {"a handler on the same stack", work_handler, .right = 990},
        {"a handler on an alternate stack", work_alternate, .right = 990},
        {"coroutines (ucontext)", work_coroutine, .right = 980},
        {"pthread_create and join", work_threads, .right = 990},
        {"iconv_open, iconv, iconv_close", work_iconv, .right = 990, .loads = true},
        {"dlopen, dlsym, dlclose", work_dlopen, .right = 980, .loads = true},
};
const unsigned n_stepper_works = sizeof(stepper_works) / sizeof(*stepper_works);
