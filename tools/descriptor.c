/* descriptor.c - see descriptor.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/descriptor.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TRIES = 3 };

/* The kernel writes addresses as words of the machine, in hexadecimal: one or four of them. */
static void put_address(char *text, size_t cap, const char *kind, const char *hex, unsigned port)
{
	uint32_t words[4] = {0};
	size_t n = strlen(hex) / 8;
	char address[INET6_ADDRSTRLEN] = "?";

	for (size_t i = 0; i < n && i < 4; i++) {
		char word[9] = {0};

		memcpy(word, hex + 8 * i, 8);
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	inet_ntop(n == 1 ? AF_INET : AF_INET6, words, address, sizeof address);
	bool mapped = n == 4 && strncmp(address, "::ffff:", 7) == 0 && strchr(address, '.');

	if (n == 1 || mapped)
		snprintf(text, cap, "%.3s %s:%u", kind, address + (mapped ? 7 : 0), port);
	else
		snprintf(text, cap, "%.3s [%s]:%u", kind, address, port);
}

/* The socket with INODE in /proc/PID/net/KIND ("tcp", "tcp6", "udp", "udp6"). */
static bool find_inet(uint32_t pid, const char *kind, uint64_t inode, char *text, size_t cap)
{
	char path[64], line[512], peer[40];
	uint64_t number;
	unsigned port;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/net/%s", pid, kind);
	FILE *f = fopen(path, "r");

	while (f && !found && fgets(line, sizeof line, f)) {
		if (sscanf(line,
		           "%*d: %*[0-9A-Fa-f]:%*x %39[0-9A-Fa-f]:%x %*x %*s %*s %*s %*s %*s "
		           "%" SCNu64,
		           peer, &port, &number) != 3 ||
		    number != inode)
			continue;
		put_address(text, cap, kind, peer, port);
		found = true;
	}
	if (f)
		fclose(f);
	return found;
}

static bool is_unix(uint32_t pid, uint64_t inode)
{
	char path[64], line[512];
	uint64_t number;
	bool found = false;

	snprintf(path, sizeof path, "/proc/%" PRIu32 "/net/unix", pid);
	FILE *f = fopen(path, "r");

	while (f && !found && fgets(line, sizeof line, f))
		found = sscanf(line, "%*s %*s %*s %*s %*s %*s %" SCNu64, &number) == 1 &&
		        number == inode;
	if (f)
		fclose(f);
	return found;
}

/* While connections come and go the kernel's tables may be read past a line. */
static void name_socket(uint32_t pid, uint64_t inode, char *text, size_t cap)
{
	static const char *const kinds[] = {"tcp", "tcp6", "udp", "udp6"};

	for (int tries = 0; tries < TRIES; tries++) {
		for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
			if (find_inet(pid, kinds[i], inode, text, cap))
				return;
		if (is_unix(pid, inode)) {
			snprintf(text, cap, "unix"); /* its peer has no name there */
			return;
		}
	}
	snprintf(text, cap, "socket");
}

void rp_descriptor_name(uint32_t pid, int fd, char *text, size_t cap)
{
	char link[64], target[PATH_MAX];
	uint64_t inode;

	snprintf(link, sizeof link, "/proc/%" PRIu32 "/fd/%d", pid, fd);
	ssize_t n = readlink(link, target, sizeof target - 1);

	target[n > 0 ? n : 0] = '\0';
	if (n <= 0)
		snprintf(text, cap, "fd %d", fd);
	else if (sscanf(target, "socket:[%" SCNu64 "]", &inode) == 1)
		name_socket(pid, inode, text, cap);
	else if (strncmp(target, "pipe:", 5) == 0)
		snprintf(text, cap, "pipe");
	else if (sscanf(target, "anon_inode:[%255[^]]]", target) == 1 ||
	         sscanf(target, "anon_inode:%255s", target) == 1)
		snprintf(text, cap, "%s", target);
	else
		snprintf(text, cap, "%s", target);
}
