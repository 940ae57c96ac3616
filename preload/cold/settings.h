/* settings.h - reads the environment, once, in the constructor; the only getenv of the shim.
 *
 * Room: cold.  SPDX-License-Identifier: MIT
 */
#ifndef RP_COLD_SETTINGS_H
#define RP_COLD_SETTINGS_H

/* Fills rp_settings.  A bad value is said in REQPROF_LOG in one line; the default is used. */
void rp_settings_read(void);

#endif
