/* help.c - see help.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/help.h"

#include <string.h>
#include "help.inc"
#include "tools/template.h"

const char rp_help_policy[] =
        "default-src 'none'; script-src '" RP_HELP_SCRIPT_HASH "'; style-src '" RP_HELP_STYLE_HASH
        "'; img-src data:; base-uri 'none'; form-action 'none'";

struct filling {
	const struct rp_session *s;
	const char *trigger;
};

static const struct {
	const char *word, *gives;
} modes[] = {
        {"html", "the profile as a page, in place of the answer"},
        {"text", "its call tree as text, in place of the answer"},
        {"json", "the same for programs"},
        {"save", "the answer as it is; the profile is kept on the server"},
        {"term", "the answer as it is; the call tree goes to the standard error of the server"},
        {"skip", "the answer as it is; nothing is recorded"},
};

/* Relative to the page: the query of the request, which was kept without its trigger, and the mode.
 */
static void put_link(FILE *out, const struct filling *f, const char *word)
{
	const char *query = strchr(f->s->target, '?');

	fputs("href=\"?", out);
	if (query && query[1]) {
		rp_template_text(out, query + 1);
		fputs("&amp;", out);
	}
	rp_template_text(out, f->trigger);
	fprintf(out, "=%s\"", word);
}

static bool put_rows(FILE *out, const struct filling *f)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		fputs("<tr><td><a ", out);
		put_link(out, f, modes[i].word);
		fprintf(out, " data-mode=\"%s\">%s</a></td><td>%s</td></tr>\n", modes[i].word,
		        modes[i].word, modes[i].gives);
	}
	return !ferror(out);
}

static bool put_part(FILE *out, const char *name, const void *arg)
{
	const struct filling *f = arg;
	const struct {
		const char *name, *text;
		bool plain; /* ours, and markup */
	} parts[] = {
	        {"policy", rp_help_policy, true}, {"style", help_style, true},
	        {"script", help_script, true},    {"method", f->s->method, false},
	        {"target", f->s->target, false},  {"trigger", f->trigger, false},
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if (strcmp(parts[i].name, name) != 0)
			continue;
		if (parts[i].plain)
			fputs(parts[i].text, out);
		else
			rp_template_text(out, parts[i].text);
	}
	return strcmp(name, "rows") != 0 || put_rows(out, f);
}

bool rp_help_write(FILE *out, const struct rp_session *s, const char *trigger)
{
	const struct filling f = {s, trigger};

	return rp_template_write(out, help_page, put_part, &f);
}
