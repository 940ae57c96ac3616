/* page.c - the page around its data; see page.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/page.h"

#include <string.h>
#include "viewer.inc"

/* The hashes are those of the very bytes between the tags. */
const char rp_page_policy[] = "default-src 'none'; script-src '" RP_VIEWER_SCRIPT_HASH
                              "'; style-src '" RP_VIEWER_STYLE_HASH
                              "'; img-src data:; base-uri 'none'; form-action 'none'";

/* page.html names its parts in comments: <!--data-->.  Other comments are for whoever reads it. */
static bool put_part(FILE *out, const char *name, size_t n, const struct rp_profile *p,
                     const struct rp_page_how *how)
{
	const struct {
		const char *name, *text;
	} parts[] = {{"policy", rp_page_policy},
	             {"style", viewer_style},
	             {"script", viewer_script}};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strlen(parts[i].name) == n && memcmp(parts[i].name, name, n) == 0)
			return fputs(parts[i].text, out) >= 0;
	return n != 4 || memcmp(name, "data", n) != 0 || rp_page_data(out, p, how);
}

bool rp_page_write(FILE *out, const struct rp_profile *p, const struct rp_page_how *how)
{
	const char *at = viewer_page, *open, *close;
	bool ok = true;

	while (ok && (open = strstr(at, "<!--")) && (close = strstr(open, "-->"))) {
		fwrite(at, 1, (size_t)(open - at), out);
		ok = put_part(out, open + 4, (size_t)(close - open - 4), p, how);
		at = close + 3;
	}
	return ok && fputs(at, out) >= 0 && !ferror(out);
}
