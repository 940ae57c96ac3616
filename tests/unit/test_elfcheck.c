/* test_elfcheck.c - programs of every kind, made by patching a copy of this very test.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#include "tools/elfcheck.h"

#include <elf.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>
#include "tests/support/suite.h"

static char dir[] = "/tmp/reqprof-elfcheck-XXXXXX";
static char at[64];
static char *image;
static size_t n_image;
static const struct rp_elf_user nobody = {.uid = 65534, .gid = 65534};

static void load_image(void)
{
	FILE *f = fopen("/proc/self/exe", "rb");

	ck_assert_ptr_nonnull(f);
	fseek(f, 0, SEEK_END);
	n_image = (size_t)ftell(f);
	rewind(f);
	image = malloc(n_image);
	ck_assert_uint_eq(fread(image, 1, n_image, f), n_image);
	fclose(f);
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(at, sizeof at, "%s/program", dir);
}

static void drop_image(void)
{
	free(image);
	unlink(at);
	rmdir(dir);
}

/* Writes BYTES as an executable file and judges it as NOBODY would start it. */
static enum rp_elf_verdict judge(struct rp_elf *e, const void *bytes, size_t n, mode_t mode)
{
	FILE *f = fopen(at, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(bytes, 1, n, f), n);
	fclose(f);
	ck_assert_int_eq(chmod(at, mode), 0);
	rp_elf_check(e, at, nobody);
	return e->verdict;
}

static Elf64_Ehdr *head(void)
{
	return (Elf64_Ehdr *)(void *)image;
}

static Elf64_Phdr *segment(uint32_t type)
{
	Elf64_Phdr *ph = (Elf64_Phdr *)(void *)(image + head()->e_phoff);

	for (unsigned i = 0; i < head()->e_phnum; i++)
		if (ph[i].p_type == type)
			return &ph[i];
	ck_abort_msg("no segment of type %u", type);
	return NULL;
}

START_TEST(a_plain_program_is_fine)
{
	struct rp_elf e;

	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_OK);
	ck_assert_str_eq(e.path, at);
	ck_assert_ptr_nonnull(strstr(e.loader, "ld-linux"));
}
END_TEST

START_TEST(without_interpreter_it_is_static)
{
	struct rp_elf e;

	segment(PT_INTERP)->p_type = PT_NULL;
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_STATIC);
	head()->e_entry = 0;
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_NOT_PROGRAM);
}
END_TEST

START_TEST(a_musl_interpreter_is_another_libc)
{
	struct rp_elf e;
	char *loader = image + segment(PT_INTERP)->p_offset;

	strcpy(loader, "/lib/ld-musl-x86.so.1");
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_OTHER_LIBC);
	ck_assert_str_eq(e.loader, "/lib/ld-musl-x86.so.1");
}
END_TEST

START_TEST(a_go_section_or_note_makes_it_go)
{
	struct rp_elf e;
	Elf64_Shdr *sh = (Elf64_Shdr *)(void *)(image + head()->e_shoff);
	char *names = image + sh[head()->e_shstrndx].sh_offset;
	Elf64_Phdr *note = segment(PT_NOTE);
	const uint32_t go[] = {4, 4, 4, 0x00006f47, 0x64636261};

	memcpy(image + note->p_offset, go, sizeof go);
	note->p_filesz = sizeof go;
	note->p_align = 4;
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_GO);
	note->p_type = PT_NULL;
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_OK);
	for (unsigned i = 1; i < head()->e_shnum; i++)
		if (strcmp(names + sh[i].sh_name, ".gnu.version_r") == 0)
			strcpy(names + sh[i].sh_name, ".go.buildinfo");
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_GO);
}
END_TEST

START_TEST(other_machines_and_widths_are_named)
{
	struct rp_elf e;
	Elf32_Ehdr narrow = {.e_type = ET_EXEC,
	                     .e_machine = EM_386,
	                     .e_version = EV_CURRENT,
	                     .e_ehsize = sizeof narrow};

	memcpy(narrow.e_ident, image, EI_NIDENT);
	narrow.e_ident[EI_CLASS] = ELFCLASS32;
	ck_assert_int_eq(judge(&e, &narrow, sizeof narrow, 0755), RP_ELF_BITS);
	head()->e_machine = head()->e_machine == EM_RISCV ? EM_PPC64 : EM_RISCV;
	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_MACHINE);
}
END_TEST

START_TEST(gained_privileges_matter_and_own_ones_do_not)
{
	struct rp_elf e;
	struct rp_elf_user self = {.uid = getuid(), .gid = getgid()};

	ck_assert_int_eq(judge(&e, image, n_image, 04755), RP_ELF_SETUID);
	rp_elf_check(&e, at, self);
	ck_assert_int_eq(e.verdict, RP_ELF_OK);
	ck_assert_int_eq(judge(&e, image, n_image, 02755), RP_ELF_SETGID);
	rp_elf_check(&e, at, self);
	ck_assert_int_eq(e.verdict, RP_ELF_OK);
	ck_assert_int_eq(judge(&e, image, n_image, 02745), RP_ELF_OK); /* a lock bit, not setgid */
}
END_TEST

START_TEST(file_capabilities_are_seen)
{
	struct rp_elf e;
	const uint32_t net_bind[5] = {0x02000001, 1 << 10, 0, 0, 0};

	ck_assert_int_eq(judge(&e, image, n_image, 0755), RP_ELF_OK);
	if (setxattr(at, "security.capability", net_bind, sizeof net_bind, 0) != 0)
		return; /* only root may set them: then there is nothing to see */
	rp_elf_check(&e, at, nobody);
	ck_assert_int_eq(e.verdict, RP_ELF_FILE_CAPS);
	rp_elf_check(&e, at, (struct rp_elf_user){0, 0});
	ck_assert_int_eq(e.verdict, RP_ELF_OK);
}
END_TEST

