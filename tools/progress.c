/* progress.c - see progress.h.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#include "tools/progress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>
#include "tools/term.h"

enum { FIRST_MS = 300, NEXT_MS = 100, BAR_COLUMNS = 20, LEAD_COLUMNS = 31 };

static bool wanted(void)
{
	const char *term = getenv("TERM");

	return isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

static unsigned columns_of_stderr(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

static void draw(struct rp_progress *p)
{
	static const char full[] = "####################", rest[] = "                    ";
	size_t done = atomic_load(&p->done);
	unsigned percent = p->total ? (unsigned)(done * 100 / p->total) : 0;
	int n = (int)(percent * BAR_COLUMNS / 100);
	const char *what = atomic_load(&p->what);

	size_t lead = strlen(p->label) + LEAD_COLUMNS;

	fprintf(stderr, "\r\033[K%s [%.*s%.*s] %3u %%", p->label, n, full, BAR_COLUMNS - n, rest,
	        percent);
	if (what && p->columns > lead + 10) {
		fputc(' ', stderr);
		rp_term_text_cut(stderr, what, strlen(what), false, p->columns - lead);
	}
	fflush(stderr);
	p->drawn = true;
}

static struct timespec later(unsigned ms)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	t.tv_nsec += (long)ms * 1000000;
	t.tv_sec += t.tv_nsec / 1000000000;
	t.tv_nsec %= 1000000000;
	return t;
}

static void *watch(void *arg)
{
	struct rp_progress *p = arg;
	struct timespec next = later(FIRST_MS);

	pthread_mutex_lock(&p->lock);
	while (!p->over) {
		if (pthread_cond_timedwait(&p->bell, &p->lock, &next) == 0)
			continue;
		if (!p->over)
			draw(p);
		next = later(NEXT_MS);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

void rp_progress_begin(struct rp_progress *p, const char *label, size_t total)
{
	pthread_condattr_t clock;

	memset(p, 0, sizeof(*p));
	p->label = label;
	p->total = total;
	if (!wanted())
		return;
	p->columns = columns_of_stderr();
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&p->bell, &clock);
	pthread_condattr_destroy(&clock);
	p->runs = pthread_create(&p->thread, NULL, watch, p) == 0;
}

void rp_progress_at(struct rp_progress *p, size_t done, const char *what)
{
	atomic_store(&p->done, done);
	atomic_store(&p->what, what);
}

void rp_progress_end(struct rp_progress *p)
{
	if (!p->runs)
		return;
	pthread_mutex_lock(&p->lock);
	p->over = true;
	pthread_cond_signal(&p->bell);
	pthread_mutex_unlock(&p->lock);
	pthread_join(p->thread, NULL);
	pthread_cond_destroy(&p->bell);
	pthread_mutex_destroy(&p->lock);
	if (p->drawn) {
		fputs("\r\033[K", stderr);
		fflush(stderr);
	}
	p->runs = false;
}
