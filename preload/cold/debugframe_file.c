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

/* What is looked for, by its name; sh_size 0: it is not there. */
enum { EH_FRAME, DEBUG_FRAME, N_WANTED };
static const char *const wanted[N_WANTED] = {".eh_frame", ".debug_frame"};

static bool is_called(const Elf64_Shdr *section, const char *names, size_t n_names,
                      const char *name)
{
	size_t n = strlen(name) + 1;

	return section->sh_name < n_names && n_names - section->sh_name >= n &&
	       memcmp(names + section->sh_name, name, n) == 0;
}

static bool is_readable(const Elf64_Shdr *section)
{
	return (section->sh_type == SHT_PROGBITS || section->sh_type == SHT_X86_64_UNWIND) &&
	       !(section->sh_flags & SHF_COMPRESSED) && section->sh_size > 0 &&
	       section->sh_size < MOST_BYTES;
}

static void find_among(int fd, const Elf64_Shdr *sections, unsigned n, unsigned names_index,
                       Elf64_Shdr found[N_WANTED])
{
	size_t n_names = names_index < n ? sections[names_index].sh_size : 0;
	char *names = n_names && n_names < MOST_NAMES ? rp_pages_make(n_names) : NULL;

	if (!names)
		return;
	if (read_at(fd, names, n_names, sections[names_index].sh_offset))
		for (unsigned i = 0; i < n; i++)
			for (unsigned which = 0; which < N_WANTED; which++)
				if (is_readable(&sections[i]) &&
				    is_called(&sections[i], names, n_names, wanted[which]))
					found[which] = sections[i];
	rp_pages_free(names, n_names);
}

static void find_sections(int fd, Elf64_Shdr found[N_WANTED])
{
	Elf64_Ehdr elf;

	if (!read_at(fd, &elf, sizeof(elf), 0) || memcmp(elf.e_ident, ELFMAG, SELFMAG) != 0 ||
	    elf.e_ident[EI_CLASS] != ELFCLASS64 || elf.e_ident[EI_DATA] != ELFDATA2LSB ||
	    elf.e_shentsize != sizeof(Elf64_Shdr) || !elf.e_shnum || elf.e_shnum > MOST_SECTIONS)
		return;
	size_t n_bytes = elf.e_shnum * sizeof(Elf64_Shdr);
	Elf64_Shdr *sections = rp_pages_make(n_bytes);

	if (sections && read_at(fd, sections, n_bytes, elf.e_shoff))
		find_among(fd, sections, elf.e_shnum, elf.e_shstrndx, found);
	rp_pages_free(sections, n_bytes);
}

/* .eh_frame into BYTES, where no header led to the one in memory; it says where it would be. */
static void take_eh_frame(int fd, const Elf64_Shdr *section, struct rp_ehframe *eh, uint8_t *bytes,
                          uint64_t bias)
{
	if (!section->sh_size || !read_at(fd, bytes, section->sh_size, section->sh_offset))
		return;
	eh->n = rp_ehframe_length(bytes, section->sh_size);
	eh->addr = bias + section->sh_addr;
}

static size_t join(int fd, const Elf64_Shdr sections[N_WANTED], struct rp_ehframe *eh,
                   uint64_t bias, uint64_t text_lo, uint64_t text_hi)
{
	const Elf64_Shdr *debug = &sections[DEBUG_FRAME];
	size_t n_pages = eh->n + sections[EH_FRAME].sh_size + debug->sh_size;
	uint8_t *bytes = n_pages > eh->n ? rp_pages_make(n_pages) : NULL;
	struct rp_debugframe frame = {
	        .n = debug->sh_size, .bias = bias, .lo = text_lo, .hi = text_hi};

	if (!bytes)
		return 0;
	if (eh->n)
		memcpy(bytes, eh->bytes, eh->n);
	else
		take_eh_frame(fd, &sections[EH_FRAME], eh, bytes, bias);
	eh->bytes = bytes;
	frame.bytes = bytes + eh->n;
	if (frame.n && read_at(fd, frame.bytes, frame.n, debug->sh_offset))
		eh->n += rp_debugframe_rewrite(&frame);
	return n_pages;
}

size_t rp_debugframe_join(struct rp_ehframe *eh, const struct rp_module *module, uint64_t text_lo,
                          uint64_t text_hi)
{
	Elf64_Shdr sections[N_WANTED] = {{0}};
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
	find_sections(fd, sections);
	if (eh->n)
		sections[EH_FRAME].sh_size = 0; /* what is in memory counts */
	if ((sections[EH_FRAME].sh_size || sections[DEBUG_FRAME].sh_size) &&
	    is_what_was_loaded(fd, module))
		n_pages = join(fd, sections, eh, module->bias, text_lo, text_hi);
	rp_sys(SYS_close, fd);
	return n_pages;
}
