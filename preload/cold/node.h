/* node.h - the file node.cjs, which tells hot/node.h whose work node does, gets into node's start.
 *
 * Room: cold.  It lies beside the shim; node is asked to load it by NODE_OPTIONS, for as long as
 * it takes to start.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_NODE_H
#define RP_COLD_NODE_H

#include <stdbool.h>

/* In the constructor, where the program is node's. */
void rp_node_boot(int argc, char **argv);

/* Does the program of this name, started with these arguments and NODE_OPTIONS (NULL: unset), load
 * one file more without being another program? */
bool rp_node_is_fit(const char *program, int argc, char **argv, const char *options);

/* The entry for SHIM's file and the host's own OPTIONS (NULL: none) into TO of CAP bytes; false: it
 * cannot be said. */
bool rp_node_entry(const char *shim, const char *options, char *to, unsigned long cap);

/* node calls it when node.cjs loads the shim as an addon: in each of node's threads, on it. */
void *napi_register_module_v1(void *env, void *exports);

#endif