static const struct {
	const char *text;
	enum rp_elf_verdict verdict;
	const char *path;
} scripts[] = {
        {"#!/bin/sh\n", RP_ELF_OK, "/bin/sh"},
        {"#! /bin/sh -e\nexec true\n", RP_ELF_OK, "/bin/sh"},
        {"#!/usr/bin/env sh\n", RP_ELF_OK, "/sh"},
        {"#!/usr/bin/env -S LANG=C sh -e\n", RP_ELF_OK, "/sh"},
        {"#!/usr/bin/env\n", RP_ELF_LOOP, ""},
        {"#!/no/such/interpreter\n", RP_ELF_MISSING, "/no/such/interpreter"},
        {"#!\n", RP_ELF_NOT_PROGRAM, ""},
        {"#!/tmp\n", RP_ELF_NOT_PROGRAM, "/tmp"},
        {"exec ./server\n", RP_ELF_OK, "/bin/sh"},
        {"", RP_ELF_NOT_PROGRAM, ""},
        {"PK\003\004", RP_ELF_OK, "/bin/sh"},
};

START_TEST(a_script_is_followed_to_its_interpreter)
{
	struct rp_elf e;
	const char *text = scripts[_i].text, *want = scripts[_i].path;

	ck_assert_int_eq(judge(&e, text, strlen(text), 0755), scripts[_i].verdict);
	ck_assert_str_eq(e.path + strlen(e.path) - strlen(want), want);
}
END_TEST

START_TEST(a_script_of_itself_ends)
{
	struct rp_elf e;
	char text[80];

	snprintf(text, sizeof text, "#!%s\n", at);
	ck_assert_int_eq(judge(&e, text, strlen(text), 0755), RP_ELF_LOOP);
}
END_TEST

START_TEST(what_is_not_there_or_not_executable_is_said)
{
	struct rp_elf e;

	ck_assert_int_eq(judge(&e, image, n_image, 0644), RP_ELF_NOT_EXECUTABLE);
	rp_elf_check(&e, "/no/such/file", nobody);
	ck_assert_int_eq(e.verdict, RP_ELF_MISSING);
	rp_elf_check(&e, "/tmp", nobody);
	ck_assert_int_eq(e.verdict, RP_ELF_NOT_PROGRAM);
}
END_TEST

START_TEST(any_cut_and_any_flipped_byte_of_the_head_is_survived)
{
	struct rp_elf e;
	size_t heads = sizeof(Elf64_Ehdr) + head()->e_phnum * sizeof(Elf64_Phdr);

	for (size_t cut = 4; cut < heads; cut += 7) {
		judge(&e, image, cut, 0755);
		ck_assert(!rp_elf_works(e.verdict));
	}
	size_t n = n_image < 65536 ? n_image : 65536;

	for (size_t i = 4; i < heads; i += 3) {
		image[i] = (char)~image[i];
		ck_assert_int_lt(judge(&e, image, n, 0755), RP_N_ELF_VERDICTS);
		image[i] = (char)~image[i];
	}
}
END_TEST

START_TEST(path_is_searched_as_execvp_does)
{
	char found[256], path[128];

	judge(&(struct rp_elf){0}, image, n_image, 0755);
	snprintf(path, sizeof path, "/nowhere::%s", dir);
	setenv("PATH", path, 1);
	ck_assert_int_eq(rp_elf_find("program", found, sizeof found), RP_ELF_OK);
	ck_assert_str_eq(found, at);
	ck_assert_int_eq(rp_elf_find("programme", found, sizeof found), RP_ELF_MISSING);
	ck_assert_int_eq(rp_elf_find("", found, sizeof found), RP_ELF_MISSING);
	chmod(at, 0644);
	ck_assert_int_eq(rp_elf_find("program", found, sizeof found), RP_ELF_NOT_EXECUTABLE);
}
END_TEST

START_TEST(every_refusal_has_a_reason_and_an_advice)
{
	for (int v = RP_ELF_OK; v < RP_N_ELF_VERDICTS; v++) {
		ck_assert_uint_gt(strlen(rp_elf_why(v)), 0);
		ck_assert_int_eq(rp_elf_works(v), rp_elf_advice(v)[0] == '\0');
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elfcheck");
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, load_image, drop_image);
	tcase_add_test(tc, a_plain_program_is_fine);
	tcase_add_test(tc, without_interpreter_it_is_static);
	tcase_add_test(tc, a_musl_interpreter_is_another_libc);
	tcase_add_test(tc, a_go_section_or_note_makes_it_go);
	tcase_add_test(tc, other_machines_and_widths_are_named);
	tcase_add_test(tc, gained_privileges_matter_and_own_ones_do_not);
	tcase_add_test(tc, file_capabilities_are_seen);
	tcase_add_loop_test(tc, a_script_is_followed_to_its_interpreter, 0,
	                    sizeof scripts / sizeof scripts[0]);
	tcase_add_test(tc, a_script_of_itself_ends);
	tcase_add_test(tc, what_is_not_there_or_not_executable_is_said);
	tcase_add_test(tc, any_cut_and_any_flipped_byte_of_the_head_is_survived);
	tcase_add_test(tc, path_is_searched_as_execvp_does);
	tcase_add_test(tc, every_refusal_has_a_reason_and_an_advice);
	suite_add_tcase(suite, tc);
	return suite_run(suite);
}
