/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Pixels as a PNG file in memory, packed for speed: it goes no farther than a browser beside us. */
#ifndef VIEW_PAGE_PNG_H
#define VIEW_PAGE_PNG_H

#include <stddef.h>
#include <stdint.h>

#include <schedtrace/error.h>

/* @dots: 0xaarrggbb, row after row from the highest. *out is to be freed. */
int png_make(const uint32_t *dots, uint32_t width, uint32_t height, char **out, size_t *n,
	     struct schedtrace_error *err);

#endif
