/* elfopen.h - ELF files and images, opened and checked.
 *
 * Room: symbolize, private.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_SYMBOLIZE_ELFOPEN_H
#define RP_SYMBOLIZE_ELFOPEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <libelf.h>

/* An open ELF file (or image: fd is -1). */
struct rp_elf_file {
	Elf *elf; /* NULL: not open */
	int fd;
	const char *path;
};

/* Opens PATH (kept) or the image of N bytes.  When false: *MISSING tells "not there" from "not
 * ELF". */
bool rp_elfopen_file(struct rp_elf_file *file, const char *path, bool *missing);
bool rp_elfopen_image(struct rp_elf_file *file, const void *image, size_t n);
void rp_elfopen_close(struct rp_elf_file *file);

/* Closes the descriptor; the file stays mapped. */
void rp_elfopen_detach(struct rp_elf_file *file);

/* Whether FILE carries exactly this build-id. */
bool rp_elfopen_is_build(const struct rp_elf_file *file, const uint8_t *id, size_t n);

/* Where the debug file of a build is below ROOT, into PATH; false when that is too long. */
bool rp_elfopen_build_path(char *path, size_t size, const char *root, const uint8_t *id, size_t n);

/* The section NAME with bytes in this file, or NULL. */
Elf_Scn *rp_elfopen_section(const struct rp_elf_file *file, const char *name);

#endif
