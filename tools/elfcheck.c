/* elfcheck.c - see elfcheck.h.  The file is read with libelf, the script line by hand.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/elfcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

enum {
	MAX_SCRIPTS = 5,   /* the kernel's own bound on nested interpreters */
	SCRIPT_LINE = 256, /* and on the length of a "#!" line */
};

static const struct {
	bool works;
	const char *why, *advice;
} verdicts[] = {
#define VERDICT(name, works, why, advice) [RP_ELF_##name] = {works, why, advice},
#include "tools/elfcheck.def"
};

bool rp_elf_works(enum rp_elf_verdict verdict)
{
	return verdicts[verdict].works;
}

const char *rp_elf_why(enum rp_elf_verdict verdict)
{
	return verdicts[verdict].why;
}

const char *rp_elf_advice(enum rp_elf_verdict verdict)
{
	return verdicts[verdict].advice;
}

static enum rp_elf_verdict may_execute(const char *path)
{
	struct stat st;

	if (stat(path, &st) != 0)
		return errno == EACCES ? RP_ELF_NOT_EXECUTABLE : RP_ELF_MISSING;
	if (!S_ISREG(st.st_mode))
		return RP_ELF_NOT_PROGRAM;
	return access(path, X_OK) == 0 ? RP_ELF_OK : RP_ELF_NOT_EXECUTABLE;
}

enum rp_elf_verdict rp_elf_find(const char *word, char *found, size_t cap)
{
	enum rp_elf_verdict best = RP_ELF_MISSING;
	const char *dirs = getenv("PATH");

	if (strchr(word, '/')) {
		snprintf(found, cap, "%s", word);
		return may_execute(word);
	}
	if (!dirs)
		dirs = "/bin:/usr/bin";
	for (const char *dir = dirs; *word;) {
		size_t n = strcspn(dir, ":");

		snprintf(found, cap, "%.*s%s%s", (int)n, dir, n ? "/" : "", word);
		enum rp_elf_verdict v = may_execute(found);

		if (v == RP_ELF_OK)
			return v;
		if (v == RP_ELF_NOT_EXECUTABLE && access(found, F_OK) == 0)
			best = v; /* nothing is known of what a closed directory holds */
		if (!dir[n])
			break;
		dir += n + 1;
	}
	snprintf(found, cap, "%s", word);
	return best;
}

static bool has_go_note(Elf *elf, const GElf_Phdr *ph)
{
	Elf_Data *notes = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset, ph->p_filesz,
	                                       ph->p_align == 8 ? ELF_T_NHDR8 : ELF_T_NHDR);
	size_t at = 0, name, desc;
	GElf_Nhdr head;

	while (notes && (at = gelf_getnote(notes, at, &head, &name, &desc)) > 0)
		if (head.n_namesz >= 3 && memcmp((char *)notes->d_buf + name, "Go", 3) == 0)
			return true;
	return false;
}

static bool has_go_section(Elf *elf)
{
	size_t names;

	if (elf_getshdrstrndx(elf, &names) != 0)
		return false;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn)) != NULL;) {
		GElf_Shdr sh;
		const char *name =
		        gelf_getshdr(scn, &sh) ? elf_strptr(elf, names, sh.sh_name) : NULL;

		if (name && (!strcmp(name, ".go.buildinfo") || !strcmp(name, ".gopclntab")))
			return true;
	}
	return false;
}

static void read_loader(Elf *elf, const GElf_Phdr *ph, struct rp_elf *e)
{
	Elf_Data *data = elf_getdata_rawchunk(elf, (int64_t)ph->p_offset, ph->p_filesz, ELF_T_BYTE);

	if (data)
		snprintf(e->loader, sizeof e->loader, "%.*s", (int)data->d_size,
		         (const char *)data->d_buf);
}

static bool is_glibc_loader(const char *path)
{
	const char *name = strrchr(path, '/');

	name = name ? name + 1 : path;
	return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld64.so", 7) == 0;
}

/* Without PT_INTERP a file is static, a library, or the loader itself, which does preload. */
static enum rp_elf_verdict judge_without_loader(const GElf_Ehdr *eh, const char *path)
{
	if (eh->e_type == ET_DYN && is_glibc_loader(path))
		return RP_ELF_OK;
	return eh->e_type == ET_DYN && !eh->e_entry ? RP_ELF_NOT_PROGRAM : RP_ELF_STATIC;
}

static enum rp_elf_verdict judge_segments(Elf *elf, const GElf_Ehdr *eh, struct rp_elf *e)
{
	size_t n;

