/* glance.h - what is judged at a glance, held against the delimiter.
 *
 * Room: tests.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_GLANCE_H
#define RP_TESTS_GLANCE_H

#include <stddef.h>

enum glance_verdict { GLANCE_LEFT, GLANCE_SEEN, GLANCE_WRONG };

/* N bytes from a client, or to it (N_UNSEEN more follow, in the same call): left to the delimiter,
 * seen as the delimiter sees them, or not. */
enum glance_verdict glance_request(const char *bytes, size_t n);
enum glance_verdict glance_response(const char *bytes, size_t n, size_t n_unseen);

#endif
