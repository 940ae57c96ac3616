/* node.h - node's own answer to whose work it is: what the file node.cjs tells from inside.
 *
 * Room: hot.  Each thread of node that runs JavaScript has a few words that are shared with it.  We
 * say there that somebody flagged is served, and which; it says in whose callback it is.  The
 * functions are called by JavaScript, and so never inside one of the host's calls.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_NODE_H
#define RP_HOT_NODE_H

#include <stdint.h>

/* The words, as in node.cjs. */
enum rp_node_word {
	RP_NODE_ASKS, /* somebody flagged is served: by us, and by what look finds */
	RP_NODE_TURN, /* of the loop: by us */
	RP_NODE_HEAD, /* descriptor + 1 that a flagged head was read from, until it is known: by us
	               */
	RP_NODE_NUMBER, /* of a request, or a descriptor: asked, and answered in its place */
	RP_NODE_WORDS,
};

/* The calling thread has just read the flagged head of (REQUEST, SERIAL) from FD. */
void rp_node_head(int fd, uint32_t request, uint32_t serial);

/* Its loop waits: whatever callbacks it was in, it is out of them. */
void rp_node_waits(void);

/* Called as node calls an addon's functions; the arguments say nothing. */
typedef void *rp_node_function(void *env, void *info);

/* From here on the thread works for the request NUMBER (0: nobody's).  0: it is over. */
rp_node_function rp_node_enter;
/* Its callback is over; maybe another one of the same request comes at once. */
rp_node_function rp_node_rest;
/* Of the descriptor NUMBER: the flagged request that is being asked on it, alone; 0: none. */
rp_node_function rp_node_look;

#endif
