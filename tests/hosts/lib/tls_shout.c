/* tls_shout.c - somebody else's preloaded library: it stands in front of SSL_write, too, and
 * shouts.
 *
 * Room: tests/hosts.  SPDX-License-Identifier: MIT
 */
#include <ctype.h>
#include <dlfcn.h>
#include <stdlib.h>

struct ssl_st;

int SSL_write(struct ssl_st *ssl, const void *buf, int n)
{
	int (*next)(struct ssl_st *, const void *, int) =
	        (int (*)(struct ssl_st *, const void *, int))dlsym(RTLD_NEXT, "SSL_write");
	char *loud = malloc((size_t)n);

	for (int i = 0; i < n; i++)
		loud[i] = (char)toupper(((const char *)buf)[i]);
	int put = next(ssl, loud, n);

	free(loud);
	return put;
}
