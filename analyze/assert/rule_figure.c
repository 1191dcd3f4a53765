/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/assert/rule_figure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/assert/bounds.h"
#include "analyze/select.h"
#include "base/pattern.h"

#define REAL_SCALE 1000

static bool filter_passes(const struct assert_rule *rule, size_t source,
			  const union schedtrace_value *values)
{
	const struct schedtrace_table_info *table = rule->sources[source].table;

	for (size_t i = 0; i < rule->n_filters; i++) {
		const struct assert_filter *filter = &rule->filters[i];
		size_t column = filter->column[source];
		bool same;

		if (table->columns[column]->type == SCHEDTRACE_INT)
			same = values[column].i == filter->number;
		else
			same = values[column].s && text_matches(values[column].s, filter->value);
		if (same != filter->equal)
			return false;
	}
	return true;
}

static double number(const struct schedtrace_column_info *column, union schedtrace_value value)
{
	return column->type == SCHEDTRACE_INT ? (double)value.i : value.f;
}

static bool is_exact(const struct assert_figure *figure)
{
	return !figure->rule->sources[0].is_log;
}

static int keep(struct assert_figure *figure, const double value[2])
{
	if (figure->n > figure->room) {
		size_t room = figure->room ? 2 * figure->room : 64;

		for (int b = LO; b <= HI; b++) {
			double *larger = reallocarray(figure->kept[b], room, sizeof(*larger));

			if (!larger)
				return -1;
			figure->kept[b] = larger;
		}
		figure->room = room;
	}
	for (int b = LO; b <= HI; b++)
		figure->kept[b][figure->n - 1] = value[b];
	return 0;
}

static int add(struct assert_figure *figure, const struct schedtrace_column_info *column,
	       const double value[2])
{
	const struct assert_rule *rule = figure->rule;
	double scale = column->type == SCHEDTRACE_REAL ? REAL_SCALE : 1;

	for (int b = LO; b <= HI; b++) {
		double v = value[b];

		figure->sum[b] += v;
		if (figure->n == 1 || v < figure->min[b])
			figure->min[b] = v;
		if (figure->n == 1 || v > figure->max[b])
			figure->max[b] = v;
		figure->below[b] += v < rule->limit;
		figure->at_most[b] += v <= rule->limit;
		if (rule->function != ASSERT_PERCENTILE || is_exact(figure))
			continue;
		if (isfinite(v) && histogram_add(&figure->values[b], (int64_t)(v * scale)) < 0)
			return -1; /* those without a bound are the greatest: see ranked() */
	}
	return rule->function == ASSERT_PERCENTILE && is_exact(figure) ? keep(figure, value) : 0;
}

int assert_figure_row(struct assert_figure *figure, size_t s, const union schedtrace_value *values)
{
	const struct assert_rule *rule = figure->rule;
	const struct assert_source *source = &rule->sources[s];
	const struct schedtrace_column_info *column;
	double value[2] = { 0, INFINITY };

	if (!filter_passes(rule, s, values))
		return 0;
	figure->n++;
	if (source->column == SIZE_MAX)
		return 0;
	column = source->table->columns[source->column];
	if (value_unknown(column, values[source->column])) {
		figure->unknown++;
		if (assert_below_zero(source))
			value[LO] = -INFINITY;
	} else if (column->type == SCHEDTRACE_TEXT) {
		return 0;
	} else {
		struct assert_most most = assert_most_of(source);

		value[LO] = value[HI] = number(column, values[source->column]);
		if (most.column != SIZE_MAX) {
			int64_t hi = values[most.column].i;

			value[HI] = hi == INT64_MIN ? INFINITY : (double)hi;
			if (most.added)
				value[HI] += value[LO];
		}
	}
	return add(figure, column, value);
}

