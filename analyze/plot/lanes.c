/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The time is cut into parts of about a point's width. Where a part of a lane has at most two
 * stretches, they are drawn as they are. Where it has more, they could not be told apart: there the
 * kinds share the lane's height by the time that they had. Nothing is left out, and the memory does
 * not grow with the recording.
 */
#include "analyze/plot/lanes.h"

#include <math.h>

#include "base/error.h"
#include "base/mem.h"

#define MOST_CPUS 64
#define FEW	  2 /* stretches of a part that can be told apart */

/* What a lane shows in one part of the time. */
struct part {
	uint32_t n; /* stretches, FEW + 1 for more than FEW */
	uint32_t kinds[FEW];
	float begins[FEW], ends[FEW]; /* 0 to 1 within the part */
};

int lanes_new(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
	      size_t n_lanes, size_t n_kinds, struct schedtrace_error *err)
{
	struct lanes *lanes = plot_alloc(source->figure, 1, sizeof(*lanes));
	size_t n_parts = source->parts;

	if (!lanes)
		return plot_no_memory(err);
	*lanes = (struct lanes){
		.source = source, .n_lanes = n_lanes, .n_kinds = n_kinds, .n_parts = n_parts
	};
	lanes->lanes = plot_alloc(source->figure, n_lanes, sizeof(*lanes->lanes));
	lanes->parts = plot_alloc(source->figure, n_lanes, n_parts * sizeof(*lanes->parts));
	lanes->times = plot_alloc(source->figure, n_lanes * n_kinds, n_parts * sizeof(float));
	panel->labels = plot_alloc(source->figure, n_lanes, sizeof(*panel->labels));
	if (!lanes->lanes || !lanes->parts || !lanes->times || !panel->labels)
		return plot_no_memory(err);
	plot_time_scale(source, panel);
	*out = lanes;
	return plot_panel_series(source->figure, panel, n_kinds, 0, err);
}

static double part_width(const struct lanes *lanes)
{
	const struct plot_source *source = lanes->source;

	return ((double)source->end - (double)source->begin) / (double)lanes->n_parts;
}

/* Adds what lies within one part; it goes on with what ended where it begins. */
static void add_to_part(struct part *part, size_t kind, float begin, float end)
{
	uint32_t last = part->n - 1;

	if (part->n && part->n <= FEW && part->kinds[last] == kind && part->ends[last] >= begin) {
		part->ends[last] = fmaxf(part->ends[last], end);
		return;
	}
	if (part->n < FEW) {
		part->kinds[part->n] = (uint32_t)kind;
		part->begins[part->n] = begin;
		part->ends[part->n] = end;
	}
	part->n += part->n <= FEW;
}

void lanes_add(struct lanes *lanes, size_t lane, size_t kind, int64_t begin, int64_t end)
{
	const struct plot_source *source = lanes->source;
	double width = part_width(lanes), from, to;

	if (begin < source->begin)
		begin = source->begin;
	if (end > source->end)
		end = source->end;
	if (begin >= end)
		return;
	from = ((double)begin - (double)source->begin) / width;
	to = ((double)end - (double)source->begin) / width;
	for (size_t i = (size_t)from; i < lanes->n_parts && (double)i < to; i++) {
		size_t at = lane * lanes->n_parts + i;
		float first = (float)fmax(0, from - (double)i),
		      last = (float)fmin(1, to - (double)i);

		lanes->times[at * lanes->n_kinds + kind] += last - first;
		add_to_part(&lanes->parts[at], kind, first, last);
	}
}

static bool is_dense(const struct part *part)
{
	return part->n > FEW;
}

/* The stretches of a panel as they are made. */
struct output {
	struct plot_stretch *all;
	size_t n, max;
};

/* What goes on where the one before ended becomes one with it. */
static int put_stretch(struct output *out, const struct plot_stretch *stretch,
		       struct schedtrace_error *err)
{
	struct plot_stretch *last = out->n ? &out->all[out->n - 1] : NULL;

	if (last && last->lane == stretch->lane && last->series == stretch->series &&
	    last->end == stretch->begin && last->from == stretch->from && last->to == stretch->to) {
		last->end = stretch->end;
		return 0;
	}
	if (!array_room(out->all, out->n, out->max))
		return plot_no_memory(err);
	out->all[out->n++] = *stretch;
	return 0;
}

/* The share of the height that a kind has in a part with many stretches. */
static void set_share(struct plot_stretch *stretch, const float *times, size_t n_kinds)
{
	float below = 0, sum = 0;

	for (size_t k = 0; k < n_kinds; k++) {
		below += k < stretch->series ? times[k] : 0;
		sum += times[k];
	}
	sum = fmaxf(sum, 1); /* what is only possible may overlap */
	stretch->from = below / sum;
	stretch->to = (below + times[stretch->series]) / sum;
}

