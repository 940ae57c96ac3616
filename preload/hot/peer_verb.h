/* peer_verb.h - what is asked of another server, by the first bytes that go there.
 *
 * Room: hot.  Pure.  HTTP: method and masked target; Postgres, MySQL, Redis: the verb, out of a
 * list or of letters only, so that no data can pass for one.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_PEER_VERB_H
#define RP_HOT_PEER_VERB_H

#include <stddef.h>
#include <stdint.h>

/* Writes "GET /stock?id=***", "postgres SELECT", "redis GET", "TLS" into TEXT (CAP bytes, no
 * NUL); its length, 0: not known.  PORT (0: none) decides where the bytes alone could be
 * anything. */
size_t rp_peer_verb(char *text, size_t cap, const void *bytes, size_t n, uint16_t port);

#endif
