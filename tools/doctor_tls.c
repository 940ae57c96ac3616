/* doctor_tls.c - are requests over TLS seen: by which library does a process speak it?
 *
 * Room: tools.  The shim stands in front of libraries; what is linked into a program it cannot see.
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <gelf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tools/doctor.h"

/* How the name of a library's file begins, and what is said before and behind its path. */
static const struct {
	const char *name;
	enum rp_finding finding;
	const char *before, *behind;
} libraries[] = {
        {"libssl.so", RP_FINDING_OK, "TLS by ", " is seen"},
        {"libssl-", RP_FINDING_OK, "TLS by ", " is seen"}, /* as wheels of Python bring it */
        {"libgnutls.so", RP_FINDING_OK, "TLS by ", " is seen"},
        {"libssl3.so", RP_FINDING_HINT, "TLS by ", " (NSS) is not seen; put a TLS proxy in front"},
        {"libjvm.so", RP_FINDING_HINT, "",
         " is Java: its own TLS (JSSE) passes no function that can be hooked; put a TLS proxy in "
         "front, or use OpenSSL (tomcat-native)"},
};

/* A symbol of TABLE is the function NAME, and defined. */
static bool table_has(Elf *elf, Elf_Scn *scn, const GElf_Shdr *table, const char *name)
{
	Elf_Data *data = elf_getdata(scn, NULL);
	int n = table->sh_entsize ? (int)(table->sh_size / table->sh_entsize) : 0;

	for (int i = 0; data && i < n; i++) {
		GElf_Sym symbol;
		const char *is = gelf_getsym(data, i, &symbol)
		                         ? elf_strptr(elf, table->sh_link, symbol.st_name)
		                         : NULL;

		if (is && symbol.st_shndx != SHN_UNDEF && strcmp(is, name) == 0)
			return true;
	}
	return false;
}

static bool file_has(const char *path, const char *name)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool has = false;

	elf_version(EV_CURRENT);
	Elf *elf = fd >= 0 ? elf_begin(fd, ELF_C_READ_MMAP, NULL) : NULL;

	for (Elf_Scn *scn = NULL; elf && !has && (scn = elf_nextscn(elf, scn)) != NULL;) {
		GElf_Shdr sh;

		if (gelf_getshdr(scn, &sh) &&
		    (sh.sh_type == SHT_DYNSYM || sh.sh_type == SHT_SYMTAB))
			has = table_has(elf, scn, &sh, name);
	}
	elf_end(elf);
	if (fd >= 0)
		close(fd);
	return has;
}

bool rp_doctor_tls_program(struct rp_doctor *d, const char *path, const char *name)
{
	if (!file_has(path, "SSL_read"))
		return false;
	rp_doctor_say(
	        d, RP_FINDING_HINT,
	        "%s has OpenSSL linked into it: its requests over TLS are not seen; use a build "
	        "with a shared libssl (of node: Debian's), or put a TLS proxy in front",
	        name);
	return true;
}

/* What is to be said of the mapped file PATH of N bytes. */
static bool say_library(struct rp_doctor *d, const char *path, size_t n)
{
	const char *slash = memrchr(path, '/', n), *base = slash ? slash + 1 : path;

	for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++) {
		if (strncmp(base, libraries[i].name, strlen(libraries[i].name)) != 0)
			continue;
		rp_doctor_say(d, libraries[i].finding, "%s%.*s%s", libraries[i].before, (int)n,
		              path, libraries[i].behind);
		return true;
	}
	return false;
}

void rp_doctor_tls_process(struct rp_doctor *d, pid_t pid, const char *maps)
{
	const char *last = "";
	size_t n_last = 0;
	char exe[64], program[PATH_MAX];
	bool said;

	rp_doctor_exe(pid, exe, program);
	said = rp_doctor_tls_program(d, exe, program);
	for (const char *line = maps; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		size_t n = strcspn(line, "\n");
		const char *path = memchr(line, '/', n);
		size_t n_path = path ? n - (size_t)(path - line) : 0;

		if (!path || (n_path == n_last && memcmp(path, last, n_path) == 0))
			continue;
		last = path;
		n_last = n_path;
		said |= say_library(d, path, n_path);
	}
	if (!said)
		rp_doctor_say(
		        d, RP_FINDING_HINT,
		        "process %d has no libssl or libgnutls in it: if it speaks TLS by code "
		        "of its own (rustls, BoringSSL), those requests are not seen",
		        (int)pid);
}
