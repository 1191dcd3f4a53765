/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/escape.h"
#include "libschedtrace/mem.h"

void summary_add(struct summary *summary, const struct schedtrace_events *events)
{
	if (!events->n)
		return;
	if (!summary->rows)
		summary->first_ns = events->timestamp[0];
	summary->last_ns = events->timestamp[events->n - 1];
	summary->rows += events->n;
	for (size_t i = 0; i < events->n; i++) {
		uint32_t id = (uint32_t)events->event[i];

		if (id < SCHEDTRACE_EVENT_COUNT)
			summary->seen[id] = true;
	}
}

int64_t summary_begin(const struct summary *summary, const struct schedtrace_context *ctx)
{
	int64_t begin = schedtrace_context_info(ctx)->begin_ns;

	if (begin != INT64_MIN)
		return begin;
	return summary->rows ? summary->first_ns : INT64_MIN;
}

static void print_visible(FILE *f, const char *before, const char *bytes)
{
	auto_free char *text = bytes ? escape_visible(bytes) : NULL;

	if (text)
		fprintf(f, "%s%s", before, text);
}

/* 1234567 as "1,234,567". */
static void print_grouped(FILE *f, uint64_t v)
{
	if (v >= 1000) {
		print_grouped(f, v / 1000);
		fprintf(f, ",%03u", (unsigned int)(v % 1000));
	} else {
		fprintf(f, "%u", (unsigned int)v);
	}
}

void summary_print(FILE *f, const struct summary *summary, const struct schedtrace_context *ctx)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	int64_t begin = summary_begin(summary, ctx), end = info->end_ns;
	size_t n_cpus;

	schedtrace_context_cpus(ctx, &n_cpus);
	if (info->cpus)
		n_cpus = (size_t)info->cpus;
	if (end == INT64_MIN && summary->rows)
		end = summary->last_ns;
	if (info->command) {
		print_visible(f, "", info->command);
		fputc('\n', f);
	}
	if (begin != INT64_MIN && end != INT64_MIN && end >= begin)
		fprintf(f, "%.3f s, ", ((double)end - (double)begin) / 1e9);
	print_grouped(f, summary->rows);
	fprintf(f, " rows");
	if (n_cpus)
		fprintf(f, ", %zu CPU%s", n_cpus, n_cpus == 1 ? "" : "s");
	print_visible(f, ", host ", info->host);
	print_visible(f, ", Linux ", info->release);
	print_visible(f, " ", info->machine);
	fputc('\n', f);
}

char *summary_losses(const struct schedtrace_context *ctx, const struct schedtrace_tables *tables)
{
	const struct schedtrace_info *info = schedtrace_context_info(ctx);
	const struct schedtrace_cpu *cpus;
	int64_t lost = 0;
	size_t n_cpus;
	char *text;

	cpus = schedtrace_context_cpus(ctx, &n_cpus);
	for (size_t i = 0; i < n_cpus; i++)
		if (cpus[i].lost > 0)
			lost += cpus[i].lost;
	if (info->incomplete)
		return asprintf(&text, "the recording is incomplete: %s", info->incomplete) < 0
			       ? NULL
			       : text;
	if (lost)
		return asprintf(&text, "%" PRId64 " records were lost while recording", lost) < 0
			       ? NULL
			       : text;
	return NULL;
}
