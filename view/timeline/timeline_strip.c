/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/timeline/timeline_strip.h"

#include <stdlib.h>

#include "base/mem.h"

#define MARKED_PART 60 /* stretches of this part of the window have room for a text */

/* What the series have of a column. */
struct strip_column {
	int64_t begin, end, covered;
	int64_t *ns;	/* by series */
	uint32_t *used; /* series with some, by when they came first */
	uint32_t n, shares, most_spans;
};

/* The last columns, as far as they were one thing. */
struct strip_run {
	uint32_t what;
	int64_t begin, end;
};

struct strip_maker {
	struct timeline_strips *out;
	const struct timeline_strip *strip;
	struct strip_column column;
	struct strip_run run;
};

/* What goes on where the one before ended becomes one with it. */
static int put_stretch(struct strip_maker *m, uint32_t series, int64_t begin, int64_t end,
		       double low, double high)
{
	const struct timeline_strip *strip = m->strip;
	struct timeline_strips *out = m->out;
	struct plot_stretch *last = out->n ? &out->all[out->n - 1] : NULL;
	double height = (double)strip->to - (double)strip->from;
	struct plot_stretch stretch = { .lane = strip->lane,
					.series = series,
					.begin = (double)(begin - strip->zero),
					.end = (double)(end - strip->zero),
					.from = (float)(strip->from + height * low),
					.to = (float)(strip->from + height * high) };

	if (series >= strip->n_series || begin >= end)
		return 0;
	if (last && last->lane == stretch.lane && last->series == series &&
	    last->end == stretch.begin && last->from == stretch.from && last->to == stretch.to) {
		last->end = stretch.end;
		return 0;
	}
	if (!array_room(out->all, out->n, out->max))
		return -1;
	out->all[out->n++] = stretch;
	return 0;
}

static int put_mark(struct strip_maker *m)
{
	const struct timeline_strip *strip = m->strip;
	struct strip_run *run = &m->run;
	struct timeline_strips *out = m->out;
	const char *text = NULL;

	if (strip->text &&
	    (run->end - run->begin) >= (strip->window->end - strip->window->begin) / MARKED_PART)
		text = strip->text(strip->user, run->what, run->begin, run->end);
	if (!text)
		return 0;
	if (!array_room(out->marks, out->n_marks, out->marks_max))
		return -1;
	out->marks[out->n_marks++] =
		(struct plot_mark){ strip->lane, (double)(run->begin - strip->zero),
				    (double)(run->end - strip->zero), text };
	return 0;
}

/* Whether the column goes on with what the ones before it were as a whole. */
static int follow_run(struct strip_maker *m, const struct timeline_share *only)
{
	const struct strip_column *c = &m->column;
	int r;

	if (only && m->run.what == only->what && m->run.end == c->begin) {
		m->run.end = c->end;
		return 0;
	}
	r = put_mark(m);
	m->run = (struct strip_run){ 0, 0, 0 };
	if (only)
		m->run = (struct strip_run){ only->what, c->begin, c->end };
	return r;
}

/* One after the other, from where the lane begins in the column. */
static int put_side_by_side(struct strip_maker *m, bool first)
{
	const struct strip_column *c = &m->column;
	int64_t at = first ? c->end - c->covered : c->begin;
	int r = 0;

	for (uint32_t i = 0; i < c->n && r == 0; i++) {
		r = put_stretch(m, c->used[i], at, at + c->ns[c->used[i]], 0, 1);
		at += c->ns[c->used[i]];
	}
	return r;
}

/* On top of each other, by the numbers of the series, so that neighbours fit together. */
static int put_stacked(struct strip_maker *m)
{
	const struct strip_column *c = &m->column;
	double width = (double)(c->end - c->begin), low = 0;
	int r = 0;

	m->out->dense = true;
	for (uint32_t series = 0; series < m->strip->n_series && r == 0; series++) {
		double high = low + (double)c->ns[series] / width;

		if (c->ns[series])
			r = put_stretch(m, series, c->begin, c->end, low, high);
		low = high;
	}
	return r;
}

