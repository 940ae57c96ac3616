// seed.cc - what the seeds of fuzz_dwarf are built from: copies inlined, a lambda, a namespace, a
// local class, a template, a cold part.
// SPDX-License-Identifier: MIT
namespace shop {

volatile int sink;

template <typename T> static inline T twice(T value)
{
	sink = 1;
	return value + value;
}

struct Cart {
	int n = 0;
	__attribute__((noinline)) int total(int price);
	inline int tax(int price) { return twice(price) / 5 + n; }
};

__attribute__((noinline)) int Cart::total(int price)
{
	auto rounded = [this](int value) __attribute__((noinline)) { sink = n; return value & ~7; };
	struct Local {
		static __attribute__((noinline)) int fee(int value) { return sink + value; }
	};
	return rounded(tax(price)) + Local::fee(price);
}

__attribute__((cold, noinline)) static void refuse(int why)
{
	sink = why;
}

} // namespace shop

extern "C" int checkout(int n)
{
	shop::Cart cart;
	if (__builtin_expect(n < 0, 0)) {
		shop::refuse(n);
		return -1;
	}
	for (int i = 0; i < n; i++)
		cart.n += cart.total(i);
	return cart.n;
}
