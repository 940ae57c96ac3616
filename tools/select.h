/* select.h - from the words of the command line to a profile, with the sentences when it fails.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_SELECT_H
#define RP_SELECT_H

#include "tools/cli.h"
#include "tools/links.h"
#include "tools/profile.h"
#include "tools/sets.h"

/* Opens the sessions that CLI names (none: the latest) as one profile.  RP_CLI_GO, or the exit
 * status after a sentence on stderr: 1 when there is no such session, 2 when one is unreadable. */
int rp_select_profile(const struct rp_cli *cli, struct rp_profile *p);

/* The same of the one session that CLI names and of all that belongs to it in other servers (LINKS,
 * to be freed in any case), as one: profile_links.h.  P then tells of the first session alone. */
int rp_select_linked(const struct rp_cli *cli, struct rp_profile *p, struct rp_links *links);

/* The sessions that N_WORDS words mean, in SET (free it in any case); ENDS[i], unless NULL, is how
 * many there were after word i.  RP_CLI_GO, or the exit status after a sentence. */
int rp_select_sets(char *const *words, size_t n_words, struct rp_set *set, size_t *ends);

/* The two sets of a comparison as one profile; the sessions of the first stand first, *N_BEFORE of
 * them.  A session in both sets would be compared with itself: it counts for the first. */
int rp_select_two(const struct rp_cli *cli, struct rp_profile *p, size_t *n_before);

/* What the options say of where names come from. */
struct rp_profile_how rp_select_how(const struct rp_cli *cli);

/* Calls EACH for the path of every session that CLI names; the worst exit status. */
int rp_select_each(const struct rp_cli *cli, int (*each)(const struct rp_cli *, const char *path));

/* How to name these sessions in a command to type: "@", or the words as given. */
const char *rp_select_words(const struct rp_cli *cli);

/* Whether the function of CLI is in P.  RP_CLI_GO, or 1 after a sentence with similar names. */
int rp_select_function(const struct rp_cli *cli, const struct rp_profile *p);

#endif
