/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/category_rows.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "view/figure/ordered.h"

static size_t output_of(const struct instructions *in, const char *name)
{
	size_t i = 0;

	while (strcmp(in->outputs[i], name))
		i++;
	return i;
}

struct row_places row_places_of(const struct instructions *in)
{
	if (in->lines)
		return (struct row_places){ output_of(in, "x0"), output_of(in, "y0"),
					    output_of(in, "x1"), output_of(in, "y1") };
	return (struct row_places){ output_of(in, "x"), output_of(in, "y"), output_of(in, "x"),
				    output_of(in, "y") };
}

struct summing {
	struct category_rows *out;
	struct kept_rows *kept;
	const struct instructions *in;
	struct row_places places;
	bool begun;
};

#define PART_ROWS ((size_t)1 << 10)

/* By finite values. */
static void widen_by(const struct query_column *column, size_t n, double *least, double *most)
{
	double part[PART_ROWS], low = *least, high = *most;

	for (size_t begin = 0; begin < n; begin += PART_ROWS) {
		size_t rows = n - begin < PART_ROWS ? n - begin : PART_ROWS;

		ordered_reals(column, begin, rows, part);
		for (size_t i = 0; i < rows; i++) {
			bool finite = fabs(part[i]) <= DBL_MAX;

			low = finite && part[i] < low ? part[i] : low;
			high = finite && part[i] > high ? part[i] : high;
		}
	}
	*least = low;
	*most = high;
}

/* Their upper and lower halves apart, so that neither sum can be too large. */
static __int128 sum_whole(const struct query_column *column, size_t n)
{
	int64_t upper = 0, small = 0;
	uint64_t lower = 0;

	if (!column->ints) {
		for (size_t i = 0; i < n; i++)
			small += column->small_ints[i];
		return small;
	}
	for (size_t i = 0; i < n; i++) {
		upper += column->ints[i] >> 32;
		lower += (uint32_t)column->ints[i];
	}
	return (__int128)upper * ((__int128)1 << 32) + lower;
}

static void add_column(struct column_sum *sum, const struct query_column *column, size_t n)
{
	sum->real |= column->reals != NULL;
	if (!column->reals)
		sum->whole += sum_whole(column, n);
	for (size_t i = 0; column->reals && i < n; i++) {
		double corrected = column->reals[i] - sum->rest, total;

		total = sum->fractions + corrected;
		sum->rest = isfinite(total) ? total - sum->fractions - corrected : 0;
		sum->fractions = total;
	}
}

/* What two lists, or the two ends of lines, agree on. */
static void note_meaning(struct summing *s, const struct plan_list *list)
{
	struct category_rows *out = s->out;
	const struct plan_slot *x = &list->slots[list->outputs[s->places.x0]];
	const struct plan_slot *y = &list->slots[list->outputs[s->places.y0]];

	if (!s->begun) {
		out->x_is_time = x->ns;
		out->y_is_time = y->ns;
		out->x_about = x->about;
		out->y_about = y->about;
	}
	s->begun = true;
	out->x_is_time &= x->ns;
	out->y_is_time &= y->ns;
	if (out->x_about && (!x->about || strcmp(x->about, out->x_about)))
		out->x_about = NULL;
	if (out->y_about && (!y->about || strcmp(y->about, out->y_about)))
		out->y_about = NULL;
}

static int keep(const struct summing *s, const struct query_column *outputs, size_t n,
		struct schedtrace_error *err)
{
	const struct row_places *at = &s->places;

	return kept_rows_add(s->kept, &outputs[at->x0], &outputs[at->y0],
			     s->in->lines ? &outputs[at->x1] : NULL,
			     s->in->lines ? &outputs[at->y1] : NULL, n, err);
}

static int sum_block(void *user, const struct plan_list *list, const struct query_column *outputs,
		     size_t n, struct schedtrace_error *err)
{
	struct summing *s = user;
	struct category_rows *out = s->out;

	if (!n)
		return 0;
	note_meaning(s, list);
	for (size_t o = 0; o < s->in->n_outputs; o++)
		add_column(&out->sums[o], &outputs[o], n);
	widen_by(&outputs[s->places.x0], n, &out->x0, &out->x1);
	widen_by(&outputs[s->places.y0], n, &out->y0, &out->y1);
	if (s->in->lines) {
		widen_by(&outputs[s->places.x1], n, &out->x0, &out->x1);
		widen_by(&outputs[s->places.y1], n, &out->y0, &out->y1);
	}
	out->n += n;
	return s->kept ? keep(s, outputs, n, err) : 0;
}

int category_rows_sum(struct category_rows *out, struct kept_rows *kept, const struct plan *plan,
		      size_t category, const struct plan_terms *terms, struct schedtrace_error *err)
{
	const struct instructions *in = plan->instructions;
	struct summing summing = {
		.out = out, .kept = kept, .in = in, .places = row_places_of(in)
	};
	int r;

	*out = (struct category_rows){
		.x0 = INFINITY, .y0 = INFINITY, .x1 = -INFINITY, .y1 = -INFINITY
	};
	out->sums = calloc(in->n_outputs + 1, sizeof(*out->sums));
	if (!out->sums)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the sums of a category");
	r = plan_run(plan, category, terms, sum_block, &summing, err);
	return r < 0 || !kept ? r : kept_rows_finish(kept, err);
}

void category_rows_free(struct category_rows *rows)
{
	free(rows->sums);
	rows->sums = NULL;
}

double column_sum_real(const struct column_sum *sum)
{
	return (double)sum->whole + sum->fractions;
}

void column_sum_print(const struct column_sum *sum, char text[64])
{
	unsigned __int128 rest = (unsigned __int128)sum->whole;
	char digits[64], *at = digits + sizeof(digits) - 1;
	bool negative = sum->whole < 0;

	if (sum->real) {
		snprintf(text, 64, "%.17g", column_sum_real(sum));
		return;
	}
	if (negative)
		rest = -rest;
	*at = '\0';
	do
		*--at = (char)('0' + (int)(rest % 10));
	while (rest /= 10);
	snprintf(text, 64, "%s%s", negative ? "-" : "", at);
}
