/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sums of all processes over time, in at most so many intervals. */
#include "libschedtrace/analyses/faults.h"

#define FIRST_WIDTH 50000000 /* ns: 20 a second */

/* Two intervals become one. */
static void halve(struct fault_series *s)
{
	for (size_t i = 0; i < FAULT_POINTS / 2; i++) {
		struct fault_point first = s->points[2 * i];

		s->points[i] = s->points[2 * i + 1];
		s->points[i].cpu_ns += first.cpu_ns;
		if (s->points[i].processes < first.processes)
			s->points[i].processes = first.processes;
	}
	s->n = FAULT_POINTS / 2;
	s->width *= 2;
}

void fault_series_advance(struct fault_series *s, int64_t time)
{
	if (!s->started) {
		s->started = true;
		s->origin = time;
		s->width = FIRST_WIDTH;
	}
	while ((time - s->origin - 1) / s->width > (int64_t)s->n) {
		s->points[s->n++] = s->now;
		s->now.processes = 0;
		s->now.cpu_ns = 0;
		s->turn++;
		if (s->n == FAULT_POINTS)
			halve(s);
	}
	s->last = time;
}

void fault_series_spread(struct fault_series *s, int64_t begin, int64_t cpu_ns)
{
	int64_t from = begin > s->origin ? begin : s->origin;
	double rate = (double)cpu_ns / (double)(s->last - from);

	if (from >= s->last)
		return;
	for (size_t i = (size_t)((from - s->origin) / s->width); i < s->n; i++) {
		int64_t end = s->origin + (int64_t)(i + 1) * s->width;

		s->points[i].cpu_ns += rate * (double)(end - from);
		from = end;
	}
	s->now.cpu_ns += rate * (double)(s->last - from);
}
