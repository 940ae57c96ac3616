/* template.c - see template.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/template.h"

#include <string.h>

enum { NAME_MOST = 16 };

bool rp_template_write(FILE *out, const char *text,
                       bool (*part)(FILE *out, const char *name, const void *arg), const void *arg)
{
	const char *open, *close;
	bool ok = true;

	while (ok && (open = strstr(text, "<!--")) && (close = strstr(open, "-->"))) {
		size_t n = (size_t)(close - open - 4);
		char name[NAME_MOST] = "";

		fwrite(text, 1, (size_t)(open - text), out);
		if (n < sizeof(name)) {
			memcpy(name, open + 4, n);
			ok = part(out, name, arg);
		}
		text = close + 3;
	}
	return ok && fputs(text, out) >= 0 && !ferror(out);
}

void rp_template_text(FILE *out, const char *text)
{
	for (; *text; text++)
		if (strchr("<>&\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fputc(*text, out);
}
