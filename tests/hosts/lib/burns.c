/* burns.c - ../burns.h as a library, for servers in other languages; built to lib/burns.so.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include "../burns.h"
