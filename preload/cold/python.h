/* python.h - finds CPython in this process, for hot/python.c.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_PYTHON_H
#define RP_COLD_PYTHON_H

/* In the constructor, where the program itself is Python or was linked with it. */
void rp_python_find(void);

/* By our own thread, before it makes the tables of all modules, which takes a while: requests come
 * meanwhile, and tasks begin for them. */
void rp_python_hurry(void);

/* By our own thread: where it came later; and modules in C that go from context to context. */
void rp_python_look(void);

#endif
