/* peer_verb.c - see peer_verb.h.  Room: hot.  SPDX-License-Identifier: MIT */
#include "preload/hot/peer_verb.h"

#include <stdbool.h>
#include <string.h>
#include "preload/hot/text.h"
#include "preload/hot/trigger.h"
#include "preload/settings.h"

enum { POSTGRES_PORT = 5432, MYSQL_PORT = 3306, REDIS_PORT = 6379, DNS_PORT = 53, MOST_VERB = 16 };

struct bytes {
	const uint8_t *at;
	size_t n;
};

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char upper(uint8_t c)
{
	return (char)(c >= 'a' ? c - 'a' + 'A' : c);
}

/* The word of LIST (with a space behind each word) that the letters at B are, in any case. */
static bool put_listed(struct rp_line *l, const char *list, struct bytes b)
{
	char word[MOST_VERB];
	size_t n = 0;

	while (n < b.n && n < sizeof(word) && is_letter(b.at[n])) {
		word[n] = upper(b.at[n]);
		n++;
	}
	for (const char *end; n && *list; list = end + 1) {
		for (end = list; *end != ' '; end++)
			;
		if ((size_t)(end - list) == n && memcmp(list, word, n) == 0) {
			rp_line_bytes(l, word, n);
			return true;
		}
	}
	return false;
}

/* As in a request line, to the version: what only looks like one is another protocol's data. */
static bool put_http(struct rp_line *l, struct bytes b)
{
	static const char methods[] =
	        "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH PROPFIND PRI ";
	static const char version[] = " HTTP/";
	const uint8_t *space = memchr(b.at, ' ', b.n < MOST_VERB ? b.n : MOST_VERB);
	const uint8_t *target = space ? space + 1 : NULL, *end = target;

	if (!space || b.at[0] > 'Z' ||
	    !put_listed(l, methods, (struct bytes){b.at, (size_t)(space - b.at)}))
		return false;
	while (end<b.at + b.n && * end> ' ')
		end++;
	if (end == target || (size_t)(b.at + b.n - end) < sizeof(version) - 1 ||
	    memcmp(end, version, sizeof(version) - 1) != 0) {
		l->n = 0;
		return false;
	}
	rp_line_byte(l, ' ');
	l->n += rp_trigger_mask_target(l->at + l->n, l->cap - l->n,
	                               (struct rp_span){(const char *)target,
	                                                (size_t)(end - target)},
	                               rp_settings.rules.name);
	return true;
}

static const char sql[] =
        "SELECT INSERT UPDATE DELETE WITH BEGIN COMMIT ROLLBACK START END SET SHOW "
        "CALL COPY EXPLAIN EXECUTE PREPARE DEALLOCATE FETCH DECLARE CLOSE MOVE "
        "CREATE ALTER DROP TRUNCATE LOCK LISTEN NOTIFY UNLISTEN SAVEPOINT RELEASE "
        "VALUES TABLE MERGE REPLACE DO VACUUM ANALYZE REINDEX GRANT REVOKE DISCARD "
        "USE DESCRIBE DESC HANDLER LOAD KILL FLUSH ";

/* "PROTOCOL VERB", or "PROTOCOL query" where the first word is none that we know. */
static void put_sql(struct rp_line *l, const char *protocol, struct bytes b)
{
	while (b.n && (*b.at <= ' ' || *b.at == '(')) {
		b.at++;
		b.n--;
	}
	rp_line_text(l, protocol);
	if (!put_listed(l, sql, b))
		rp_line_text(l, "query");
}

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Before the first message has a type: a start, or the question for TLS or GSSAPI. */
static bool put_postgres_start(struct rp_line *l, struct bytes b)
{
	uint32_t code = b.n >= 8 ? big32(b.at + 4) : 0;

	if (b.n < 8 || big32(b.at) != b.n ||
	    (code != 196608 && (code < 80877102 || code > 80877104)))
		return false;
	rp_line_text(l, "postgres connect");
	return true;
}

