/* term.c - see term.h; the text part is term_text.c.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/term.h"

#include <errno.h>
#include <langinfo.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tools/commands.h"

static bool is_set(const char *value)
{
	return value && *value;
}

/* "0" is no, as in node's FORCE_COLOR and in CLICOLOR_FORCE. */
static bool is_yes(const char *value)
{
	return is_set(value) && strcmp(value, "0") != 0;
}

bool rp_term_wants_color(enum rp_choice flag, const char *no_color, const char *force_color,
                         bool tty, const char *term)
{
	if (flag != RP_AUTO)
		return flag == RP_ON;
	if (is_set(no_color))
		return false;
	if (is_set(force_color))
		return is_yes(force_color);
	return tty && !(term && strcmp(term, "dumb") == 0);
}

static unsigned tty_width(void)
{
	struct winsize size;
	const char *columns = getenv("COLUMNS");
	long wanted = columns ? strtol(columns, NULL, 10) : 0;

	if (wanted > 0 && wanted < 10000)
		return (unsigned)wanted;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	return 80;
}

void rp_term_open(struct rp_term *t, enum rp_choice color, enum rp_choice unicode)
{
	const char *force = getenv("FORCE_COLOR");

	/* CLICOLOR_FORCE=0 only does not force; FORCE_COLOR=0 means no colour at all. */
	if (!is_set(force) && is_yes(getenv("CLICOLOR_FORCE")))
		force = "1";
	*t = (struct rp_term){.out = stdout, .tty = isatty(STDOUT_FILENO)};
	t->color = rp_term_wants_color(color, getenv("NO_COLOR"), force, t->tty, getenv("TERM"));
	t->unicode =
	        unicode == RP_AUTO ? strcmp(nl_langinfo(CODESET), "UTF-8") == 0 : unicode == RP_ON;
	t->width = t->tty ? tty_width() : 0;
}

static const char *pager_command(void)
{
	const char *command = getenv("REQPROF_PAGER");

	if (!command)
		command = getenv("PAGER");
	/* Nobody asked for less: where it is missing, not a word of it. */
	if (!command)
		command = "command -v less >/dev/null || exit 127; less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

void rp_term_page(struct rp_term *t)
{
	if (t->paged || !t->tty || !pager_command())
		return;
	FILE *out = open_memstream(&t->paged, &t->n_paged);

	if (out)
		t->out = out;
}

/* Writes the whole report to the pager.  false: there is none, so nobody has seen a word. */
static bool send_to_pager(const struct rp_term *t)
{
	int state = -1;

	setenv("LESS", "FRX", 0);
	fflush(NULL);
	/* A reader that quits the pager early has seen enough: that is no failure. */
	sighandler_t before = signal(SIGPIPE, SIG_IGN);
	FILE *pager = popen(pager_command(), "we");

	if (pager) {
		fwrite(t->paged, 1, t->n_paged, pager);
		state = pclose(pager);
	}
	signal(SIGPIPE, before);
	/* The shell's words for "cannot be executed" and "not found". */
	return state != -1 &&
	       !(WIFEXITED(state) && (WEXITSTATUS(state) == 126 || WEXITSTATUS(state) == 127));
}

bool rp_term_close(struct rp_term *t)
{
	bool ok = true;

	if (t->out != stdout) {
		ok = fclose(t->out) == 0;
		t->out = stdout;
		if (ok && !send_to_pager(t))
			fwrite(t->paged, 1, t->n_paged, stdout);
		free(t->paged);
		t->paged = NULL;
	}
	return ok && ((fflush(stdout) == 0 && !ferror(stdout)) || errno == EPIPE);
}

int rp_term_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return RP_EXIT_OK;
	return rp_term_complain("standard output cannot be written: %s", strerror(errno));
}

const char *rp_term_sgr(const struct rp_term *t, enum rp_paint paint)
{
	static const char *const sequences[RP_N_PAINTS] = {
	        [RP_PLAIN] = "\033[0m",   [RP_BOLD] = "\033[1m",  [RP_DIM] = "\033[2m",
	        [RP_HOT] = "\033[31m",    [RP_WARM] = "\033[33m", [RP_MILD] = "\033[32m",
	        [RP_COOL] = "\033[92;2m", [RP_LESS] = "\033[34m",
	};

	return t->color ? sequences[paint] : "";
}

enum rp_paint rp_term_heat(double share)
{
	return share > 0.6 ? RP_HOT : share > 0.2 ? RP_WARM : share > 0.05 ? RP_MILD : RP_COOL;
}

int rp_term_complain(const char *format, ...)
{
	char *text;
	va_list args;

	fflush(stdout);
	va_start(args, format);
	int n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0)
		return RP_EXIT_USAGE;
	fputs("reqprof: ", stderr);
	rp_term_text(stderr, text, (size_t)n, strcmp(nl_langinfo(CODESET), "UTF-8") == 0);
	fputc('\n', stderr);
	free(text);
	return RP_EXIT_USAGE;
}