static void add_to_column(struct strip_column *c, uint32_t series, int64_t ns)
{
	if (!c->ns[series])
		c->used[c->n++] = series;
	c->ns[series] += ns;
}

/* Takes from a column what another one says of a part of it. */
static void move_wasted(struct strip_column *c, int64_t wasted, uint32_t idle, uint32_t waste)
{
	if (wasted > c->ns[idle])
		wasted = c->ns[idle];
	if (wasted <= 0)
		return;
	if (wasted == c->ns[idle] && c->n == 1) {
		c->used[0] = waste;
		c->ns[waste] = wasted;
		c->ns[idle] = 0;
		return;
	}
	add_to_column(c, waste, wasted);
	c->ns[idle] -= wasted;
	c->most_spans = 2; /* nobody says where in the column */
}

static int put_column(struct strip_maker *m, const struct timeline_share *shares, bool first)
{
	const struct strip_column *c = &m->column;
	bool whole = c->shares == 1 && c->covered == c->end - c->begin;
	int r = follow_run(m, whole ? shares : NULL);

	if (r < 0)
		return r;
	return c->n == 1 || (c->n == 2 && c->most_spans == 1 && c->shares == 2)
		       ? put_side_by_side(m, first)
		       : put_stacked(m);
}

static void clear_column(struct strip_column *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		c->ns[c->used[i]] = 0;
	c->n = c->shares = c->most_spans = 0;
	c->covered = 0;
}

static int add_columns(struct strip_maker *m, const struct timeline_shares *shares,
		       const int64_t *wasted, uint32_t idle, uint32_t waste)
{
	const struct timeline_strip *strip = m->strip;
	struct strip_column *c = &m->column;
	int r = 0;

	for (size_t i = 0, first = 0; i < shares->n && r == 0; i++) {
		const struct timeline_share *share = &shares->all[i];
		uint32_t series = strip->series(strip->user, share->what);

		if (!c->shares) {
			first = i;
			c->begin = timeline_column(strip->window, share->column);
			c->end = timeline_column(strip->window, share->column + 1);
		}
		c->shares++;
		c->covered += share->ns;
		c->most_spans = share->spans > c->most_spans ? share->spans : c->most_spans;
		add_to_column(c, series < strip->n_series ? series : (uint32_t)strip->n_series,
			      share->ns);
		if (i + 1 < shares->n && shares->all[i + 1].column == share->column)
			continue;
		if (wasted)
			move_wasted(c, wasted[share->column], idle, waste);
		r = put_column(m, &shares->all[first], first == 0);
		clear_column(c);
	}
	return r < 0 ? r : follow_run(m, NULL);
}

int timeline_strip_add(struct timeline_strips *out, const struct timeline_strip *strip,
		       const struct timeline_shares *shares, const int64_t *wasted, uint32_t idle,
		       uint32_t waste)
{
	auto_free int64_t *ns = calloc(strip->n_series + 1, sizeof(*ns));
	auto_free uint32_t *used = calloc(strip->n_series + 1, sizeof(*used));
	struct strip_maker maker = { .out = out, .strip = strip };

	if (!ns || !used)
		return -1;
	maker.column.ns = ns;
	maker.column.used = used;
	return add_columns(&maker, shares, wasted, idle, waste);
}

static int by_series(const void *a, const void *b)
{
	const struct plot_stretch *s = a, *t = b;

	if (s->series != t->series)
		return s->series < t->series ? -1 : 1;
	if (s->lane != t->lane)
		return s->lane < t->lane ? -1 : 1;
	return (s->begin > t->begin) - (s->begin < t->begin);
}

void timeline_strips_finish(struct timeline_strips *strips, struct plot_panel *panel)
{
	if (strips->n)
		qsort(strips->all, strips->n, sizeof(*strips->all), by_series);
	panel->stretches = strips->all;
	panel->n_stretches = strips->n;
	panel->marks = strips->marks;
	panel->n_marks = strips->n_marks;
	*strips = (struct timeline_strips){ .dense = strips->dense };
}

void timeline_strips_free(struct timeline_strips *strips)
{
	free(strips->all);
	free(strips->marks);
	*strips = (struct timeline_strips){ .all = NULL };
}
