/* calltree_view.h - chooses what of a grown tree is shown, and in which order.
 *
 * Room: tools, private to calltree*.c.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_CALLTREE_VIEW_H
#define RP_CALLTREE_VIEW_H

#include "tools/calltree.h"

/* Marks small and hidden calls, then links the shown ones: by time, or as they came. */
void rp_calltree_choose(struct rp_calltree *tree, const struct rp_profile *p,
                        const struct rp_calltree_how *how);

#endif
