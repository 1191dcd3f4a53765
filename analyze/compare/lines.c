/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/compare/lines.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/compare/statistics.h"
#include "base/error.h"
#include "base/mem.h"
#include "libschedtrace/table.h"

static int no_memory(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the tables of a comparison");
}

const char *shape_text(struct comparison *c, const char *fmt, ...)
{
	auto_free char *text = NULL;
	va_list args;
	char *kept;
	int n;

	va_start(args, fmt);
	n = vasprintf(&text, fmt, args);
	va_end(args);
	if (n < 0) {
		text = NULL;
		return NULL;
	}
	kept = arena_alloc(&c->shapes, (size_t)n + 1);
	return kept ? memcpy(kept, text, (size_t)n + 1) : NULL;
}

int shape_begin(struct shape *shape, struct comparison *c, size_t max, struct schedtrace_error *err)
{
	*shape = (struct shape){ .c = c, .max = max };
	shape->columns = arena_alloc(&c->shapes, (max + 1) * sizeof(*shape->columns));
	return shape->columns ? 0 : no_memory(err);
}

void shape_copy(struct shape *shape, const struct schedtrace_column_info *column)
{
	struct schedtrace_column_info *copy = arena_alloc(&shape->c->shapes, sizeof(*copy));
	const char *name = column->name;

	for (size_t i = 0; name && i < shape->n; i++) {
		if (!strcmp(shape->columns[i]->name, name)) {
			name = shape_text(shape->c, "%s_", name);
			i = SIZE_MAX; /* and look again from the first */
		}
	}
	if (!copy || !name || !column->about || shape->n == shape->max) {
		shape->failed = true;
		return;
	}
	*copy = *column;
	copy->name = name;
	shape->columns[shape->n++] = copy;
}

static enum schedtrace_kind kind_of(const char *unit, enum schedtrace_type type)
{
	static const struct {
		const char *unit;
		enum schedtrace_kind kind;
	} kinds[] = {
		{ "ns", SCHEDTRACE_KIND_DURATION },
		{ "bytes", SCHEDTRACE_KIND_SIZE },
		{ "1", SCHEDTRACE_KIND_COUNT },
		{ "%", SCHEDTRACE_KIND_SHARE },
	};

	if (type == SCHEDTRACE_TEXT)
		return SCHEDTRACE_KIND_TEXT;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(kinds[i].unit, unit))
			return kinds[i].kind;
	return SCHEDTRACE_KIND_AMOUNT;
}

void shape_add(struct shape *shape, const char *name, const char *unit, const char *about,
	       enum schedtrace_type type)
{
	const struct schedtrace_column_info column = {
		name, unit, about, type, kind_of(unit, type), SCHEDTRACE_MERGE_NONE,
	};

	shape_copy(shape, &column);
}

int shape_table(struct shape *shape, const char *name, const char *about,
		const struct schedtrace_table_info *of, struct schedtrace_table **out,
		struct schedtrace_error *err)
{
	struct schedtrace_table_info *info = arena_alloc(&shape->c->shapes, sizeof(*info));

	if (shape->failed || !info || !name || !about)
		return no_memory(err);
	*info = (struct schedtrace_table_info){ .name = name,
						.about = about,
						.n_columns = shape->n,
						.columns = shape->columns,
						.order = of ? of->order : NULL,
						.curve = of ? of->curve : false,
						.micros = of ? of->micros : 0 };
	return tables_add(shape->c->tables, info, out, err);
}

#define N_DIFFERENCE 6 /* columns */

/* Whether some group can be compared as a distribution, or with an interval. */
static bool repeated(const struct groups *groups, size_t g, size_t least)
{
	return groups->groups[0].n >= least && groups->groups[g].n >= least;
}

size_t line_columns(const struct groups *groups)
{
	return groups->n * (2 + N_DIFFERENCE);
}

void line_add_columns(struct shape *shape, const char *unit, bool whole)
{
	const struct groups *groups = shape->c->groups;
	enum schedtrace_type type = whole ? SCHEDTRACE_INT : SCHEDTRACE_REAL;
	const char *base = groups->groups[0].name;
	bool counts = false;

	for (size_t g = 0; g < groups->n; g++) {
		const struct group *group = &groups->groups[g];
		const char *about =
			group->n > 1 ? shape_text(shape->c, "median of the %zu recordings of %s",
						  group->n, group->name)
				     : shape_text(shape->c, "in the recording %s", group->name);

		shape_add(shape, group->name, unit, about, type);
		counts |= group->n > 1;
	}
	for (size_t g = 1; g < groups->n; g++) {
		struct comparison *c = shape->c;
		const char *name = groups->groups[g].name;

		shape_add(shape, shape_text(c, "diff_%s", name), unit,
			  shape_text(c, "%s - %s", name, base), type);
		if (repeated(groups, g, STATISTICS_LEAST)) {
			shape_add(shape, shape_text(c, "low_%s", name), unit,
				  shape_text(c, "95 %% bootstrap interval of diff_%s from this",
					     name),
				  type);
			shape_add(shape, shape_text(c, "high_%s", name), unit,
				  shape_text(c, "to this"), type);
			shape_add(shape, shape_text(c, "differs_%s", name), "",
				  shape_text(c, "higher or lower: the interval excludes 0; no: it "
						"does not"),
				  SCHEDTRACE_TEXT);
		}
		shape_add(shape, shape_text(c, "change_%s", name), "%",
			  shape_text(c, "diff_%s of %s", name, base), SCHEDTRACE_REAL);
		if (repeated(groups, g, 2))
			shape_add(shape, shape_text(c, "a12_%s", name), "",
				  shape_text(c,
					     "Vargha-Delaney A: how probably a recording of %s is "
					     "above one of %s, ties half; 0.5: no effect",
					     name, base),
				  SCHEDTRACE_REAL);
	}
	for (size_t g = 0; counts && g < groups->n; g++)
		shape_add(shape, shape_text(shape->c, "n_%s", groups->groups[g].name), "1",
			  shape_text(shape->c, "recordings of %s that have the figure",
				     groups->groups[g].name),
			  SCHEDTRACE_INT);
}

