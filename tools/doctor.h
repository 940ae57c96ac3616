/* doctor.h - findings: what works here (ok), what does not (no), what would help (hint).
 *
 * Room: tools.  cmd_doctor.c decides what is examined; doctor_*.c examine one topic each.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_DOCTOR_H
#define RP_DOCTOR_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum rp_finding { RP_FINDING_OK, RP_FINDING_NO, RP_FINDING_HINT };

struct rp_doctor {
	json_t *json; /* array that takes the findings, or NULL: a line of text each */
	unsigned n_no;
	const char *debug_dir, *sysroot; /* where to look for symbols; NULL: not told */
};

/* One finding, as printf does. */
void rp_doctor_say(struct rp_doctor *d, enum rp_finding kind, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/* The REQPROF variables among ENVIRONMENT (NULL-terminated "NAME=value" words). */
void rp_doctor_settings(struct rp_doctor *d, char *const *environment);

/* The variable NAME, also out of REQPROF=..., where it may be put into TEXT; NULL: unset. */
const char *rp_doctor_variable(char *const *environment, const char *name, char *text, size_t cap);

/* Who may have a request recorded, by a server that runs as UID. */
void rp_doctor_gate(struct rp_doctor *d, char *const *environment, uid_t uid);

/* Whether REQPROF_EXE keeps the shim inert in EXE. */
void rp_doctor_chosen(struct rp_doctor *d, char *const *environment, const char *exe);

/* The directory that sessions of a process of UID with that ENVIRONMENT go to. */
void rp_doctor_directory(struct rp_doctor *d, char *const *environment, uid_t uid);

/* A program that is not running yet. */
void rp_doctor_program(struct rp_doctor *d, const char *word);

/* A running one, with its settings, directory and modules. */
void rp_doctor_process(struct rp_doctor *d, pid_t pid);

/* Where the program of process PID is, as LINK and as TARGET; false, with errno: it may not be
 * told, and TARGET is "". */
bool rp_doctor_exe(pid_t pid, char link[64], char target[PATH_MAX]);

/* The program file PATH, called NAME, speaks TLS by code of its own: said, true. */
bool rp_doctor_tls_program(struct rp_doctor *d, const char *path, const char *name);

/* By what the process PID, whose /proc/PID/maps are MAPS, speaks TLS, and whether it is seen. */
void rp_doctor_tls_process(struct rp_doctor *d, pid_t pid, const char *maps);

/* Whether names and lines can be told for code of PATH, and what would bring them. */
void rp_doctor_symbols(struct rp_doctor *d, const char *path);

/* The same for the latest session, and what it lost. */
void rp_doctor_session(struct rp_doctor *d, const char *path);

/* debuginfod, for all modules at once. */
void rp_doctor_debuginfod(struct rp_doctor *d);

#endif
