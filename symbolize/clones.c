/* clones.c - symbols of copies that the compiler made of a function.
 *
 * Room: symbolize.
 * SPDX-License-Identifier: MIT
 */
#include "symbolize/clones.h"

#include <string.h>

/* gcc's, then clang's. */
static const char *const kinds[] = {"cold",  "part", "isra", "constprop", "lto_priv", "localalias",
                                    "clone", "llvm", "warm", "__part",    "__uniq"};

static bool is_kind(const char *at)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		size_t n = strlen(kinds[i]);

		if (strncmp(at, kinds[i], n) == 0 && (at[n] == '.' || at[n] == '\0'))
			return true;
	}
	return false;
}

const char *rp_clones_suffix(const char *symbol)
{
	const char *dot = *symbol ? symbol + 1 : symbol;

	while ((dot = strchr(dot, '.')) && !is_kind(dot + 1))
		dot++;
	return dot;
}

const char *rp_clones_name(struct rp_shared *shared, const char *symbol)
{
	const char *suffix = rp_clones_suffix(symbol);

	if (suffix)
		symbol = rp_pool_text(&shared->pool, symbol, (size_t)(suffix - symbol));
	return rp_demangle_name(&shared->demangle, &shared->pool, symbol);
}
