// stepper_throw.cc - C++ for the stepper: exceptions through frames with destructors; a map.
//
// Room: tests.  A library of its own, loaded by tests/unit/test_stack_steps.c.
// SPDX-License-Identifier: MIT
#include <map>
#include <stdexcept>
#include <string>

#define NOINLINE __attribute__((noinline))

static volatile int sink;

struct Guard {
	int n;
	explicit Guard(int n) : n(n) {}
	NOINLINE ~Guard() { sink = sink + n; }
};

NOINLINE static int dive(int n)
{
	Guard guard(n);

	if (n == 0)
		throw std::runtime_error("down here");
	return dive(n - 1) + 1;
}

extern "C" void stepper_throw(void *)
{
	for (int depth = 1; depth < 4; depth++) {
		try {
			sink = dive(depth);
		} catch (const std::exception &e) {
			sink = sink + e.what()[0];
		}
	}
}

extern "C" void stepper_map(void *)
{
	std::map<std::string, int> all;

	for (int i = 0; i < 12; i++)
		all["key " + std::to_string(i * 7919 % 13)] += i;
	for (const auto &one : all)
		sink = sink + one.second;
}