static int put_part(const struct lanes *lanes, struct output *out, size_t lane, size_t part,
		    size_t kind, struct schedtrace_error *err)
{
	const struct part *p = &lanes->parts[lane * lanes->n_parts + part];
	const float *times = &lanes->times[(lane * lanes->n_parts + part) * lanes->n_kinds];
	const struct plot_source *source = lanes->source;
	double width = part_width(lanes), zero = (double)(source->begin - source->zero);
	struct plot_stretch stretch = { .lane = (uint32_t)lane,
					.series = (uint32_t)kind,
					.begin = zero + width * (double)part,
					.end = zero + width * (double)(part + 1),
					.from = 0,
					.to = 1 };
	int r = 0;

	if (times[kind] <= 0)
		return 0;
	if (is_dense(p)) {
		set_share(&stretch, times, lanes->n_kinds);
		return put_stretch(out, &stretch, err);
	}
	for (uint32_t i = 0; i < p->n && !r; i++) {
		if (p->kinds[i] != kind)
			continue;
		stretch.begin = zero + width * ((double)part + (double)p->begins[i]);
		stretch.end = zero + width * ((double)part + (double)p->ends[i]);
		r = put_stretch(out, &stretch, err);
	}
	return r;
}

/* All stretches, those of a kind together. */
static int put_all(struct log_reader *reader, struct schedtrace_error *err)
{
	const struct lanes *lanes = reader->state;
	struct output out = { 0 };
	int r = 0;

	for (size_t kind = 0; kind < lanes->n_kinds; kind++)
		for (size_t lane = 0; lane < lanes->n_lanes; lane++)
			for (size_t part = 0; part < lanes->n_parts && !r; part++)
				r = put_part(lanes, &out, lane, part, kind, err);
	reader->panel->stretches = out.all;
	reader->panel->n_stretches = out.n;
	return r;
}

/* Takes kinds that nothing is of out of the legend. */
static void leave_out_unused(struct plot_panel *panel, const struct lanes *lanes)
{
	for (size_t kind = 0; kind < lanes->n_kinds; kind++) {
		bool used = false;

		for (size_t i = kind; i < lanes->n_lanes * lanes->n_parts * lanes->n_kinds && !used;
		     i += lanes->n_kinds)
			used = lanes->times[i] > 0;
		if (!used)
			panel->series[kind].name = "";
	}
}

/* Adds a sentence to the note of a panel. */
static int add_note(const struct lanes *lanes, struct plot_panel *panel, const char *text,
		    struct schedtrace_error *err)
{
	const char *before = panel->note;

	panel->note = plot_text(lanes->source->figure, "%s%s%s", before ? before : "",
				before ? ". " : "", text);
	return panel->note ? 0 : plot_no_memory(err);
}

int lanes_finish(struct log_reader *reader, struct schedtrace_error *err)
{
	const struct lanes *lanes = reader->state;
	bool dense = false;
	int r = put_all(reader, err);

	leave_out_unused(reader->panel, lanes);
	for (size_t i = 0; i < lanes->n_lanes * lanes->n_parts && !dense; i++)
		dense = is_dense(&lanes->parts[i]);
	if (!r && dense)
		r = add_note(
			lanes, reader->panel,
			"Where stretches are too short to be told apart, heights are shares of "
			"the time",
			err);
	if (!r && !reader->panel->n_stretches && !reader->panel->note)
		reader->panel->note = "There is no such stretch of time";
	return r;
}

size_t lanes_cpu(const struct lanes *lanes, int64_t cpu)
{
	for (size_t i = 0; i < lanes->n_lanes; i++)
		if (lanes->lanes[i].id == cpu)
			return i;
	return SIZE_MAX;
}

/* The losses have a row for each CPU. */
int lanes_of_cpus(struct lanes **out, struct plot_source *source, struct plot_panel *panel,
		  size_t n_kinds, struct schedtrace_error *err)
{
	struct view cpus = { 0 };
	size_t n;
	int r = plot_view(source, "losses", &cpus, err);

	n = cpus.n_rows < MOST_CPUS ? cpus.n_rows : MOST_CPUS;
	if (!r)
		r = lanes_new(out, source, panel, n, n_kinds, err);
	for (; panel->n_labels < n && !r; panel->n_labels++) {
		size_t i = panel->n_labels;

		(*out)->lanes[i].id = (int64_t)plot_number(&cpus, i, 0);
		panel->labels[i] = plot_row_label(source, &cpus, i, "cpu");
		if (!panel->labels[i])
			r = plot_no_memory(err);
	}
	if (!r && n < cpus.n_rows)
		panel->note = plot_text(source->figure, "%zu more CPUs are not drawn; see --cpu",
					cpus.n_rows - n);
	view_release(&cpus);
	return r;
}
