/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table as bytes that a script reads without parsing: "STF1", the length of a JSON text
 * (uint32_t), the text, which says where each column begins, and the columns. Everything is
 * little-endian and begins at a multiple of eight.
 *
 * Whole numbers are int64_t, INT64_MIN unknown; fractions are doubles, NaN unknown; a text column
 * is n + 1 offsets (uint32_t) into the UTF-8 bytes behind them, where 0xff alone is unknown.
 */
#ifndef VIEW_PAGE_TABLE_FRAME_H
#define VIEW_PAGE_TABLE_FRAME_H

#include <jansson.h>

#include "analyze/select.h"

/* @more: an object, taken over, whose members are added to the text. The bytes are to be freed. */
int table_frame_make(const struct view *view, const char *analysis, json_t *more, char **bytes,
		     size_t *n, struct schedtrace_error *err);

#endif
