/* doctor_settings.c - the REQPROF variables and the directory, as the shim would find them.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/catalog.h"
#include "tools/doctor.h"
#include "tools/setting.h"

static const char prefix[] = "REQPROF_";
enum { N_PREFIX = sizeof prefix - 1 };

static const char *variable(char *const *environment, const char *name)
{
	size_t n = strlen(name);

	for (; *environment; environment++)
		if (strncmp(*environment, name, n) == 0 && (*environment)[n] == '=')
			return *environment + n + 1;
	return NULL;
}

static void examine(struct rp_doctor *d, const char *where, const char *name, size_t n,
                    const char *value)
{
	const struct rp_setting *s = rp_setting_find(name, n);
	struct rp_why why;

	if (!s)
		rp_doctor_say(d, RP_FINDING_NO,
		              "%s%.*s is not a setting; man libreqprof lists them", where, (int)n,
		              name);
	else if (rp_setting_check(s, value, &why))
		rp_doctor_say(d, RP_FINDING_OK, "%s%.*s is %s", where, (int)n, name, value);
	else
		rp_doctor_say(d, RP_FINDING_NO, "%s%.*s=%s: it %s", where, (int)n, name, value,
		              why.text);
}

struct piece {
	const char *key;
	size_t n_key;
	char value[PATH_MAX];
};

/* The next piece of "dir=/x,interval=200us"; false at the end. */
static bool next_piece(const char **text, struct piece *p)
{
	size_t n = strcspn(*text, ","), n_key = strcspn(*text, "=,");
	size_t begin = n_key + (n_key < n);

	if (!**text)
		return false;
	p->key = *text;
	p->n_key = n_key;
	snprintf(p->value, sizeof p->value, "%.*s", (int)(n - begin), *text + begin);
	*text += n + ((*text)[n] == ',');
	return true;
}

const char *rp_doctor_variable(char *const *environment, const char *name, char *text, size_t cap)
{
	const char *found = variable(environment, name);
	const char *combined = variable(environment, "REQPROF");
	struct piece p;

	while (!found && combined && next_piece(&combined, &p))
		if (p.n_key == strlen(name) - N_PREFIX &&
		    strncasecmp(p.key, name + N_PREFIX, p.n_key) == 0) {
			snprintf(text, cap, "%s", p.value);
			found = text;
		}
	return found;
}

void rp_doctor_settings(struct rp_doctor *d, char *const *environment)
{
	struct piece p;
	const char *combined = variable(environment, "REQPROF");

	while (combined && next_piece(&combined, &p))
		examine(d, "REQPROF: ", p.key, p.n_key, p.value);
	for (; *environment; environment++) {
		const char *word = *environment, *equals = strchr(word, '=');

		if (strncmp(word, prefix, N_PREFIX) != 0 || !equals)
			continue;
		if (strncmp(word, "REQPROF_PAGER=", 14) == 0)
			continue; /* the tool's own */
		examine(d, prefix, word + N_PREFIX, (size_t)(equals - word) - N_PREFIX, equals + 1);
	}
}

void rp_doctor_directory(struct rp_doctor *d, char *const *environment, uid_t uid)
{
	char standard[PATH_MAX];
	char text[PATH_MAX];
	struct stat st;
	struct rp_why why;
	const char *dir = rp_doctor_variable(environment, "REQPROF_DIR", text, sizeof text);

	if (!dir || !*dir) {
		rp_catalog_default_dir(standard, sizeof standard, uid);
		dir = standard;
	}
	if (!rp_setting_place(dir, &why))
		rp_doctor_say(d, RP_FINDING_NO, "%s %s", dir, why.text);
	else if (lstat(dir, &st) != 0)
		rp_doctor_say(d, RP_FINDING_OK, "%s is not there yet; the first session makes it",
		              dir);
	else if (st.st_uid != uid)
		rp_doctor_say(d, RP_FINDING_NO,
		              "%s belongs to uid %u, and the server runs as %u: "
		              "chown it, or give REQPROF_DIR another place",
		              dir, st.st_uid, uid);
	else if (st.st_mode & 055)
		rp_doctor_say(d, RP_FINDING_HINT,
		              "%s may be read by others; sessions tell what "
		              "clients asked for: chmod 700 it",
		              dir);
	else
		rp_doctor_say(d, RP_FINDING_OK, "sessions of uid %u go to %s", uid, dir);
}
