/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Values of any integer type to those of struct schedtrace_events. */
#ifndef LIBSCHEDTRACE_TARBALL_WIDEN_H
#define LIBSCHEDTRACE_TARBALL_WIDEN_H

#include "libschedtrace/tarball/column.h"

/* Returns the index of the first value that does not fit, n if there is none. */
size_t convert_values(const struct npy_header *npy, const void *in, size_t n, enum column_id column,
		      void *out);

/* Ids of the file become our own; returns the index of the first without a name, n if none. */
size_t convert_ids(const struct id_map *map, int32_t *ids, size_t n);

#endif
