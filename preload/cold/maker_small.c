/* maker_small.c - what a client gets when its page cannot be made; see maker_parts.h.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#include "preload/cold/maker_parts.h"

#include <string.h>
#include <unistd.h>
#include "preload/hot/sys.h"
#include "preload/hot/text.h"

enum { SMALL_BYTES = 12 << 10, LENGTH_BYTES = 40 };

const char *rp_maker_why(enum rp_made_how how)
{
	static const char *const words[] = {
	        [RP_MADE] = "it is there",
	        [RP_MADE_NO_FILE] = "the session could not be written; REQPROF_LOG and reqprof "
	                            "doctor say why",
	        [RP_MADE_NO_TOOL] = "the server finds no reqprof that it may run, neither beside "
	                            "libreqprof.so nor by REQPROF_TOOL",
	        [RP_MADE_SANDBOXED] =
	                "the server forbids itself system calls (seccomp), so none is "
	                "tried that could end it",
	        [RP_MADE_NO_PROCESS] = "the server may not start another process",
	        [RP_MADE_LATE] = "making it took too long",
	        [RP_MADE_BROKEN] = "reqprof did not finish it",
	};

	return words[how];
}

/* What makes the same of the session by hand. */
static const char *command_for(enum rp_mode mode)
{
	switch (mode) {
	case RP_MODE_HTML:
		return "reqprof html --open ";
	case RP_MODE_JSON:
		return "reqprof show --json ";
	default:
		return "reqprof show ";
	}
}

/* PATH as one word of a shell. */
static void put_word(struct rp_line *l, const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	                            "/._-+=:,@%";

	if (!path[strspn(path, plain)]) {
		rp_line_text(l, path);
		return;
	}
	rp_line_byte(l, '\'');
	for (; *path; path++)
		*path == '\'' ? rp_line_text(l, "'\\''") : rp_line_byte(l, *path);
	rp_line_byte(l, '\'');
}

/* Characters that mean something to HTML or JSON, and those that nobody sees, as numbers. */
static void put_escaped(struct rp_line *l, const struct rp_line *text, const char *before,
                        const char *after)
{
	for (size_t i = 0; i < text->n; i++) {
		unsigned char c = (unsigned char)text->at[i];

		if (c >= ' ' && c < 0x7f && !strchr("<>&\"'\\", c)) {
			rp_line_byte(l, (char)c);
			continue;
		}
		rp_line_text(l, before);
		rp_line_byte(l, "0123456789abcdef"[c >> 4]);
		rp_line_byte(l, "0123456789abcdef"[c & 15]);
		rp_line_text(l, after);
	}
}

static void put_html(struct rp_line *l, const char *why, const struct rp_line *command)
{
	rp_line_text(l, "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
	                "<title>reqprof</title>\n<h1>This request was recorded</h1>\n"
	                "<p>Its profile cannot be shown here: ");
	rp_line_text(l, why);
	rp_line_text(l, ".</p>\n");
	if (!command->n)
		return;
	rp_line_text(l, "<p>To see it, type on the server:</p>\n<pre>");
	put_escaped(l, command, "&#x", ";");
	rp_line_text(l, "</pre>\n");
}

static void put_json(struct rp_line *l, const char *why, const struct rp_line *command)
{
	rp_line_text(l, "{\"error\": \"");
	rp_line_text(l, why);
	rp_line_text(l, "\", \"command\": ");
	rp_line_text(l, command->n ? "\"" : "null");
	put_escaped(l, command, "\\u00", "");
	rp_line_text(l, command->n ? "\"}\n" : "}\n");
}

static void put_text(struct rp_line *l, const char *why, const struct rp_line *command)
{
	rp_line_text(l, "This request was recorded. Its profile cannot be shown here: ");
	rp_line_text(l, why);
	rp_line_text(l, ".\n");
	if (!command->n)
		return;
	rp_line_text(l, "To see it, type on the server:\n\n    ");
	rp_line_bytes(l, command->at, command->n);
	rp_line_text(l, "\n");
}

static void put_head(struct rp_line *l, enum rp_mode mode)
{
	rp_line_text(l, mode == RP_MODE_HTML   ? "Content-Type: text/html; charset=utf-8\r\n"
	                : mode == RP_MODE_JSON ? "Content-Type: application/json\r\n"
	                                       : "Content-Type: text/plain; charset=utf-8\r\n");
	rp_line_text(l, "Content-Security-Policy: default-src 'none'; sandbox; "
	                "frame-ancestors 'none'\r\n"
	                "Cache-Control: no-store\r\n"
	                "X-Robots-Tag: noindex\r\n"
	                "X-Content-Type-Options: nosniff\r\n"
	                "Referrer-Policy: no-referrer\r\n\r\n");
}

static bool write_all(int fd, const struct rp_line *text)
{
	return rp_sys(SYS_write, fd, text->at, text->n) == (long)text->n;
}

bool rp_maker_small(const struct rp_maker_job *job, enum rp_made_how how)
{
	char text[SMALL_BYTES], word[SMALL_BYTES / 8], first[LENGTH_BYTES];
	struct rp_line l = {text, 0, sizeof(text)}, command = {word, 0, sizeof(word)},
	               length = {first, 0, sizeof(first)};

	if (job->session) {
		rp_line_text(&command, command_for(job->mode));
		put_word(&command, job->session);
	}
	put_head(&l, job->mode);
	size_t n_head = l.n;

	if (job->mode == RP_MODE_HTML)
		put_html(&l, rp_maker_why(how), &command);
	else if (job->mode == RP_MODE_JSON)
		put_json(&l, rp_maker_why(how), &command);
	else
		put_text(&l, rp_maker_why(how), &command);
	rp_line_text(&length, "Content-Length: ");
	rp_line_number(&length, l.n - n_head, 10);
	rp_line_text(&length, "\r\n");
	return rp_sys(SYS_ftruncate, job->out, 0) == 0 &&
	       rp_sys(SYS_lseek, job->out, 0, SEEK_SET) == 0 && write_all(job->out, &length) &&
	       write_all(job->out, &l);
}
