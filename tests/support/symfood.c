/* symfood.c - see symfood.h.
 *
 * Room: tests.
 * SPDX-License-Identifier: MIT
 */
#include "tests/support/symfood.h"

#include <elfutils/libdwelf.h>
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_PATHS = 8, MAX_COMMAND_BYTES = 8192 };

static char dir[64];
static pid_t dir_owner;

static void give_up(const char *what, const char *which)
{
	fprintf(stderr, "symfood: %s: %s\n", what, which);
	abort();
}

static void remove_dir(void)
{
	char command[128];

	if (getpid() != dir_owner)
		return;
	snprintf(command, sizeof(command), "rm -rf '%s'", dir);
	if (system(command) != 0)
		fprintf(stderr, "symfood: could not remove %s\n", dir);
}

const char *symfood_dir(void)
{
	if (dir_owner == getpid())
		return dir;
	snprintf(dir, sizeof(dir), "/tmp/symfood-XXXXXX");
	if (!mkdtemp(dir))
		give_up("mkdtemp", dir);
	dir_owner = getpid();
	atexit(remove_dir);
	return dir;
}

void symfood_run(const char *format, ...)
{
	char command[MAX_COMMAND_BYTES], root[PATH_MAX];
	va_list args;

	if (!getcwd(root, sizeof(root)))
		give_up("getcwd", ".");
	int n = snprintf(command, sizeof(command), "cd '%s' && ROOT='%s' && ", symfood_dir(), root);

	va_start(args, format);
	vsnprintf(command + n, sizeof(command) - (size_t)n, format, args);
	va_end(args);
	if (system(command) != 0)
		give_up("failed", command);
}

const char *symfood_path(const char *name)
{
	static char path[N_PATHS][PATH_MAX];
	static unsigned at;
	char *to = path[at++ % N_PATHS];

	snprintf(to, PATH_MAX, "%s/%s", symfood_dir(), name);
	return to;
}

bool symfood_has(const char *tool)
{
	char command[128];

	snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
	if (system(command) == 0)
		return true;
	printf("SKIP no %s here\n", tool);
	return false;
}

static Elf *open_elf(const char *path, int *fd)
{
	elf_version(EV_CURRENT);
	*fd = open(path, O_RDONLY | O_CLOEXEC);
	Elf *elf = *fd < 0 ? NULL : elf_begin(*fd, ELF_C_READ_MMAP, NULL);

	if (!elf)
		give_up("not an ELF file", path);
	return elf;
}

static bool find_in(Elf *elf, Elf_Scn *scn, const char *symbol, uint64_t *addr)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	GElf_Shdr header;
	GElf_Sym sym;

	if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_SYMTAB)
		return false;
	for (int i = 0; gelf_getsym(data, i, &sym); i++) {
		*addr = sym.st_value;
		if (strcmp(elf_strptr(elf, header.sh_link, sym.st_name), symbol) == 0)
			return true;
	}
	return false;
}

uint64_t symfood_symbol(const char *path, const char *symbol)
{
	int fd;
	Elf *elf = open_elf(path, &fd);
	Elf_Scn *scn = NULL;
	uint64_t addr = 0;

	do
		scn = elf_nextscn(elf, scn);
	while (scn && !find_in(elf, scn, symbol, &addr));
	if (!scn)
		give_up("no such symbol", symbol);
	elf_end(elf);
	close(fd);
	return addr;
}

size_t symfood_build_id(const char *path, uint8_t id[64])
{
	int fd;
	Elf *elf = open_elf(path, &fd);
	const void *own;
	ssize_t n = dwelf_elf_gnu_build_id(elf, &own);

	if (n <= 0 || n > 64)
		give_up("no build-id", path);
	memcpy(id, own, (size_t)n);
	elf_end(elf);
	close(fd);
	return (size_t)n;
}

struct rp_frames symfood_resolve(struct rp_symbolizer **s, const char *path, uint64_t addr)
{
	struct rp_sym_module module = {.path = path};
	struct rp_frames frames;

	*s = rp_sym_make();
	rp_sym_resolve(*s, rp_sym_add(*s, &module), &addr, 1, &frames);
	return frames;
}
