/* alike.c - see alike.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/alike.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_PICKED_PORT = 32768 }; /* net.ipv4.ip_local_port_range as every Linux has it */

/* Kinds whose object is a number that the kernel gave away. */
static bool is_number(const char *kind)
{
	static const char *const kinds[] = {"waitpid", "join thread", "msgrcv", "semop"};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kind, kinds[i]) == 0)
			return true;
	return false;
}

static bool ends_word(char c)
{
	return !c || c == ' ' || c == ',';
}

/* The bytes of an address "0x1f20" at AT; 0: there is none. */
static size_t address_at(const char *at)
{
	size_t n = strncmp(at, "0x", 2) == 0 ? 2 + strspn(at + 2, "0123456789abcdef") : 0;

	return n > 2 && ends_word(at[n]) ? n : 0;
}

/* The bytes of ":PORT" at AT, which ends an internet address; 0: none, or one that is kept. */
static size_t port_at(const char *at, bool client)
{
	size_t n = *at == ':' ? strspn(at + 1, "0123456789") : 0;

	if (n < 1 || n > 5 || !ends_word(at[n + 1]))
		return 0;
	return client || atoi(at + 1) >= FIRST_PICKED_PORT ? n + 1 : 0;
}

const char *rp_alike_object(struct rp_heap *heap, const char *kind, const char *name,
                            bool processes)
{
	if (is_number(kind))
		return "";
	char *out = rp_heap_text(heap, name, strlen(name)), *to = out;
	bool client = false, socket = false;

	for (const char *at = name; *at;) {
		bool begins = at == name || at[-1] == ' ';
		size_t n = 0;

		if (begins) {
			client = client || strncmp(at, "client ", 7) == 0;
			socket = strncmp(at, "tcp ", 4) == 0 || strncmp(at, "udp ", 4) == 0 ||
			         (socket && (isdigit((unsigned char)*at) || *at == '['));
		}
		if (processes && begins)
			n = address_at(at);
		if (!n && socket && (client || processes))
			n = port_at(at, client);
		client = client && *at != ',';
		at += n;
		if (!n)
			*to++ = *at++;
	}
	while (to > out && to[-1] == ' ')
		to--;
	*to = '\0';
	return strcmp(out, name) == 0 ? name : out;
}
