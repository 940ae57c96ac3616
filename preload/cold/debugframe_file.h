/* debugframe_file.h - a module's .debug_frame, and the .eh_frame that no header leads to, out of
 * the file it was loaded from.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_DEBUGFRAME_FILE_H
#define RP_COLD_DEBUGFRAME_FILE_H

#include "preload/cold/ehframe.h"
#include "preload/cold/modules.h"

/* Where MODULE's own file has a .debug_frame (not a compressed one), or EH no bytes though there is
 * an .eh_frame, and it is still the file that was loaded: EH becomes its bytes and those of the
 * file, in pages that the caller frees; how many bytes of them.  0: there is nothing, EH is as it
 * was.  Code lies in [TEXT_LO, TEXT_HI), or anywhere in EH when that is empty. */
size_t rp_debugframe_join(struct rp_ehframe *eh, const struct rp_module *module, uint64_t text_lo,
                          uint64_t text_hi);

#endif