void assert_figure_free(struct assert_figure *figure)
{
	for (int b = LO; b <= HI; b++) {
		histogram_free(&figure->values[b]);
		free(figure->kept[b]);
	}
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Both bounds of a figure, and on which side of the limit each is. */
struct bounds {
	double at[2];
	bool below[2], at_most[2];
};

static void compare_with(struct bounds *bounds, double limit)
{
	for (int b = LO; b <= HI; b++) {
		bounds->below[b] = bounds->at[b] < limit;
		bounds->at_most[b] = bounds->at[b] <= limit;
	}
}

/* The value of a rank from 1 to n of the histogram's or kept values; unbounded ones are the
 * last. */
static double ranked(struct assert_figure *figure, int b, uint64_t rank)
{
	const struct histogram *values = &figure->values[b];
	const struct assert_rule *rule = figure->rule;
	double scale = 1;

	if (is_exact(figure)) {
		qsort(figure->kept[b], figure->n, sizeof(double), compare_doubles);
		return figure->kept[b][rank - 1];
	}
	if (rank > values->count)
		return INFINITY;
	if (rule->sources[0].table->columns[rule->sources[0].column]->type == SCHEDTRACE_REAL)
		scale = REAL_SCALE;
	return (double)histogram_percentile(values,
					    100 * ((double)rank - 0.5) / (double)values->count) /
	       scale;
}

/*
 * The smallest value such that this share of all is not greater, where up to @missing further
 * values may be anything: at the least all of them are less, at the most all greater.
 */
static void percentile(struct assert_figure *figure, double missing, struct bounds *out)
{
	double limit = figure->rule->limit;
	double all = (double)figure->n + missing;
	/* 99.9 % of 1000 are 999: the product is a little more. */
	double rank = isfinite(all) ? ceil(figure->rule->percent * all / 100 - 1e-9) : INFINITY;

	for (int b = LO; b <= HI; b++) {
		double r = b == LO && isfinite(all) ? rank - missing : rank;

		if (b == LO && (!isfinite(all) || r < 1)) {
			out->at[b] = 0;
		} else if (r > (double)figure->n) {
			out->at[b] = INFINITY;
		} else {
			uint64_t place = r < 1 ? 1 : (uint64_t)r;

			out->at[b] = ranked(figure, b, place);
			/* Histograms are off by a little, and counts are not. */
			out->below[b] = figure->below[b] >= place;
			out->at_most[b] = figure->at_most[b] >= place;
			if (out->below[b] && out->at[b] >= limit)
				out->at[b] = nextafter(limit, -INFINITY);
			else if (!out->at_most[b] && out->at[b] <= limit)
				out->at[b] = nextafter(limit, INFINITY);
			else if (out->at_most[b] && !out->below[b])
				out->at[b] = limit;
			continue;
		}
		out->below[b] = out->at[b] < limit;
		out->at_most[b] = out->at[b] <= limit;
	}
}

static double least(const struct assert_figure *figure)
{
	return assert_below_zero(&figure->rule->sources[0]) ? -INFINITY : 0;
}

/* By the rows alone, of which up to @missing may be missing. */
static void figure_of(struct assert_figure *figure, double missing, struct bounds *out)
{
	const struct assert_rule *rule = figure->rule;
	double n = (double)figure->n;

	switch (rule->function) {
	case ASSERT_COUNT:
		out->at[LO] = n - (double)figure->unknown;
		out->at[HI] = out->at[LO] + missing;
		break;
	case ASSERT_SUM:
		out->at[LO] = missing > 0 && least(figure) < 0 ? -INFINITY : figure->sum[LO];
		out->at[HI] = missing > 0 ? INFINITY : figure->sum[HI];
		break;
	case ASSERT_MIN:
		out->at[LO] = missing > 0 ? least(figure) : figure->min[LO];
		out->at[HI] = figure->min[HI];
		break;
	case ASSERT_MAX:
		out->at[LO] = figure->max[LO];
		out->at[HI] = missing > 0 ? INFINITY : figure->max[HI];
		break;
	case ASSERT_MEAN:
		out->at[LO] = missing > 0 && least(figure) < 0 ? -INFINITY
							       : figure->sum[LO] / (n + missing);
		out->at[HI] = missing > 0 ? INFINITY : figure->sum[HI] / n;
		break;
	case ASSERT_PERCENTILE:
		percentile(figure, missing, out);
		return;
	}
	compare_with(out, rule->limit);
}

/* What the recording lacks beyond rows. */
static void widen(const struct assert_figure *figure, enum assert_doubt doubt, double lost,
		  struct bounds *out)
{
	const struct assert_rule *rule = figure->rule;

	if (doubt == ASSERT_SURE)
		return;
	if (doubt == ASSERT_COUNTS_RECORDS &&
	    (rule->function == ASSERT_SUM || rule->function == ASSERT_MAX))
		out->at[HI] += lost;
	else
		out->at[HI] = INFINITY;
	if (doubt == ASSERT_UNBOUNDED)
		out->at[LO] = least(figure);
	compare_with(out, rule->limit);
}

static void scale(const struct assert_rule *rule, int64_t duration_ns, struct bounds *out)
{
	double factor = rule->of_time ? 100.0 / (double)duration_ns : 1e9 / (double)duration_ns;

	if (!rule->of_time && !rule->per_second)
		return;
	for (int b = LO; b <= HI; b++)
		out->at[b] *= factor;
	compare_with(out, rule->limit);
}

static enum assert_verdict verdict(enum compare compare, const struct bounds *b)
{
	bool holds, fails;

	switch (compare) {
	case COMPARE_BELOW:
		holds = b->below[HI];
		fails = !b->below[LO];
		break;
	case COMPARE_AT_MOST:
		holds = b->at_most[HI];
		fails = !b->at_most[LO];
		break;
	case COMPARE_ABOVE:
		holds = !b->at_most[LO];
		fails = b->at_most[HI];
		break;
	case COMPARE_AT_LEAST:
		holds = !b->below[LO];
		fails = b->below[HI];
		break;
	default:
		holds = !b->below[LO] && b->at_most[HI];
		fails = b->below[HI] || !b->at_most[LO];
		if (compare == COMPARE_OTHER) {
			bool equal = holds;

			holds = fails;
			fails = equal;
		}
	}
	return holds ? ASSERT_HOLDS : fails ? ASSERT_FAILED : ASSERT_UNCERTAIN;
}

static const char *why_uncertain(const struct assert_figure *figure,
				 const struct assert_doubts *doubts)
{
	if (figure->unknown)
		return "the recording does not tell all of it";
	if (doubts->lost > 0)
		return "records were lost";
	if (doubts->missing_switches)
		return "switches were not recorded";
	if (doubts->clock_set_back)
		return "the clock was set back";
	return "it is not known exactly";
}

void assert_figure_judge(struct assert_figure *figure, const struct assert_doubts *doubts,
			 struct assert_result *out)
{
	const struct assert_rule *rule = figure->rule;
	const char *lacks = assert_lacks(rule, doubts->seen, doubts->recorded);
	struct bounds bounds = { 0 };

	*out = (struct assert_result){ ASSERT_UNCERTAIN, NAN, NAN, figure->n, NULL };
	if (lacks) {
		out->why = lacks;
	} else if (!figure->n && rule->function != ASSERT_COUNT) {
		out->why = "nothing matched";
	} else if ((rule->per_second || rule->of_time) && doubts->duration_ns <= 0) {
		out->why = "no time was recorded";
	} else if (figure->n && figure->unknown == figure->n && rule->function != ASSERT_COUNT) {
		out->why = "not known from this recording";
	} else {
		figure_of(figure, assert_missing_rows(rule, doubts), &bounds);
		widen(figure, assert_doubt_of(rule, doubts), doubts->lost, &bounds);
		scale(rule, doubts->duration_ns, &bounds);
		out->lo = bounds.at[LO];
		out->hi = bounds.at[HI];
		out->verdict = verdict(rule->compare, &bounds);
		if (out->verdict == ASSERT_UNCERTAIN)
			out->why = why_uncertain(figure, doubts);
	}
}
