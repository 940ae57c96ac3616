/* folder.h - the directory of sessions, as the shim finds or makes it.
 *
 * Room: cold.  Opened anew for each session, after privileges were dropped, never through a
 * symbolic link; its owner and mode are checked.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_FOLDER_H
#define RP_COLD_FOLDER_H

enum { RP_FOLDER_BYTES = 256 };

/* Where it is, or will be. */
void rp_folder_path(char *path);

/* The directory open, or -errno with a line in the log. */
int rp_folder_open(void);

/* Creates NAME in it, 0600; a descriptor or -errno. */
int rp_folder_create(int dir, const char *name);

#endif
