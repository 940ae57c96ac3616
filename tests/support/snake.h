/* snake.h - what hot/python*.c asks of CPython, played: contexts, greenlets, and a request.
 *
 * Room: tests.  One thread; a switch to a greenlet is a call of what it runs, and a return from
 * there a switch back. SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SNAKE_H
#define RP_TESTS_SNAKE_H

#include <stdint.h>

struct snake_object {
	intptr_t refs;
	const void *type;
};

struct snake_context {
	struct snake_object head;
	unsigned long long number; /* of the request that it says; 0: none */
	int entered;
};

struct snake_greenlet {
	struct snake_object head;
	int begun;
	struct snake_context *context;
	void (*runs)(void);
	int throws; /* when it is back, something was thrown at who had switched to it */
};

/* Puts it in place of Python; greenlet is imported. */
void snake_ready(void);

/* The context that "the thread" is in, and one of nobody's. */
extern struct snake_context *snake_now;
struct snake_context snake_context(void);
struct snake_greenlet snake_greenlet(struct snake_context *context, void (*runs)(void));

/* Context.run(CALLED), where CALLED is a function, or (COROUTINE) goes on with a coroutine. */
void snake_run(struct snake_context *context, void (*called)(void), int coroutine);
struct snake_context *snake_copy(void);

/* greenlet.switch, as Python calls it, and as modules in C do by the table. */
void *snake_switch(struct snake_greenlet *to);
void *snake_switch_by_table(struct snake_greenlet *to);
/* ... to what is no greenlet. */
void *snake_switch_to_none(struct snake_context *context, void (*runs)(void));

/* An exception is on its way. */
int snake_has_failed(void);
#endif
