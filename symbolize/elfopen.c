/* elfopen.c - ELF files and images, opened and checked.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/elfopen.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <elfutils/libdwelf.h>

static bool is_elf(Elf *elf)
{
	GElf_Ehdr header;

	return elf && elf_kind(elf) == ELF_K_ELF && gelf_getehdr(elf, &header);
}

bool rp_elfopen_file(struct rp_elf_file *file, const char *path, bool *missing)
{
	struct stat st;
	/* A path may name a FIFO or a device by now: neither wait for it nor map it. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	*missing = fd < 0 && (errno == ENOENT || errno == ENOTDIR);
	if (fd < 0)
		return false;
	Elf *elf = NULL;

	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	if (!is_elf(elf)) {
		elf_end(elf);
		close(fd);
		return false;
	}
	*file = (struct rp_elf_file){elf, fd, path};
	return true;
}

bool rp_elfopen_image(struct rp_elf_file *file, const void *image, size_t n)
{
	/* libelf only reads an image of our own byte order; its parameter lacks the const. */
	Elf *elf = elf_memory((char *)(uintptr_t)image, n);

	if (!is_elf(elf)) {
		elf_end(elf);
		return false;
	}
	*file = (struct rp_elf_file){elf, -1, NULL};
	return true;
}

void rp_elfopen_close(struct rp_elf_file *file)
{
	if (!file->elf)
		return;
	elf_end(file->elf);
	if (file->fd >= 0)
		close(file->fd);
	file->elf = NULL;
}

void rp_elfopen_detach(struct rp_elf_file *file)
{
	if (elf_cntl(file->elf, ELF_C_FDREAD) != 0)
		return;
	close(file->fd);
	file->fd = -1;
}

bool rp_elfopen_build_path(char *path, size_t size, const char *root, const uint8_t *id, size_t n)
{
	int at = n ? snprintf(path, size, "%s/.build-id/%02x/", root, id[0]) : -1;

	if (at < 0 || (size_t)at + 2 * n + sizeof(".debug") > size)
		return false;
	for (size_t i = 1; i < n; i++)
		at += sprintf(path + at, "%02x", id[i]);
	strcpy(path + at, ".debug");
	return true;
}

bool rp_elfopen_is_build(const struct rp_elf_file *file, const uint8_t *id, size_t n)
{
	const void *own;
	ssize_t n_own = dwelf_elf_gnu_build_id(file->elf, &own);

	return n_own > 0 && (size_t)n_own == n && memcmp(own, id, n) == 0;
}

Elf_Scn *rp_elfopen_section(const struct rp_elf_file *file, const char *name)
{
	size_t names;
	Elf_Scn *scn = NULL;
	GElf_Shdr header;

	if (elf_getshdrstrndx(file->elf, &names) != 0)
		return NULL;
	while ((scn = elf_nextscn(file->elf, scn))) {
		if (!gelf_getshdr(scn, &header) || header.sh_type == SHT_NOBITS)
			continue;
		const char *own = elf_strptr(file->elf, names, header.sh_name);

		if (own && strcmp(own, name) == 0)
			return scn;
	}
	return NULL;
}
