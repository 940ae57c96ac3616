/* nonces.h - which tokens this process has let in: none of them twice.
 *
 * Room: hot.  No lock; a process's alone: another worker does not know what was used here.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_HOT_NONCES_H
#define RP_HOT_NONCES_H

#include <stdint.h>

enum rp_nonce { RP_NONCE_NEW, RP_NONCE_USED, RP_NONCE_FULL };

/* Is the token of NONCE, which nobody takes after UNTIL_S, used already? */
enum rp_nonce rp_nonce_look(uint64_t nonce, uint32_t until_s, uint32_t now_s);

/* Uses it.  NEW: by this call, and no other can. */
enum rp_nonce rp_nonce_take(uint64_t nonce, uint32_t until_s, uint32_t now_s);

#endif
