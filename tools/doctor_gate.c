/* doctor_gate.c - who may have a request recorded, and see the profile, with these settings.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include "tools/doctor.h"

static bool is_set(char *const *environment, const char *name)
{
	char text[PATH_MAX];
	const char *found = rp_doctor_variable(environment, name, text, sizeof text);

	return found && *found;
}

/* The file is read by the server's user, after it has become that: it must be his, or root's. */
static void examine_secret(struct rp_doctor *d, const char *path, uid_t uid)
{
	struct stat st;

	if (lstat(path, &st) != 0 || st.st_uid == 0 || st.st_uid == uid)
		return; /* what else may be wrong is told with the settings */
	rp_doctor_say(
	        d, RP_FINDING_NO,
	        "%s belongs to uid %u, and the server runs as %u: it is not believed, and every "
	        "trigger is refused; chown it",
	        path, st.st_uid, uid);
}

static void examine_proxies(struct rp_doctor *d, char *const *environment)
{
	if (is_set(environment, "REQPROF_TRUSTED_PROXIES"))
		rp_doctor_say(
		        d, RP_FINDING_HINT,
		        "the proxies that are trusted must append their client to "
		        "X-Forwarded-For: one that passes on what it got lets anybody be local");
}

void rp_doctor_gate(struct rp_doctor *d, char *const *environment, uid_t uid)
{
	bool open = is_set(environment, "REQPROF_OPEN");
	bool keep = is_set(environment, "REQPROF_RESPONSE");
	char text[PATH_MAX];
	const char *secret =
	        rp_doctor_variable(environment, "REQPROF_SECRET_FILE", text, sizeof text);
	const char *where = is_set(environment, "REQPROF_ALLOW") ? "clients in REQPROF_ALLOW"
	                                                         : "clients on this machine";

	if (secret && *secret) {
		examine_secret(d, secret, uid);
		rp_doctor_say(
		        d, RP_FINDING_OK,
		        "%s that know a secret or have a token (reqprof token) may flag requests",
		        is_set(environment, "REQPROF_ALLOW") ? where : "all clients");
		if (open)
			rp_doctor_say(d, RP_FINDING_HINT,
			              "REQPROF_OPEN does nothing beside REQPROF_SECRET_FILE");
	} else {
		rp_doctor_say(d, RP_FINDING_OK, "%s may flag requests, not through a proxy; %s",
		              where,
		              open ? "those on this machine may see the profile at once: not for a "
		                     "server "
		                     "behind a proxy that hides its clients"
		                   : "they are saved, and nobody is shown anything "
		                     "(REQPROF_OPEN=loopback, REQPROF_SECRET_FILE)");
	}
	if (keep)
		rp_doctor_say(d, RP_FINDING_OK, "REQPROF_RESPONSE=keep: no answer is replaced");
	examine_proxies(d, environment);
}

/* Whether NAMES has PATH, or its last component. */
static bool names(const char *list, const char *path)
{
	const char *last = strrchr(path, '/');

	while (*list) {
		size_t n = strcspn(list, ",");
		const char *other = memchr(list, '/', n) || !last ? path : last + 1;

		if (n && strlen(other) == n && memcmp(other, list, n) == 0)
			return true;
		list += n + (list[n] == ',');
	}
	return false;
}

void rp_doctor_chosen(struct rp_doctor *d, char *const *environment, const char *exe)
{
	char text[PATH_MAX];
	const char *list = rp_doctor_variable(environment, "REQPROF_EXE", text, sizeof text);

	if (list && *list && !names(list, exe))
		rp_doctor_say(d, RP_FINDING_HINT,
		              "REQPROF_EXE=%s does not name %s: the shim is inert in it, unless it "
		              "was started by such a name",
		              list, exe);
}
