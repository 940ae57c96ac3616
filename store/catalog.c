/* catalog.c - listing sessions and finding the one that a word means.
 *
 * Room: store; for the tool: allocates.  Names tell everything a list needs; no file is opened,
 * so that a hundred thousand of them are listed at once.
 * SPDX-License-Identifier: MIT
 */
#include "store/catalog.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "store/names.h"

enum { N_CANDIDATES = 3 };

static void *must(void *memory)
{
	if (!memory)
		abort(); /* the tool, never the host: see the room line */
	return memory;
}

/* Room for one more in ARRAY of N elements, which grows at powers of two. */
static void *one_more(void *array, size_t n, size_t bytes)
{
	return n & (n - 1) ? array : must(realloc(array, (n ? n * 2 : 1) * bytes));
}

static void add_denied(struct rp_catalog *c, const char *dir)
{
	c->denied = one_more(c->denied, c->n_denied, sizeof(*c->denied));
	c->denied[c->n_denied++] = must(strdup(dir));
}

/* Most file systems say what a name is; a system call for each would be half the time of a list. */
static bool is_file(int dirfd, const struct dirent *entry)
{
	struct stat st;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_REG;
	return fstatat(dirfd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static void add_entry(struct rp_catalog *c, int dirfd, const char *dir, const struct dirent *found)
{
	size_t n_dir = strlen(dir), n_name = strlen(found->d_name);
	struct rp_named named;
	struct rp_entry entry = {0};

	if (!rp_names_parse(found->d_name, &named) || !is_file(dirfd, found))
		return;
	entry.path = must(malloc(n_dir + n_name + 2));
	memcpy(entry.path, dir, n_dir);
	entry.path[n_dir] = '/';
	memcpy(entry.path + n_dir + 1, found->d_name, n_name + 1);
	entry.name = entry.path + n_dir + 1;
	memcpy(entry.id, named.id, sizeof(entry.id));
	entry.wall_ns = named.wall_ns;
	entry.part = named.part;
	c->entries = one_more(c->entries, c->n, sizeof(*c->entries));
	c->entries[c->n++] = entry;
}

/* false only when DIR is there and is not a folder. */
static bool add_dir(struct rp_catalog *c, const char *dir, struct rp_why *why)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK);
	DIR *stream = fd < 0 ? NULL : fdopendir(fd);

	if (!stream) {
		if (errno == ENOTDIR)
			return rp_why_set(why, 0,
			                  "%.120s is not a folder; sessions are kept in one", dir);
		if (errno != ENOENT)
			add_denied(c, dir);
		return true;
	}
	for (const struct dirent *entry; (entry = readdir(stream));)
		add_entry(c, fd, dir, entry);
	closedir(stream);
	return true;
}

