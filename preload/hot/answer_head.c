/* answer_head.c - see answer_head.h.  Room: hot, pure.  SPDX-License-Identifier: MIT */
#include "preload/hot/answer_head.h"

#include <stdbool.h>
#include <string.h>
#include "preload/hot/delim_framing.h"

enum { STATUS_AT = 9, STATUS_BYTES = 12 /* "HTTP/1.1 200" */ };

size_t rp_answer_head_end(const char *bytes, size_t n, size_t seen)
{
	const char *at = bytes + (seen > 3 ? seen - 3 : 0), *end = bytes + n;

	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		const char *next = at + 1;

		if (next < end && *next == '\r')
			next++;
		if (next < end && *next == '\n')
			return (size_t)(next + 1 - bytes);
		at++;
	}
	return 0;
}

/* The next line of HEAD from *AT on, without its end; false: that was the last. */
static bool next_line(const char **at, const char *end, struct rp_span *line)
{
	const char *lf = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	if (!lf)
		return false;
	line->at = *at;
	line->n = (size_t)(lf - *at);
	if (line->n && lf[-1] == '\r')
		line->n--;
	*at = lf + 1;
	return line->n > 0;
}

#define IS(line, name) rp_framing_named((line).at, (line).n, name, sizeof(name) - 1)

/* "text/event-stream": it has no end in sight. */
static bool is_endless(struct rp_span line)
{
	static const char STREAM[] = "text/event-stream";
	struct rp_span value;

	if (!IS(line, "content-type"))
		return false;
	value = rp_framing_value(line.at, line.n, sizeof("content-type") - 1);
	return value.n >= sizeof(STREAM) - 1 &&
	       rp_framing_spells(value.at, STREAM, sizeof(STREAM) - 1);
}

static unsigned status_of(struct rp_span line)
{
	unsigned status = 0;

	if (line.n < STATUS_BYTES || memcmp(line.at, "HTTP/1.", 7) != 0)
		return 0;
	for (size_t i = STATUS_AT; i < STATUS_BYTES; i++) {
		if (line.at[i] < '0' || line.at[i] > '9')
			return 0;
		status = status * 10 + (unsigned)(line.at[i] - '0');
	}
	return status;
}

enum rp_judgement rp_answer_head_judge(const char *head, size_t n)
{
	const char *at = head, *end = head + n;
	struct rp_span line;
	unsigned status;

	if (!next_line(&at, end, &line))
		return RP_JUDGED_KEEP;
	status = status_of(line);
	if (status >= 100 && status < 200 && status != 101)
		return RP_JUDGED_INTERIM;
	if (status < 200 || status == 204 || status == 205 || status == 206 || status == 304)
		return RP_JUDGED_KEEP;
	while (next_line(&at, end, &line))
		if (is_endless(line) || IS(line, "upgrade"))
			return RP_JUDGED_KEEP;
	return RP_JUDGED_REPLACE;
}

static void add(char *out, size_t room, size_t *n, const char *text, size_t n_text)
{
	if (n_text + 2 > room - *n)
		return;
	memcpy(out + *n, text, n_text);
	memcpy(out + *n + n_text, "\r\n", 2);
	*n += n_text + 2;
}

size_t rp_answer_head_keep(char *out, size_t room, const char *head, size_t n)
{
	const char *at = head, *end = head + n;
	char original[] = "X-Reqprof-Original-Status: 200";
	struct rp_span line;
	size_t made = 0;
	bool kept = true; /* so is what continues a kept line */

	if (!next_line(&at, end, &line) || !status_of(line))
		return 0;
	add(out, room, &made, line.at, line.n);
	memcpy(original + sizeof(original) - 4, line.at + STATUS_AT, 3);
	while (next_line(&at, end, &line)) {
		if (*line.at != ' ' && *line.at != '\t')
			kept = IS(line, "connection") || IS(line, "keep-alive") ||
			       IS(line, "set-cookie");
		if (kept)
			add(out, room, &made, line.at, line.n);
	}
	add(out, room, &made, original, sizeof(original) - 1);
	return made;
}
