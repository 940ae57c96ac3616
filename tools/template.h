/* template.h - a page of markup with parts to be filled in, which it names in comments:
 * <!--data-->.
 *
 * Room: tools.  SPDX-License-Identifier: MIT
 */
#ifndef RP_TEMPLATE_H
#define RP_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Writes TEXT, and PART(OUT, name, ARG) in place of every comment: one that PART does not know is
 * for whoever reads the template.  false when OUT, or a part, failed. */
bool rp_template_write(FILE *out, const char *text,
                       bool (*part)(FILE *out, const char *name, const void *arg), const void *arg);

/* Text between tags and in attributes. */
void rp_template_text(FILE *out, const char *text);

#endif
