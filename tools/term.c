/* term.c - see term.h; the text part is term_text.c.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/term.h"

#include <errno.h>
#include <langinfo.h>
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

bool rp_term_wants_color(enum rp_choice flag, const char *no_color, const char *force_color,
                         bool tty, const char *term)
{
	if (flag != RP_AUTO)
		return flag == RP_ON;
	if (is_set(no_color))
		return false;
	if (is_set(force_color))
		return true;
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

	if (!is_set(force))
		force = getenv("CLICOLOR_FORCE");
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
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

void rp_term_page(struct rp_term *t)
{
	const char *command = t->tty ? pager_command() : NULL;
	int ends[2];

	if (!command || t->pager_pid || pipe(ends) != 0)
		return;
	fflush(NULL);
	pid_t pid = fork();

	if (pid == 0) {
		dup2(ends[0], STDIN_FILENO);
		close(ends[0]);
		close(ends[1]);
		setenv("LESS", "FRX", 0);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	close(ends[0]);
	FILE *out = pid > 0 ? fdopen(ends[1], "w") : NULL;

	if (!out) {
		close(ends[1]);
		return;
	}
	t->out = out;
	t->pager_pid = pid;
}

bool rp_term_close(struct rp_term *t)
{
	if (!t->pager_pid)
		return fflush(t->out) == 0 || errno == EPIPE;
	/* A reader that quits the pager early has seen enough: that is no failure. */
	fclose(t->out);
	t->out = stdout;
	while (waitpid(t->pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
	t->pager_pid = 0;
	return true;
}

const char *rp_term_sgr(const struct rp_term *t, enum rp_paint paint)
{
	static const char *const sequences[RP_N_PAINTS] = {
	        [RP_PLAIN] = "\033[0m",   [RP_BOLD] = "\033[1m",  [RP_DIM] = "\033[2m",
	        [RP_HOT] = "\033[31m",    [RP_WARM] = "\033[33m", [RP_MILD] = "\033[32m",
	        [RP_COOL] = "\033[92;2m",
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
