/* library.c - see library.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/library.h"

#include <string.h>

static bool starts(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool rp_library_owns(const char *module, bool is_main, const char *file)
{
	if (file && (starts(file, "node:") || starts(file, "<frozen ")))
		return true;
	if (file && starts(file, "/usr/") && !starts(file, "/usr/src/") &&
	    !starts(file, "/usr/local/src/"))
		return true;
	if (is_main || starts(module, "[jit"))
		return false;
	if (starts(module, "/lib") || starts(module, "/usr/lib"))
		return true;
	return file == NULL;
}

const char *rp_library_name(const char *module, int *n_bytes)
{
	const char *slash = strrchr(module, '/');
	const char *name = slash ? slash + 1 : module;
	const char *end = strstr(name, ".so");

	*n_bytes = (int)(end && end > name ? (size_t)(end - name) : strlen(name));
	return name;
}
