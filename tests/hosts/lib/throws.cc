// throws.cc - a C++ server: exceptions go through its handlers, through C, and through a cancel.
//
// Room: tests/hosts.  /deep, /waits, /cancel.  SPDX-License-Identifier: MIT
#include "../http.h"

#include <cstdlib>
#include <cxxabi.h>
#include <stdexcept>
#include <string>

namespace
{

struct Guard {
	int *count;
	explicit Guard(int *c) : count(c)
	{
	}
	~Guard()
	{
		++*count;
	}
};

__attribute__((noinline)) int deep(int n, int *count)
{
	Guard guard(count);

	if (n == 0)
		throw std::runtime_error("the bottom");
	return deep(n - 1, count) + 1;
}

/* 2000 throws through 20 frames each. */
bool serve_deep(int fd)
{
	int count = 0, caught = 0;

	for (int i = 0; i < 2000; i++) {
		try {
			deep(20, &count);
		} catch (const std::runtime_error &e) {
			caught += std::string(e.what()) == "the bottom";
		}
	}
	return http_answer(fd, "caught %d, destroyed %d\n", caught, count);
}

int compare(const void *, const void *)
{
	struct timespec t = {0, 1000000};

	nanosleep(&t, nullptr);
	throw 42;
}

/* Thrown right after waits, through frames of C. */
bool serve_waits(int fd)
{
	int caught = 0;

	for (int i = 0; i < 10; i++) {
		int array[3] = {3, 2, 1};

		try {
			qsort(array, 3, sizeof(int), compare);
		} catch (int value) {
			caught += value;
		}
	}
	return http_answer(fd, "caught %d\n", caught);
}

void *cancel_main(void *arg)
{
	usleep(20000);
	pthread_cancel(*static_cast<pthread_t *>(arg));
	return nullptr;
}

/* A cancel is an exception that must be thrown on; destructors run on the way. */
bool serve_cancel(int fd)
{
	pthread_t self = pthread_self(), other;
	int count = 0;

	pthread_create(&other, nullptr, cancel_main, &self);
	try {
		Guard outer(&count);
		try {
			Guard inner(&count);
			struct timespec t = {5, 0};

			nanosleep(&t, nullptr);
		} catch (abi::__forced_unwind &) {
			count += 10;
			throw;
		}
	} catch (abi::__forced_unwind &) {
		pthread_join(other, nullptr);
		http_answer(fd, "unwound, %d\n", count);
		shutdown(fd, SHUT_RDWR);
		close(fd);
		throw;
	}
	return http_answer(fd, "not cancelled\n");
}

bool serve(int fd, const struct http_request *q)
{
	if (strcmp(q->path, "/deep") == 0)
		return serve_deep(fd);
	return strcmp(q->path, "/waits") == 0 ? serve_waits(fd) : serve_cancel(fd);
}

} // namespace

int main(int argc, char **argv)
{
	http_threads(http_listen(argc, argv), serve);
}
