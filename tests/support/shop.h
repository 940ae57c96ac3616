/* shop.h - hand-made profiles of a web shop: what the texts of reports are made of.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_SHOP_H
#define RP_TESTS_SHOP_H

#include "tools/profile.h"

/* A server with a template library, a database wait, an ugly name and something small. */
struct rp_profile *shop_profile(void);

/* Waits for peers, locks with holders, a sleep; short ones, too.  One at a time. */
struct rp_profile *shop_waits(void);

/* N requests of GET /shop, which differ a little; the last one is an outlier. */
struct rp_profile *shop_several(unsigned n);

/* N requests and N of a later build, in which `price` takes 15 % more and `tidy` is new. */
struct rp_profile *shop_builds(unsigned n);

#endif