/* Every /tmp/reqprof-* that is a folder itself: others may plant links there. */
static void add_machine(struct rp_catalog *c)
{
	glob_t found = {0};
	struct stat st;

	if (glob("/tmp/reqprof-*", 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (lstat(found.gl_pathv[i], &st) == 0 && S_ISDIR(st.st_mode))
				add_dir(c, found.gl_pathv[i], NULL);
	globfree(&found);
}

static int by_age(const void *left, const void *right)
{
	const struct rp_entry *a = left, *b = right;

	if (a->wall_ns != b->wall_ns)
		return a->wall_ns < b->wall_ns ? -1 : 1;

	int order = strcmp(a->name, b->name);

	return order ? order : strcmp(a->path, b->path);
}

bool rp_catalog_open(struct rp_catalog *c, const char *const *dirs, size_t n, struct rp_why *why)
{
	const char *set = getenv("REQPROF_DIR");
	bool ok = true;

	*c = (struct rp_catalog){0};
	if (n == 0 && set && *set) {
		dirs = &set;
		n = 1;
	}
	if (n == 0)
		add_machine(c);
	for (size_t i = 0; ok && i < n; i++)
		ok = add_dir(c, dirs[i], why);
	if (!ok)
		rp_catalog_close(c);
	else if (c->n)
		qsort(c->entries, c->n, sizeof(*c->entries), by_age);
	return ok;
}

void rp_catalog_close(struct rp_catalog *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->entries[i].path);
	for (size_t i = 0; i < c->n_denied; i++)
		free(c->denied[i]);
	free(c->entries);
	free(c->denied);
	*c = (struct rp_catalog){0};
}

static size_t give(char **paths, size_t n, size_t cap, const char *path)
{
	if (n == cap)
		return n;
	paths[n] = must(strdup(path));
	return n + 1;
}

/* "@" and "@N": the newest, and the Nth before it. */
static size_t find_recent(const struct rp_catalog *c, const char *word, char **paths, size_t cap,
                          struct rp_why *why)
{
	char *end;
	unsigned long back = strtoul(word + 1, &end, 10);

	if (*end || strspn(word + 1, "0123456789") != strlen(word + 1))
		return rp_why_set(why, 0,
		                  "\"%.60s\" is no session; @ is the newest, @1 the one before it",
		                  word);
	if (back < c->n)
		return give(paths, 0, cap, c->entries[c->n - 1 - back].path);
	if (c->n)
		return rp_why_set(why, 0, "there is no %.20s: only %zu sessions are kept", word,
		                  c->n);
	return rp_why_set(why, 0,
	                  "there are no sessions yet%s; flag a request, as in curl "
	                  "'http://localhost:8080/?profile=1'; where that was done, reqprof doctor "
	                  "says what is missing",
	                  c->n_denied ? " that you may read (\"reqprof ls\" names the folders)"
	                              : "");
}

static size_t find_glob(const struct rp_catalog *c, const char *word, char **paths, size_t cap,
                        struct rp_why *why)
{
	glob_t found = {0};
	size_t n = 0;

	for (size_t i = 0; !strchr(word, '/') && i < c->n; i++)
		if (fnmatch(word, c->entries[i].name, 0) == 0 ||
		    fnmatch(word, c->entries[i].id, 0) == 0)
			n = give(paths, n, cap, c->entries[i].path);
	if (n == 0 && glob(word, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			n = give(paths, n, cap, found.gl_pathv[i]);
	globfree(&found);
	if (n == 0)
		rp_why_set(why, 0, "no session matches \"%.60s\"; \"reqprof ls\" lists them all",
		           word);
	return n;
}

static bool begins(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_exact(const struct rp_entry *e, const char *word)
{
	return strcmp(e->id, word) == 0 || strcmp(e->name, word) == 0;
}

static bool is_prefix(const struct rp_entry *e, const char *word)
{
	return begins(e->id, word) || begins(e->name, word);
}

static size_t ambiguous(const char *word, const struct rp_entry *const *candidates, size_t n,
                        struct rp_why *why)
{
	char names[160] = "";
	size_t used = 0;

	for (size_t i = 0; i < n && i < N_CANDIDATES; i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.48s",
		                         i ? ", " : "", candidates[i]->name);
	return rp_why_set(why, 0, "\"%.24s\" means %zu sessions: %s%s", word, n, names,
	                  n > N_CANDIDATES ? ", ..." : "; type more of one");
}

/* The sessions that MATCHES picks: one is found, several are ambiguous. */
static size_t find_one(const struct rp_catalog *c, const char *word,
                       bool (*matches)(const struct rp_entry *, const char *), char **paths,
                       size_t cap, struct rp_why *why, bool *none)
{
	const struct rp_entry *candidates[N_CANDIDATES];
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++) {
		if (!matches(&c->entries[i], word))
			continue;
		if (n < N_CANDIDATES)
			candidates[n] = &c->entries[i];
		n++;
	}
	*none = n == 0;
	if (n == 1)
		return give(paths, 0, cap, candidates[0]->path);
	return n ? ambiguous(word, candidates, n, why) : 0;
}

size_t rp_catalog_find(const struct rp_catalog *c, const char *word, char **paths, size_t cap,
                       struct rp_why *why)
{
	bool none;
	size_t n;

	if (word[0] == '@')
		return find_recent(c, word, paths, cap, why);
	if (strchr(word, '/') && access(word, F_OK) == 0)
		return give(paths, 0, cap, word);
	if (strpbrk(word, "*?["))
		return find_glob(c, word, paths, cap, why);
	n = find_one(c, word, is_exact, paths, cap, why, &none);
	if (!none)
		return n;
	if (access(word, F_OK) == 0)
		return give(paths, 0, cap, word);
	n = *word ? find_one(c, word, is_prefix, paths, cap, why, &none) : 0;
	if (!none)
		return n;
	return rp_why_set(why, 0, "there is no session \"%.120s\"; \"reqprof ls\" lists them all",
	                  word);
}
