/* written.h - a session that a test puts together item by item, through the real writer, and reads
 * as a profile.
 *
 * Room: tests.  One at a time.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TESTS_WRITTEN_H
#define RP_TESTS_WRITTEN_H

#include "store/records.h"
#include "tools/profile.h"

/* A file with nothing but a head. */
void written_begin(uint64_t began_mono_ns, uint32_t pid);

void written_put(struct rp_item item);

/* The file is closed (END: as a whole one), read, and gone.  rp_profile_close() the profile. */
struct rp_profile written_open(bool end);

#endif
