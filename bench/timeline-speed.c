/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * usage: timeline-speed TRACE
 * What a timeline takes: making its lanes, then all lanes of the CPUs and those of 40 tasks for
 * 2400 columns of the whole time and of smaller and smaller windows; wall and CPU ms, the fewest of
 * five; memory.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "input/input.h"
#include "view/timeline/timeline.h"

#define COLUMNS 2400
#define TASKS	40
#define TIMES	5

static double clock_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static int read_all(struct timeline *t, const char *path, struct input **infile,
		    struct schedtrace_error *err)
{
	const struct input_options options = { .default_ids = true };
	const struct schedtrace_events *rows;
	int r = input_open(infile, path, &options, err);

	if (r == 0)
		r = timeline_new(t, input_context(*infile), false, err);
	while (r == 0 && (r = input_next(*infile, &rows, err)) > 0)
		r = timeline_feed(t, rows, err);
	return r < 0 ? r : timeline_finish(t, err);
}

static size_t thin_all(const struct timeline *t, const struct timeline_window *window,
		       struct timeline_shares *shares)
{
	shares->n = 0;
	for (uint32_t cpu = 0; cpu < t->n_cpus; cpu++) {
		timeline_lane_thin(&t->cpus[cpu].runs, window, shares);
		timeline_lane_thin(&t->cpus[cpu].queue, window, shares);
		timeline_lane_thin(&t->cpus[cpu].waste, window, shares);
	}
	for (uint32_t i = 0; i < t->n_tasks && i < TASKS; i++)
		timeline_lane_thin(&t->tasks[i].states, window, shares);
	return shares->n;
}

static void measure(const struct timeline *t)
{
	struct timeline_shares shares = { .all = NULL };

	for (double part = 1; part > 1e-7; part /= 10) {
		int64_t length = t->end - t->begin, begin = t->begin + length * 9 / 20;
		struct timeline_window window = {
			part == 1 ? t->begin : begin,
			part == 1 ? t->end : begin + 1 + (int64_t)(part * (double)length), COLUMNS
		};
		double wall = 1e9, cpu = 1e9;
		size_t n = 0;

		for (int i = 0; i < TIMES; i++) {
			double begun = clock_ms(CLOCK_MONOTONIC), used,
			       before = clock_ms(CLOCK_PROCESS_CPUTIME_ID);

			n = thin_all(t, &window, &shares);
			used = clock_ms(CLOCK_PROCESS_CPUTIME_ID) - before;
			begun = clock_ms(CLOCK_MONOTONIC) - begun;
			wall = begun < wall ? begun : wall;
			cpu = used < cpu ? used : cpu;
		}
		printf("%-8g %9.2f ms %9.2f ms of CPU, %zu shares\n", part, wall, cpu, n);
	}
	timeline_shares_free(&shares);
}

static void print_memory(void)
{
	auto_fclose FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f && fgets(line, sizeof(line), f))
		if (!strncmp(line, "Rss", 3))
			fputs(line, stdout);
}

int main(int argc, char **argv)
{
	double begun = clock_ms(CLOCK_MONOTONIC), used = clock_ms(CLOCK_PROCESS_CPUTIME_ID);
	struct input *infile = NULL;
	struct schedtrace_error err;
	struct timeline t = { .context = NULL };
	uint64_t spans = 0;
	int r;

	if (argc != 2)
		return 2;
	r = read_all(&t, argv[1], &infile, &err);
	if (r == 0) {
		printf("%-8s %9.2f ms %9.2f ms of CPU\n", "lanes",
		       clock_ms(CLOCK_MONOTONIC) - begun,
		       clock_ms(CLOCK_PROCESS_CPUTIME_ID) - used);
		for (uint32_t i = 0; i < t.n_tasks; i++)
			for (uint32_t c = 0; c < t.tasks[i].states.n; c++)
				spans += t.tasks[i].states.chunks[c].n;
		for (uint32_t i = 0; i < t.n_cpus; i++) {
			const struct timeline_lane *lanes[] = { &t.cpus[i].runs, &t.cpus[i].queue,
								&t.cpus[i].waste };

			for (size_t k = 0; k < 3; k++)
				for (uint32_t c = 0; c < lanes[k]->n; c++)
					spans += lanes[k]->chunks[c].n;
		}
		printf("%llu rows, %u CPUs, %u tasks, %llu spans\n", (unsigned long long)t.rows,
		       t.n_cpus, t.n_tasks, (unsigned long long)spans);
		measure(&t);
		print_memory();
	}
	timeline_free(&t);
	input_close(infile);
	if (r < 0)
		fprintf(stderr, "timeline-speed: %s\n", err.text);
	return r < 0;
}
