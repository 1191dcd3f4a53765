/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* In which function of the kernel do tasks go to sleep? The call stacks where most did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/schedtrace.h>

static const int64_t *voluntary; /* of the table that is sorted */

static int by_sleeps(const void *a, const void *b)
{
	int64_t x = voluntary[*(const size_t *)a], y = voluntary[*(const size_t *)b];

	return (x < y) - (x > y);
}

/* Without the functions that every stack ends in: those of the scheduler itself. */
static const char *skip_scheduler(const char *frames)
{
	while (!strncmp(frames, "__schedule;", 11) || !strncmp(frames, "schedule;", 9))
		frames = strchr(frames, ';') + 1;
	return frames;
}

static void print_sleeps(const struct schedtrace_table *stacks)
{
	const char *const *frames = schedtrace_table_texts(stacks, "frames");
	size_t n = schedtrace_table_rows(stacks), *order = calloc(n + 1, sizeof(*order));
	char text[512];

	for (size_t i = 0; order && i < n; i++)
		order[i] = i;
	voluntary = schedtrace_table_ints(stacks, "voluntary");
	if (order)
		qsort(order, n, sizeof(*order), by_sleeps);
	for (size_t i = 0; order && i < n && i < 5 && voluntary[order[i]]; i++) {
		const char *stack = frames[order[i]] ? skip_scheduler(frames[order[i]]) : NULL;

		printf("%6lld  %s\n", (long long)voluntary[order[i]],
		       schedtrace_printable(stack, text, sizeof(text)));
	}
	free(order);
}

int main(int argc, char **argv)
{
	struct schedtrace_error err = { .text = "usage: why_left TARBALL" };
	struct schedtrace_tables *tables = NULL;
	struct schedtrace *trace = NULL;
	int r = argc == 2 ? schedtrace_open(&trace, argv[1], NULL, &err) : SCHEDTRACE_E_USAGE;

	if (!r)
		r = schedtrace_analyze(trace, "stacks", &tables, &err);
	if (r)
		fprintf(stderr, "why_left: %s\n", err.text);
	else
		print_sleeps(schedtrace_tables_find(tables, "stacks"));
	schedtrace_tables_free(tables);
	schedtrace_close(trace);
	return r ? 1 : 0;
}
