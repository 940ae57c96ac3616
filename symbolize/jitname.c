/* jitname.c - see jitname.h.
 *
 * Room: symbolize.  SPDX-License-Identifier: MIT
 */
#include "symbolize/jitname.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define NAMELESS "(anonymous)"

static char *after(char *text, const char *prefix)
{
	size_t n = strlen(prefix);

	return strncmp(text, prefix, n) == 0 ? text + n : NULL;
}

/* "py::name:/path/file.py" */
static bool parse_python(char *text, struct rp_jitname *out)
{
	char *name = after(text, "py::"), *end = name;

	while (end && *end && *end != ':')
		end++;
	if (!end || end == name || !*end || !end[1])
		return false;
	*end = '\0';
	out->function = name;
	out->file = end + 1;
	return true;
}

/* "Lcom/shop/Cart;::total": a class as the virtual machine spells it. */
static bool parse_java(char *text, struct rp_jitname *out)
{
	char *end = strstr(text, ";::");

	if (text[0] != 'L' || !end || memchr(text, ' ', (size_t)(end - text)))
		return false;
	for (char *at = text; at < end; at++)
		if (*at == '/')
			*at = '.';
	memmove(end, end + 1, strlen(end));
	out->function = text + 1;
	return true;
}

/* The number behind the last ':' of TEXT, which is cut off; 0: there is none. */
static uint32_t cut_number(char *text)
{
	char *colon = strrchr(text, ':');
	size_t n = colon ? strspn(colon + 1, "0123456789") : 0;

	if (!n || n > 9 || colon[1 + n])
		return 0;
	*colon = '\0';
	return (uint32_t)strtoul(colon + 1, NULL, 10);
}

/* Where the file begins: names of functions and of files may both hold blanks ("get total"), but a
 * file is mostly a whole path or a URL. */
static char *file_in(char *text)
{
	static const char *const begins[] = {" /", " file://", " node:"};
	char *best = NULL;

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++) {
		char *at = strstr(text, begins[i]);

		if (at && (!best || at < best))
			best = at;
	}
	return best ? best : strrchr(text, ' ');
}

/* What is behind the kind: a sign of the compiler's tier, the name, then " file:line:column". */
static void parse_script(char *text, struct rp_jitname *out)
{
	static const char tiers[] = "~^+*'";
	uint32_t last, line;
	char *file;

	if (*text && strchr(tiers, *text))
		text++;
	file = file_in(text);
	out->function = text;
	if (file) {
		last = cut_number(file);
		line = last ? cut_number(file) : 0;
		out->line = line ? line : last;
	}
	if (out->line) {
		*file++ = '\0';
		out->file = strncmp(file, "file://", 7) == 0 ? file + 7 : file;
	}
	if (!*out->function)
		out->function = NAMELESS;
}

void rp_jitname_parse(char *text, struct rp_jitname *out)
{
	static const char *const kinds[] = {"JS:", "LazyCompile:", "Function:", "Eval:", "Script:"};

	*out = (struct rp_jitname){.function = text};
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		char *rest = after(text, kinds[i]);

		if (rest) {
			parse_script(rest, out);
			return;
		}
	}
	if (!parse_python(text, out))
		parse_java(text, out);
}
