/* browser.h - opens something in the browser that the desktop, or BROWSER, names.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_BROWSER_H
#define RP_BROWSER_H

/* Opens WHAT, a path or an address.  RP_EXIT_OK, or 2 after a sentence that names it. */
int rp_browser_open(const char *what);

#endif
