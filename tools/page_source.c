/* page_source.c - the lines of source files that have time, with some around them, as far as they
 * can be read when the page is made; see page_parts.h.
 *
 * Room: tools.  Paths come from debug information that somebody else may have made, and a page is
 * made to be shown around: so only regular files of text are read whose names end as sources do.
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tools/json.h"
#include "tools/page_parts.h"

enum {
	AROUND = 24,           /* lines shown above and below one that has time */
	MOST_FILE = 4 << 20,   /* bytes: what is larger is not for people */
	MOST_BYTES = 300 << 10 /* of all lines; the hottest files come first */
};

/* A line of a file that has time. */
struct hit {
	uint32_t file, line;
};

struct file {
	uint32_t text;
	uint64_t ns; /* of all stacks through it: only for the order */
	const struct hit *hits;
	size_t n_hits;
};

static bool is_source(const char *path)
{
	static const char *const ends[] = {".c",   ".cc",  ".cpp", ".cxx", ".h",    ".hh",
	                                   ".hpp", ".inc", ".s",   ".S",   ".rs",   ".go",
	                                   ".zig", ".d",   ".m",   ".f90", ".nim",  ".ml",
	                                   ".py",  ".pyx", ".js",  ".ts",  ".java", ".php"};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && *path == '/' && i < sizeof(ends) / sizeof(ends[0]); i++)
		if (strcmp(dot, ends[i]) == 0)
			return true;
	return false;
}

static int by_line(const void *a, const void *b)
{
	const struct hit *x = a, *y = b;

	if (x->file != y->file)
		return x->file < y->file ? -1 : 1;
	return (x->line > y->line) - (x->line < y->line);
}

static int hottest_first(const void *a, const void *b)
{
	const struct file *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns > y->ns ? -1 : 1;
	return (x->text > y->text) - (x->text < y->text);
}

/* The wall time of all stacks through each node. */
static uint64_t *node_times(struct rp_page_parts *parts)
{
	const struct rp_page_nodes *nodes = &parts->nodes;
	uint64_t *ns = rp_memory_zero(nodes->n, sizeof(*ns));

	for (size_t i = 0; i < parts->p->n_points; i++)
		ns[rp_page_node_of(&parts->nodes, &parts->p->points[i])] +=
		        parts->p->points[i].wall_ns;
	for (size_t i = nodes->n; i-- > 0;)
		if (nodes->nodes[i].caller)
			ns[nodes->nodes[i].caller - 1] += ns[i];
	return ns;
}

/* Every line with time, and where its function begins, sorted; and the sum of each text's file. */
static struct hit *find_hits(struct rp_page_parts *parts, size_t *n, uint64_t **file_ns)
{
	const struct rp_page_nodes *nodes = &parts->nodes;
	struct hit *hits = rp_memory_zero(2 * nodes->n, sizeof(*hits));
	uint64_t *ns = node_times(parts);

	*n = 0;
	*file_ns = rp_memory_zero(parts->n_texts, sizeof(**file_ns));
	for (size_t i = 0; i < nodes->n; i++) {
		const struct rp_page_frame *frame = &nodes->frames[nodes->nodes[i].frame];
		const struct rp_function *f = &parts->p->functions[frame->function];

		if (!f->file || !frame->line || !is_source(f->file))
			continue;
		uint32_t file = rp_page_text(parts, f->file);

		(*file_ns)[file] += ns[i];
		hits[(*n)++] = (struct hit){file, frame->line};
		if (f->line)
			hits[(*n)++] = (struct hit){file, f->line};
	}
	free(ns);
	qsort(hits, *n, sizeof(*hits), by_line);
	return hits;
}

static struct file *split(const struct hit *hits, size_t n, const uint64_t *file_ns,
                          size_t *n_files)
{
	struct file *files = NULL;

	*n_files = 0;
	for (size_t at = 0, end; at < n; at = end) {
		for (end = at + 1; end < n && hits[end].file == hits[at].file;)
			end++;
		files = rp_memory_grow(files, *n_files, sizeof(*files));
		files[(*n_files)++] =
		        (struct file){hits[at].file, file_ns[hits[at].file], hits + at, end - at};
	}
	if (files)
		qsort(files, *n_files, sizeof(*files), hottest_first);
	return files;
}

/* All of PATH, terminated; NULL when it is not a file of text. */
static char *read_text(const char *path, struct stat *st)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char *text = NULL;

	if (fd >= 0 && fstat(fd, st) == 0 && S_ISREG(st->st_mode) && st->st_size <= MOST_FILE) {
		size_t n = (size_t)st->st_size;

		text = rp_memory_zero(n + 1, 1);
		if (read(fd, text, n) != (ssize_t)n || memchr(text, '\0', n)) {
			free(text);
			text = NULL;
		}
	}
	if (fd >= 0)
		close(fd);
	return text;
}

/* Whether LINE is shown: *NEXT is the first hit that is not far above it. */
static bool is_near(const struct file *f, uint32_t line, size_t *next)
{
	while (*next < f->n_hits && f->hits[*next].line + AROUND < line)
		++*next;
	return *next < f->n_hits && f->hits[*next].line <= line + AROUND;
}

/* {file, changed, from: [first line of each run], lines: [[...]]}; how many bytes of text. */
static size_t put_file(struct rp_page_parts *parts, const struct file *f, char *text, bool changed,
                       bool first)
{
	json_t *runs = json_array(), *from = json_array(), *run = NULL;
	char *rest = text, *line;
	size_t next = 0, used = 0;

	for (uint32_t number = 1; (line = strsep(&rest, "\n")); number++) {
		if (!is_near(f, number, &next) || (!rest && !*line)) {
			run = NULL;
			continue;
		}
		if (!run) {
			json_array_append_new(from, json_integer(number));
			json_array_append_new(runs, run = json_array());
		}
		line[strcspn(line, "\r")] = '\0';
		json_array_append_new(run, rp_json_text(line));
		used += strlen(line);
	}
	fprintf(parts->out, "%s{\"file\":%u,\"changed\":%s,\"from\":", first ? "\n" : ",\n",
	        f->text, changed ? "true" : "false");
	json_dumpf(from, parts->out, JSON_COMPACT);
	fputs(",\"lines\":", parts->out);
	json_dumpf(runs, parts->out, JSON_COMPACT | JSON_ENSURE_ASCII);
	fputc('}', parts->out);
	json_decref(from);
	json_decref(runs);
	return used;
}

/* A source that is younger than the recording may not be what was compiled. */
static bool is_younger(const struct rp_profile *p, const struct stat *st)
{
	for (size_t i = 0; i < p->n_sessions; i++)
		if ((uint64_t)st->st_mtime > p->sessions[i].began_wall_ns / 1000000000)
			return true;
	return false;
}

static void put_files(struct rp_page_parts *parts)
{
	size_t n_hits, n_files, used = 0;
	uint64_t *file_ns;
	struct hit *hits = find_hits(parts, &n_hits, &file_ns);
	struct file *files = split(hits, n_hits, file_ns, &n_files);
	bool first = true;

	for (size_t i = 0; i < n_files && used < MOST_BYTES; i++) {
		struct stat st;
		char *text = read_text(parts->texts[files[i].text], &st);

		if (!text)
			continue;
		used += put_file(parts, &files[i], text, is_younger(parts->p, &st), first);
		first = false;
		free(text);
	}
	free(files);
	free(hits);
	free(file_ns);
}

void rp_page_sources(struct rp_page_parts *parts)
{
	rp_page_column(parts, "sources", false);
	if (!parts->how->no_source)
		put_files(parts);
	rp_page_column_end(parts);
}