	if (elf_getphdrnum(elf, &n) != 0 || n == 0)
		return eh->e_type == ET_REL ? RP_ELF_NOT_PROGRAM : RP_ELF_DAMAGED;
	for (size_t i = 0; i < n; i++) {
		GElf_Phdr ph;

		if (!gelf_getphdr(elf, (int)i, &ph))
			return RP_ELF_DAMAGED;
		if (ph.p_type == PT_NOTE && has_go_note(elf, &ph))
			return RP_ELF_GO;
		if (ph.p_type == PT_INTERP)
			read_loader(elf, &ph, e);
	}
	if (has_go_section(elf))
		return RP_ELF_GO;
	if (!e->loader[0])
		return judge_without_loader(eh, e->path);
	return is_glibc_loader(e->loader) ? RP_ELF_OK : RP_ELF_OTHER_LIBC;
}

/* The machine of this tool is that of the shim beside it. */
static unsigned own_machine(void)
{
	GElf_Ehdr eh = {.e_machine = EM_NONE};
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);

	if (elf)
		gelf_getehdr(elf, &eh);
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return eh.e_machine;
}

static enum rp_elf_verdict judge_elf(int fd, struct rp_elf *e)
{
	Elf *elf = elf_begin(fd, ELF_C_READ_MMAP, NULL);
	GElf_Ehdr eh;
	enum rp_elf_verdict v;

	if (!elf || !gelf_getehdr(elf, &eh))
		v = RP_ELF_DAMAGED;
	else if (gelf_getclass(elf) == ELFCLASS32)
		v = RP_ELF_BITS;
	else if (eh.e_machine != own_machine())
		v = RP_ELF_MACHINE;
	else
		v = judge_segments(elf, &eh, e);
	elf_end(elf);
	return v;
}

/* AT_SECURE as the kernel decides it: an id that changes, or capabilities that grow. */
static enum rp_elf_verdict judge_privileges(int fd, struct rp_elf_user user)
{
	struct stat st;
	struct statvfs fs;

	if (fstat(fd, &st) != 0 || (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOSUID)))
		return RP_ELF_OK;
	if ((st.st_mode & S_ISUID) && st.st_uid != user.uid)
		return RP_ELF_SETUID;
	if ((st.st_mode & S_ISGID) && (st.st_mode & S_IXGRP) && st.st_gid != user.gid)
		return RP_ELF_SETGID;
	if (user.uid != 0 && fgetxattr(fd, "security.capability", NULL, 0) > 0)
		return RP_ELF_FILE_CAPS;
	return RP_ELF_OK;
}

static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t");
	char *end = word + strcspn(word, " \t");

	*line = *end ? end + 1 : end;
	*end = '\0';
	return word;
}

/* Puts the program that "#!LINE" starts into e->path: what env(1) is to find, else LINE's own. */
static enum rp_elf_verdict follow_script(char *line, struct rp_elf *e)
{
	char *word = next_word(&line), *name = strrchr(word, '/');

	if (!*word)
		return RP_ELF_NOT_PROGRAM;
	if (name && strcmp(name, "/env") == 0) {
		do
			word = next_word(&line);
		while (*word == '-' || strchr(word, '='));
		if (!*word)
			return RP_ELF_LOOP;
	}
	return rp_elf_find(word, e->path, sizeof e->path);
}

/* Judges e->path.  When it is a script, e->path becomes its interpreter and *AGAIN true. */
static enum rp_elf_verdict judge_file(int fd, struct rp_elf *e, struct rp_elf_user user,
                                      bool *again)
{
	char head[SCRIPT_LINE + 1];
	ssize_t n = pread(fd, head, SCRIPT_LINE, 0);

	if (n < 2)
		return RP_ELF_NOT_PROGRAM;
	head[n] = '\0';
	if (n >= 4 && memcmp(head, ELFMAG, SELFMAG) == 0) {
		enum rp_elf_verdict v = judge_elf(fd, e);

		return v == RP_ELF_OK ? judge_privileges(fd, user) : v;
	}
	*again = memchr(head, '\0', (size_t)n) == NULL;
	if (!*again)
		return RP_ELF_NOT_PROGRAM;
	if (memcmp(head, "#!", 2) != 0) { /* execvp(3) gives such a text to the shell */
		snprintf(e->path, sizeof e->path, "/bin/sh");
		return RP_ELF_OK;
	}
	head[strcspn(head, "\r\n")] = '\0';
	return follow_script(head + 2, e);
}

void rp_elf_check(struct rp_elf *e, const char *path, struct rp_elf_user user)
{
	elf_version(EV_CURRENT);
	e->loader[0] = '\0';
	snprintf(e->path, sizeof e->path, "%s", path);
	e->verdict = may_execute(path);
	for (int depth = 0; e->verdict == RP_ELF_OK; depth++) {
		bool again = false;
		int fd = open(e->path, O_RDONLY | O_CLOEXEC);

		if (fd < 0) {
			e->verdict = RP_ELF_UNREADABLE;
			return;
		}
		e->verdict = judge_file(fd, e, user, &again);
		close(fd);
		if (!again)
			return;
		if (depth == MAX_SCRIPTS)
			e->verdict = RP_ELF_LOOP;
	}
}
