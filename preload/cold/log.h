/* log.h - one line into REQPROF_LOG; silent when it is unset.
 *
 * Room: cold.  Formats without stdio or malloc; opens and closes the file for each line, so that
 * the host never meets a descriptor of ours.
 * SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_LOG_H
#define RP_COLD_LOG_H

/* "reqprof[PID]: A B C" - the parts in order, up to a NULL. */
void rp_log(const char *first, ...) __attribute__((sentinel));

/* The word for an errno that a user can act on. */
const char *rp_log_error(int error);

#endif
