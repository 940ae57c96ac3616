/* python.h - finds CPython in this process, for hot/python.c.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_PYTHON_H
#define RP_COLD_PYTHON_H

/* In the constructor, where the program itself is Python or was linked with it. */
void rp_python_find(void);

/* By our own thread: where it came later; and modules in C that go from context to context. */
void rp_python_look(void);

#endif