/* Messages of a type and a length; the bytes prove it where the port does not. */
static bool put_postgres(struct rp_line *l, struct bytes b, uint16_t port)
{
	uint32_t n = b.n >= 5 ? big32(b.at + 1) : 0;
	const uint8_t *query = b.at + 5;
	size_t left = b.n > 5 ? b.n - 5 : 0;

	if (n < 4 || (port != POSTGRES_PORT && n + 1 > b.n))
		return false;
	if (*b.at == 'P') { /* name, then the query */
		const uint8_t *name_end = memchr(query, 0, left);

		if (!name_end)
			return false;
		left -= (size_t)(name_end + 1 - query);
		query = name_end + 1;
	} else if (*b.at == 'B' || *b.at == 'E') {
		if (port == POSTGRES_PORT)
			rp_line_text(l, "postgres execute");
		return port == POSTGRES_PORT;
	} else if (*b.at != 'Q' || (port != POSTGRES_PORT && b.at[n])) {
		return false;
	}
	put_sql(l, "postgres ", (struct bytes){query, left});
	return true;
}

/* Three bytes of length, the number of the packet, which begins at 0, a command. */
static bool put_mysql(struct rp_line *l, struct bytes b, uint16_t port)
{
	uint32_t n =
	        b.n >= 5 ? (uint32_t)b.at[0] | (uint32_t)b.at[1] << 8 | (uint32_t)b.at[2] << 16 : 0;
	uint8_t command = b.n >= 5 ? b.at[4] : 0;

	if (!n || b.at[3] != 0 || (port != MYSQL_PORT && n + 4 != b.n))
		return false;
	if (command == 3 || command == 22) {
		put_sql(l, "mysql ", (struct bytes){b.at + 5, b.n - 5});
		if (port == MYSQL_PORT || memcmp(l->at + l->n - 5, "query", 5) != 0)
			return true;
		l->n = 0;
		return false;
	}
	if (port == MYSQL_PORT)
		rp_line_text(l, command == 23 ? "mysql execute" : "mysql command");
	return port == MYSQL_PORT;
}

/* "*3\r\n$3\r\nSET\r\n...": the first of the strings is the verb. */
static bool put_redis(struct rp_line *l, struct bytes b, uint16_t port)
{
	size_t i = 1, n = 0;

	if (b.n < 8 || *b.at != '*')
		return false;
	for (unsigned number = 0; number < 2; number++) {
		size_t from = i;

		while (i < b.n && b.at[i] >= '0' && b.at[i] <= '9')
			i++;
		if (i == from || i + 3 > b.n || b.at[i] != '\r' || b.at[i + 1] != '\n')
			return false;
		i += 2;
		if (number == 0 && b.at[i++] != '$')
			return false;
	}
	while (i + n < b.n && n < MOST_VERB && is_letter(b.at[i + n]))
		n++;
	if (!n || i + n >= b.n || b.at[i + n] != '\r' || (port && port < 1024))
		return false;
	rp_line_text(l, "redis ");
	for (size_t k = 0; k < n; k++)
		rp_line_byte(l, upper(b.at[i + k]));
	return true;
}

static bool put_other(struct rp_line *l, struct bytes b, uint16_t port)
{
	if (b.n >= 5 && b.at[0] == 22 && b.at[1] == 3) {
		rp_line_text(l, "TLS");
		return true;
	}
	if (port == DNS_PORT)
		rp_line_text(l, "DNS");
	return port == DNS_PORT;
}

size_t rp_peer_verb(char *text, size_t cap, const void *bytes, size_t n, uint16_t port)
{
	struct rp_line l = {text, 0, cap};
	struct bytes b = {bytes, n};

	if (!n || cap < 2 * MOST_VERB)
		return 0;
	if (put_http(&l, b) || put_redis(&l, b, port) || put_postgres_start(&l, b) ||
	    put_postgres(&l, b, port) || put_mysql(&l, b, port) || put_other(&l, b, port))
		return l.n;
	return 0;
}
