/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the rows of a category come to: their number, sums and ranges. */
#ifndef VIEW_FIGURE_CATEGORY_ROWS_H
#define VIEW_FIGURE_CATEGORY_ROWS_H

#include "view/figure/kept_rows.h"
#include "view/figure/plan.h"

struct column_sum {
	bool real; /* in some list; then sum is not exact */
	__int128 whole;
	double fractions,
		rest; /* of those lists whose values are fractions, and what rounding took */
};

struct category_rows {
	size_t n;
	struct column_sum *sums; /* of each output */
	/* Of all places, of points and of both ends of lines that are finite; only where n is not
	 * 0. */
	double x0, x1, y0, y1;
	bool x_is_time, y_is_time;
	const char *x_about, *y_about; /* the column that they are made of; NULL: various */
};

/*
 * Of one that has not failed; @kept, if not NULL, gets the places of all rows. Freed by
 * category_rows_free(), also on failure.
 */
int category_rows_sum(struct category_rows *out, struct kept_rows *kept, const struct plan *plan,
		      size_t category, const struct plan_terms *terms,
		      struct schedtrace_error *err);
void category_rows_free(struct category_rows *rows);

/* The outputs that say where a row is drawn; of points x1 and y1 are x0 and y0. */
struct row_places {
	size_t x0, y0, x1, y1;
};
struct row_places row_places_of(const struct instructions *instructions);

double column_sum_real(const struct column_sum *sum);
/* "123", exact unless there are fractions. */
void column_sum_print(const struct column_sum *sum, char text[64]);

#endif
