/* commands.c - the table of verbs, grown from commands.def.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/commands.h"

#include <stddef.h>

const struct rp_command rp_commands[] = {
#define ROW(name, function, help) {name, help, rp_cmd_##function},
#define ALIAS(name, function)     {name, NULL, rp_cmd_##function},
#include "tools/commands.def"
        {NULL, NULL, NULL},
};
