/* symfood.h - programs built at test time, for the symbolizer to read.
 *
 * Room: tests.  A failing build ends the test with its command.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SYMFOOD_H
#define RP_TESTS_SYMFOOD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbolize/symbolize.h"

/* A fresh directory for one test's files; removed at exit of the process that made it. */
const char *symfood_dir(void);

/* Runs a shell command in that directory; ROOT in its environment is the repository. */
void symfood_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* DIR/NAME.  Valid until the eighth call from now. */
const char *symfood_path(const char *name);

/* Whether TOOL is on PATH; when not, prints a line "SKIP". */
bool symfood_has(const char *tool);

/* The address of SYMBOL in the .symtab of the file; ends the test when it is not there. */
uint64_t symfood_symbol(const char *path, const char *symbol);

/* The build-id of the file; how many bytes. */
size_t symfood_build_id(const char *path, uint8_t id[64]);

/* Resolves one address of one file with a fresh symbolizer, which the caller frees. */
struct rp_frames symfood_resolve(struct rp_symbolizer **s, const char *path, uint64_t addr);

#endif
