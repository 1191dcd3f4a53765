/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A tarball's further columns: members NAME.npz with one value a row, which others put there. */
#ifndef INPUT_OWN_COLUMN_H
#define INPUT_OWN_COLUMN_H

#include "input/input.h"

/* One of the two, of 8 bytes a value, to be freed; NULL without rows. */
struct own_column {
	int64_t *ints;
	double *reals;
};

/*
 * Reads member NAME.npz, whose array is NAME, of @rows values: whole numbers of any type (bool too)
 * as ints, fractions as reals. E_NOT_FOUND: there is no such member; E_FORMAT: it is damaged, of
 * another type or of another length.
 */
int own_column_read(struct own_column *out, struct input *input, const char *name, size_t rows,
		    struct schedtrace_error *err);

#endif
