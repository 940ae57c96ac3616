/* analyses_names.c - which functions a word means, and which it nearly means.
 *
 * Room: tools.  Part of analyses.h.  SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <string.h>
#include "tools/analyses.h"

enum { MOST_COMPARED = 64 }; /* bytes of a name that likeness looks at */

const char *rp_analyses_path(const struct rp_function *f)
{
	return f->file ? f->file : f->module;
}

/* Length of NAME without a parameter list at its end: "a::b(int) const" is "a::b". */
static size_t bare_length(const char *name)
{
	const char *close = strrchr(name, ')');
	int depth = 0;

	if (!close || (close[1] && strcmp(close + 1, " const") != 0))
		return strlen(name);
	for (const char *c = close; c > name; c--) {
		depth += (*c == ')') - (*c == '(');
		if (depth == 0)
			return (size_t)(c - name);
	}
	return strlen(name);
}

bool rp_analyses_means(const char *name, const char *word)
{
	size_t n = strlen(word);

	if (strcmp(name, word) == 0)
		return true;
	return bare_length(name) == n && strncmp(name, word, n) == 0;
}

/* Edits that turn A into B (Levenshtein), upper and lower case being the same. */
static size_t distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
	size_t row[MOST_COMPARED + 1];

	for (size_t k = 0; k <= n_b; k++)
		row[k] = k;
	for (size_t i = 1; i <= n_a; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t k = 1; k <= n_b; k++) {
			bool same = tolower((unsigned char)a[i - 1]) ==
			            tolower((unsigned char)b[k - 1]);
			size_t best = diagonal + !same;

			diagonal = row[k];
			best = best < row[k] + 1 ? best : row[k] + 1;
			row[k] = best < row[k - 1] + 1 ? best : row[k - 1] + 1;
		}
	}
	return row[n_b];
}

static size_t at_most(size_t n)
{
	return n < MOST_COMPARED ? n : MOST_COMPARED;
}

/* How far NAME is from WORD; SIZE_MAX when they have nothing in common worth a suggestion. */
static size_t unlikeness(const char *name, const char *word)
{
	size_t n_word = at_most(strlen(word)), n_name = at_most(bare_length(name));

	if (n_word >= 2 && strcasestr(name, word))
		return 0;
	size_t edits = distance(name, n_name, word, n_word);

	return edits <= n_word / 3 + 1 && edits < n_word ? edits : SIZE_MAX;
}

static bool is_listed(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

bool rp_analyses_known(const struct rp_profile *p, const char *word, const char **similar,
                       size_t cap, size_t *n_similar)
{
	*n_similar = 0;
	for (size_t i = 0; i < p->n_functions; i++)
		if (rp_analyses_means(p->functions[i].name, word))
			return true;
	while (*n_similar < cap) {
		const char *best = NULL;
		size_t least = SIZE_MAX;

		for (size_t i = 0; i < p->n_functions; i++) {
			const char *name = p->functions[i].name;
			size_t far = unlikeness(name, word);

			if (far < least && !is_listed(similar, *n_similar, name)) {
				least = far;
				best = name;
			}
		}
		if (!best)
			break;
		similar[(*n_similar)++] = best;
	}
	return false;
}