static union schedtrace_value value_of(double value, bool whole)
{
	union schedtrace_value v;

	if (!whole)
		v.f = value;
	else
		v.i = isfinite(value) ? (int64_t)value : INT64_MIN;
	return v;
}

void line_fill(union schedtrace_value *v, const struct groups *groups, const struct line *line,
	       bool whole)
{
	bool counts = false;
	size_t n = 0;

	for (size_t g = 0; g < groups->n; g++) {
		v[n++] = value_of(line->values[g], whole);
		counts |= groups->groups[g].n > 1;
	}
	for (size_t g = 1; g < groups->n; g++) {
		const struct difference *d = &line->differences[g];

		v[n++] = value_of(d->diff, whole);
		if (repeated(groups, g, STATISTICS_LEAST)) {
			v[n++] = value_of(d->low, whole);
			v[n++] = value_of(d->high, whole);
			v[n++].s = d->differs;
		}
		v[n++].f = d->change;
		if (repeated(groups, g, 2))
			v[n++].f = d->a12;
	}
	for (size_t g = 0; counts && g < groups->n; g++)
		v[n++].i = (int64_t)line->n[g];
}

static bool is_whole(double value)
{
	return !isfinite(value) || (value == rint(value) && fabs(value) < 9e15);
}

bool line_is_whole(const struct groups *groups, const struct line *line)
{
	for (size_t g = 0; g < groups->n; g++)
		if (!is_whole(line->values[g]) || !is_whole(line->differences[g].diff) ||
		    !is_whole(line->differences[g].low) || !is_whole(line->differences[g].high))
			return false;
	return true;
}

static int compare_sides(const struct comparison *c, struct difference *d, const double *a,
			 size_t na, const double *b, size_t nb)
{
	struct statistics_interval interval;

	if (na >= 2 && nb >= 2)
		d->a12 = statistics_superiority(a, na, b, nb);
	if (na < STATISTICS_LEAST || nb < STATISTICS_LEAST)
		return 0;
	if (statistics_bootstrap(&interval, a, na, b, nb, c->resamples, c->seed))
		return -1;
	d->low = interval.low;
	d->high = interval.high;
	d->differs = d->low > 0 ? "higher" : d->high < 0 ? "lower" : "no";
	return 0;
}

int line_make(const struct comparison *c, struct line *line, const double *values)
{
	const struct groups *groups = c->groups;
	auto_free double *sorted = reallocarray(NULL, groups->n_files + 1, sizeof(*sorted));

	line->values = calloc(groups->n + 1, sizeof(*line->values));
	line->n = calloc(groups->n + 1, sizeof(*line->n));
	line->differences = calloc(groups->n + 1, sizeof(*line->differences));
	if (!sorted || !line->values || !line->n || !line->differences)
		return -1;
	for (size_t g = 0; g < groups->n; g++) {
		const struct group *group = &groups->groups[g];
		double *mine = sorted + group->first;
		struct difference *d = &line->differences[g];

		for (size_t i = group->first; i < group->first + group->n; i++)
			if (isfinite(values[i]))
				mine[line->n[g]++] = values[i];
		statistics_sort(mine, line->n[g]);
		line->values[g] = statistics_median(mine, line->n[g]);
		*d = (struct difference){ NAN, NAN, NAN, NAN, NAN, NULL };
		if (!g)
			continue;
		d->diff = line->values[g] - line->values[0];
		d->change = line->values[0] != 0 ? 100 * d->diff / line->values[0] : NAN;
		if (compare_sides(c, d, sorted, line->n[0], mine, line->n[g]))
			return -1;
	}
	return 0;
}

void lines_free(struct line *lines, size_t n)
{
	for (size_t i = 0; lines && i < n; i++) {
		free(lines[i].values);
		free(lines[i].n);
		free(lines[i].differences);
	}
	free(lines);
}
