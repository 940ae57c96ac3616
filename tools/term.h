/* term.h - the terminal: colour, width, Unicode, pager, and text that cannot be trusted.
 *
 * Room: tools.  Nothing of a session or a symbol reaches the screen but through rp_term_text.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_TERM_H
#define RP_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What a flag says; AUTO: not given. */
enum rp_choice { RP_AUTO, RP_ON, RP_OFF };

struct rp_term {
	FILE *out;
	bool tty, color, unicode;
	unsigned width; /* columns; 0: do not cut */
	char *paged;    /* what goes to the pager; NULL: nothing does */
	size_t n_paged;
};

/* How text is painted (LESS: blue, what became less in a comparison); each is one SGR sequence,
 * empty without colour. */
enum rp_paint {
	RP_PLAIN,
	RP_BOLD,
	RP_DIM,
	RP_HOT,
	RP_WARM,
	RP_MILD,
	RP_COOL,
	RP_LESS,
	RP_N_PAINTS
};

/* Looks at stdout and the environment; flags come first, then NO_COLOR, FORCE_COLOR, the TTY. */
void rp_term_open(struct rp_term *t, enum rp_choice color, enum rp_choice unicode);

/* Keeps what follows for the pager, when stdout is a TTY.  T must stay where it is. */
void rp_term_page(struct rp_term *t);

/* Flushes; shows the pager what was kept, or prints it where no pager starts.  false: the output
 * could not be written. */
bool rp_term_close(struct rp_term *t);

/* The end of what was printed to stdout by itself: 0, or 2 after a sentence. */
int rp_term_finish(void);

/* The rule of colour by itself (an empty variable is none; 0 does not force). */
bool rp_term_wants_color(enum rp_choice flag, const char *no_color, const char *force_color,
                         bool tty, const char *term);

/* The sequence for PAINT, "" without colour; RP_PLAIN ends any other. */
const char *rp_term_sgr(const struct rp_term *t, enum rp_paint paint);

/* The paint of a share of the total: over 60, 20 and 5 percent, as pyinstrument. */
enum rp_paint rp_term_heat(double share);

/* Writes N bytes of TEXT to OUT, made harmless: control characters, bidi controls and bytes
 * that are not UTF-8 become \xNN; without UNICODE everything that is not ASCII does. */
void rp_term_text(FILE *out, const char *text, size_t n, bool unicode);

/* The same in memory; malloc'ed. */
char *rp_term_text_copy(const char *text);

/* Columns that rp_term_text will take. */
size_t rp_term_columns(const char *text, size_t n, bool unicode);

/* As rp_term_text, but at most COLUMNS wide: the middle is cut out before anything is escaped.
 * Returns how wide it became. */
size_t rp_term_text_cut(FILE *out, const char *text, size_t n, bool unicode, size_t columns);

/* One sentence on stderr, "reqprof: ...", made harmless.  Returns RP_EXIT_USAGE (2), so that a
 * verb can say "return rp_term_complain(...)". */
int rp_term_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
