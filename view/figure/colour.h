/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Colours as texts: "#rgb", "#rrggbb", or a name as CSS has it. */
#ifndef VIEW_FIGURE_COLOUR_H
#define VIEW_FIGURE_COLOUR_H

#include <stdbool.h>
#include <stdint.h>

/* False: it is none. The two last digits of "#rrggbbaa" say nothing: what is drawn is opaque. */
bool colour_parse(const char *text, uint32_t *rgb);

/* The name nearest to one that is none, or NULL. */
const char *colour_nearest(const char *text);

#endif
