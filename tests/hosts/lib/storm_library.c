/* storm_library.c - one of the libraries of storm_host.c, which load and unload all the time.
 *
 * Built several times with another LIB: the same names but for the number, the same chain of calls
 * (enter, outer, middle, leaf), other frames at other places.  What holds for one library's code
 * is wrong for that of another at the same address.
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <alloca.h>
#include <string.h>

#define JOIN(k, what)    storm_##k##_##what
#define NAME_OF(k, what) JOIN(k, what)
#define NAME(what)       NAME_OF(LIB, what)
#define NOINLINE         __attribute__((noinline, noclone))

void storm_spin(unsigned rounds);
unsigned NAME(leaf)(unsigned rounds);
unsigned NAME(middle)(unsigned rounds);
unsigned NAME(outer)(unsigned rounds);
unsigned storm_enter(unsigned rounds);

/* Moves the rest of the code. */
__asm__(".text\n\t.skip 16 + 72 * " /* no loop: the number is the preprocessor's */
#define TEXT(x)    #x
#define TEXT_OF(x) TEXT(x)
        TEXT_OF(LIB) ", 0xcc\n");

static volatile unsigned sink;

#if LIB % 4 == 0 /* small frames */
#define ROOM                                                                                       \
	volatile char room[24 + 16 * LIB];                                                         \
	room[rounds % sizeof(room)] = 1
#elif LIB % 4 == 1 /* by rbp */
#define ROOM                                                                                       \
	volatile char *room = alloca(40 + rounds % 7 + 8 * LIB);                                   \
	room[3] = 1
#elif LIB % 4 == 2 /* wide and realigned */
#define ROOM                                                                                       \
	volatile char room[900 + 64 * LIB] __attribute__((aligned(64)));                           \
	room[rounds % 800] = 1
#else /* many registers are saved */
#define ROOM                                                                                       \
	unsigned a = sink, b = sink, c = sink, d = sink, e = sink, f = sink;                       \
	char room[1] = {1}
#define KEEP sink += a + b * 3 + c * 5 + d * 7 + e * 11 + f * 13
#endif
#ifndef KEEP
#define KEEP sink += 1
#endif

NOINLINE unsigned NAME(leaf)(unsigned rounds)
{
	ROOM;
	for (unsigned i = 0; i < rounds; i++)
		sink += i;
	storm_spin(rounds);
	KEEP;
	return room[0];
}

NOINLINE unsigned NAME(middle)(unsigned rounds)
{
	ROOM;
	unsigned sum = NAME(leaf)(rounds) + NAME(leaf)(rounds / 2);

	KEEP;
	return sum + room[0];
}

NOINLINE unsigned NAME(outer)(unsigned rounds)
{
	ROOM;
	unsigned sum = NAME(middle)(rounds) + NAME(leaf)(1);

	KEEP;
	return sum + room[0];
}

unsigned storm_enter(unsigned rounds)
{
	unsigned sum = 0;

	for (unsigned i = 0; i < 40; i++)
		sum += NAME(outer)(rounds);
	return sum + 1;
}
