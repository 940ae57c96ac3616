/* startcode.h - rows for the code of .init and .fini, which crti.o and crtn.o give to every module
 * without a word for unwinders.  Pure.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_STARTCODE_H
#define RP_COLD_STARTCODE_H

#include <stddef.h>
#include <stdint.h>
#include "preload/cold/ehframe.h"

enum { RP_STARTCODE_BYTES = 48 };

/* As found in a module. */
struct rp_startcode {
	uint32_t pc; /* from the module's lo */
	uint32_t n;  /* 0: there is none */
	uint8_t code[RP_STARTCODE_BYTES];
};

/* Inserts the rows of START into ROWS, which are sorted; nothing where it is not what crti.o and
 * crtn.o make, or where there are rows already. */
void rp_startcode_join(const struct rp_machine *machine, const struct rp_startcode *start,
                       struct rp_rows *rows);

#endif
