/* debugframe_file.c - see debugframe_file.h.
 *
 * Room: cold.  The file is anybody's: everything is read by pread, into memory of our own, and
 * every number of it is compared with what there is.
 * SPDX-License-Identifier: MIT
 */
#include "preload/cold/debugframe_file.h"

#include <elf.h>
#include <fcntl.h>
#include <string.h>
#include <sys/uio.h>
#include "preload/cold/debugframe.h"
#include "preload/cold/modules_mem.h"
#include "preload/hot/sys.h"
#include "store/records.h"

enum { MOST_SECTIONS = 8192, MOST_NAMES = 1 << 20, MOST_BYTES = 256 << 20, COMPARED = 1024 };

static bool read_at(int fd, void *to, size_t n, uint64_t from)
{
	size_t done = 0;

	while (done < n) {
		long got = rp_sys(SYS_pread64, fd, (char *)to + done, n - done, from + done);

		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

/* Headers, segments and as a rule the build-id are the first bytes of both.  The module may be
 * gone by now: the kernel reads, and says so. */
static bool is_what_was_loaded(int fd, const struct rp_module *module)
{
	uint8_t file[COMPARED], memory[COMPARED];
	struct iovec to = {memory, COMPARED};
	struct iovec from = {(void *)(uintptr_t)module->lo, COMPARED};
	long pid = rp_sys(SYS_getpid, 0);

	return read_at(fd, file, COMPARED, 0) &&
	       rp_sys(SYS_process_vm_readv, pid, &to, 1, &from, 1, 0) == COMPARED &&
	       memcmp(file, memory, COMPARED) == 0;
}

/* Is section I of SECTIONS, whose names are NAMES, what we look for? */
static bool is_debug_frame(const Elf64_Shdr *section, const char *names, size_t n_names)
{
	static const char name[] = ".debug_frame";

	return section->sh_type == SHT_PROGBITS && !(section->sh_flags & SHF_COMPRESSED) &&
	       section->sh_size > 0 && section->sh_size < MOST_BYTES &&
	       section->sh_name < n_names && n_names - section->sh_name >= sizeof(name) &&
	       memcmp(names + section->sh_name, name, sizeof(name)) == 0;
}

static bool find_among(int fd, const Elf64_Shdr *sections, unsigned n, unsigned names_index,
                       Elf64_Shdr *found)
{
	size_t n_names = names_index < n ? sections[names_index].sh_size : 0;
	char *names = n_names && n_names < MOST_NAMES ? rp_pages_make(n_names) : NULL;
	bool is_there = false;

	if (!names)
		return false;
	if (read_at(fd, names, n_names, sections[names_index].sh_offset))
		for (unsigned i = 0; i < n && !is_there; i++) {
			*found = sections[i];
			is_there = is_debug_frame(found, names, n_names);
		}
	rp_pages_free(names, n_names);
	return is_there;
}

static bool find_section(int fd, Elf64_Shdr *found)
{
	Elf64_Ehdr elf;

	if (!read_at(fd, &elf, sizeof(elf), 0) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf.e_shentsize != sizeof(Elf64_Shdr) || !elf.e_shnum || elf.e_shnum > MOST_SECTIONS)
		return false;
	size_t n_bytes = elf.e_shnum * sizeof(Elf64_Shdr);
	Elf64_Shdr *sections = rp_pages_make(n_bytes);

	if (!sections)
		return false;
	bool is_there = read_at(fd, sections, n_bytes, elf.e_shoff) &&
	                find_among(fd, sections, elf.e_shnum, elf.e_shstrndx, found);

	rp_pages_free(sections, n_bytes);
	return is_there;
}

static size_t join(int fd, const Elf64_Shdr *section, struct rp_ehframe *eh, uint64_t bias,
                   uint64_t text_lo, uint64_t text_hi)
{
	size_t n_pages = eh->n + section->sh_size;
	uint8_t *bytes = rp_pages_make(n_pages);
	struct rp_debugframe frame = {
	        .n = section->sh_size, .bias = bias, .lo = text_lo, .hi = text_hi};

	if (!bytes)
		return 0;
	frame.bytes = bytes + eh->n;
	if (!read_at(fd, frame.bytes, frame.n, section->sh_offset)) {
		rp_pages_free(bytes, n_pages);
		return 0;
	}
	if (eh->n)
		memcpy(bytes, eh->bytes, eh->n);
	eh->bytes = bytes;
	eh->n += rp_debugframe_rewrite(&frame);
	return n_pages;
}

size_t rp_debugframe_join(struct rp_ehframe *eh, const struct rp_module *module, uint64_t text_lo,
                          uint64_t text_hi)
{
	Elf64_Shdr section;
	size_t n_pages = 0;

	if (module->flags & RP_MODULE_VDSO)
		return 0;
	/* Not to be held up by what is no file. */
	int fd = (int)rp_sys(SYS_openat, AT_FDCWD, module->path,
	                     O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0)
		return 0;
	if (text_hi <= text_lo) {
		text_lo = eh->lo;
		text_hi = eh->hi;
	}
	if (find_section(fd, &section) && is_what_was_loaded(fd, module))
		n_pages = join(fd, &section, eh, module->bias, text_lo, text_hi);
	rp_sys(SYS_close, fd);
	return n_pages;
}
