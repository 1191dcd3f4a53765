/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The figures of one table over several recordings: a row for each key, a value for each file. */
#ifndef ANALYZE_COMPARE_CELLS_H
#define ANALYZE_COMPARE_CELLS_H

#include "analyze/select.h"
#include "base/intern.h"

#define CELLS_MAX_WEIGHTS 4

struct cells_measure {
	size_t column;
	enum schedtrace_merge merge;
	size_t weights[CELLS_MAX_WEIGHTS], n_weights; /* columns whose sum is a row's weight */
};

struct cells_row {
	union schedtrace_value *key; /* cells->n_keys of them */
	double *values;		     /* by measure and file: see cells_values(); NaN: unknown */
};

struct cells {
	const struct schedtrace_table_info *info;
	size_t *keys, n_keys; /* columns; none: all rows are one */
	struct cells_measure *measures;
	size_t n_measures;
	const char *only; /* "COLUMN=TEXT,…": other rows are left out; NULL or "": all */
	size_t n_files;
	struct intern ids; /* of keys, as bytes: the number of their row */
	struct cells_row *rows;
	size_t n_rows, max_rows;
	bool *read;  /* by file: its table was added */
	bool merged; /* in some recording several rows are one */
};

/*
 * @key, @measures: column names with commas between, without their units where that is clear.
 * @measures NULL: all figures. Names that the table does not have are passed over.
 */
int cells_init(struct cells *cells, const struct schedtrace_table_info *info, const char *key,
	       const char *measures, const char *only, size_t n_files,
	       struct schedtrace_error *err);
void cells_release(struct cells *cells);

/* Adds the table of the recording number @file, of the rows that @sel lets pass. */
int cells_add(struct cells *cells, const struct schedtrace_table *table, size_t file,
	      const struct selection *sel, struct schedtrace_error *err);

/*
 * The values of a measure in a row, one a file. Where a recording has no such row, sums are 0 and
 * other figures are unknown; in a file whose table was not added all are.
 */
const double *cells_values(const struct cells *cells, size_t row, size_t measure);

#endif
