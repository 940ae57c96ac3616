/* folder.h - a scratch folder with files of chosen names, sizes and ages.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_FOLDER_H
#define RP_TESTS_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* Makes /tmp/NAME.<6 random letters>, empty, into PATH; returns a descriptor on it. */
int folder_make(char *path, size_t cap, const char *name);

/* A file of BYTES zeros, last written at WALL_S. */
void folder_add(int dirfd, const char *name, size_t bytes, uint64_t wall_s);

/* Entries in the folder, but "." and "..". */
unsigned folder_count(int dirfd);

/* Removes the folder and what is in it (files, links and empty folders). */
void folder_remove(int dirfd, const char *path);

#endif
