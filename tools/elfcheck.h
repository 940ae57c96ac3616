/* elfcheck.h - what a program file is, and whether LD_PRELOAD would reach it.
 *
 * Room: tools.  Only looks: nothing is run.  A script is followed to its interpreter, also through
 * "#!/usr/bin/env NAME".
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_ELFCHECK_H
#define RP_ELFCHECK_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum rp_elf_verdict {
#define VERDICT(name, works, why, advice) RP_ELF_##name,
#include "tools/elfcheck.def"
	RP_N_ELF_VERDICTS
};

struct rp_elf {
	enum rp_elf_verdict verdict;
	char path[PATH_MAX];   /* the program judged: of a script, its interpreter */
	char loader[PATH_MAX]; /* what PT_INTERP names; "" when there is none */
};

/* Who would start the program: privileges that it already has are none gained. */
struct rp_elf_user {
	uid_t uid;
	gid_t gid;
};

/* Judges the file PATH as started by USER. */
void rp_elf_check(struct rp_elf *e, const char *path, struct rp_elf_user user);

/* The columns of elfcheck.def. */
bool rp_elf_works(enum rp_elf_verdict verdict);
const char *rp_elf_why(enum rp_elf_verdict verdict);
const char *rp_elf_advice(enum rp_elf_verdict verdict);

/* Finds WORD as a shell does, along PATH unless it has a slash.  OK with the file in
 * FOUND[CAP]; else MISSING or NOT_EXECUTABLE. */
enum rp_elf_verdict rp_elf_find(const char *word, char *found, size_t cap);

#endif
