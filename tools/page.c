/* page.c - the page around its data; see page.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/page.h"

#include <string.h>
#include "tools/template.h"
#include "viewer.inc"

/* The hashes are those of the very bytes between the tags. */
const char rp_page_policy[] = "default-src 'none'; script-src '" RP_VIEWER_SCRIPT_HASH
                              "'; style-src '" RP_VIEWER_STYLE_HASH
                              "'; img-src data:; base-uri 'none'; form-action 'none'";

struct filling {
	const struct rp_profile *p;
	const struct rp_page_how *how;
};

static bool put_part(FILE *out, const char *name, const void *arg)
{
	const struct filling *f = arg;
	const struct {
		const char *name, *text;
	} parts[] = {{"policy", rp_page_policy},
	             {"style", viewer_style},
	             {"script", viewer_script}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strcmp(parts[i].name, name) == 0)
			return fputs(parts[i].text, out) >= 0;
	return strcmp(name, "data") != 0 || rp_page_data(out, f->p, f->how);
}

bool rp_page_write(FILE *out, const struct rp_profile *p, const struct rp_page_how *how)
{
	const struct filling f = {p, how};

	return rp_template_write(out, viewer_page, put_part, &f);
}
