/* tripwire.c - see tripwire.h.  SPDX-License-Identifier: MIT */
#include "tests/support/tripwire.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static _Thread_local volatile unsigned armed, passed;

void tripwire_arm(void)
{
	armed++;
}

void tripwire_disarm(void)
{
	armed--;
}

unsigned tripwire_passed(void)
{
	return passed;
}

#ifdef SANITIZED
const bool tripwire_works = false;
#else
#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const bool tripwire_works = true;

void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *at, size_t n);
void __libc_free(void *at);

static void cross(const char *name)
{
	passed++;
	if (!armed)
		return;
	armed = 0;
	if (write(2, name, strlen(name)) < 0 || write(2, ": tripped\n", 10) < 0)
		_exit(1);
	abort();
}

void *malloc(size_t n)
{
	cross("malloc");
	return __libc_malloc(n);
}

void *calloc(size_t n, size_t size)
{
	cross("calloc");
	return __libc_calloc(n, size);
}

void *realloc(void *at, size_t n)
{
	cross("realloc");
	return __libc_realloc(at, n);
}

void free(void *at)
{
	cross("free");
	__libc_free(at);
}

/* dlvsym is not in the way, and finds the others. */
static void *next(const char *name, const char *version)
{
	void *real = dlvsym(RTLD_NEXT, name, version);

	if (!real)
		_exit(2);
	return real;
}

int pthread_mutex_lock(pthread_mutex_t *mutex)
{
	static int (*real)(pthread_mutex_t *);

	cross("pthread_mutex_lock");
	if (!real)
		*(void **)&real = next("pthread_mutex_lock", "GLIBC_2.2.5");
	return real(mutex);
}

int dl_iterate_phdr(int (*each)(struct dl_phdr_info *, size_t, void *), void *arg)
{
	static int (*real)(int (*)(struct dl_phdr_info *, size_t, void *), void *);

	cross("dl_iterate_phdr");
	if (!real)
		*(void **)&real = next("dl_iterate_phdr", "GLIBC_2.2.5");
	return real(each, arg);
}

void *dlsym(void *restrict handle, const char *restrict name)
{
	static void *(*real)(void *, const char *);

	cross("dlsym");
	if (!real)
		*(void **)&real = next("dlsym", "GLIBC_2.34");
	return real(handle, name);
}
#endif
