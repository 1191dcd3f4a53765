/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/statistics_table.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/jsonio.h"
#include "base/mem.h"

static double mean_of(const struct category_rows *rows, size_t output)
{
	return column_sum_real(&rows->sums[output]) / (double)rows->n;
}

/* A quoted field where it has to be. */
static void put_csv(FILE *f, const char *text)
{
	if (!text[strcspn(text, ",\"\r\n")]) {
		fputs(text, f);
		return;
	}
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"')
			fputc('"', f);
		fputc(*text, f);
	}
	fputc('"', f);
}

/* Terminals get no control characters. */
static void put_text(FILE *f, const char *text)
{
	auto_free char *visible = escape_visible(text);

	fputs(visible ? visible : "?", f);
}

static void print_csv(FILE *f, const struct instructions *in, const struct figure_sums *sums)
{
	char sum[64];

	fprintf(f, "category,column,mean,sum,count\n");
	for (size_t c = 0; c < in->n_categories; c++)
		for (size_t o = 0; sums->rows[c].n && o < in->n_outputs; o++) {
			column_sum_print(&sums->rows[c].sums[o], sum);
			put_csv(f, in->categories[c].label);
			fputc(',', f);
			put_csv(f, in->outputs[o]);
			fprintf(f, ",%.17g,%s,%zu\n", mean_of(&sums->rows[c], o), sum,
				sums->rows[c].n);
		}
}

static void print_text(FILE *f, const struct instructions *in, const struct figure_sums *sums)
{
	char sum[64];

	for (size_t c = 0; c < in->n_categories; c++) {
		if (!sums->rows[c].n)
			continue;
		put_text(f, in->categories[c].label);
		fprintf(f, ": %zu rows\n", sums->rows[c].n);
		for (size_t o = 0; o < in->n_outputs; o++) {
			if (!strcmp(in->outputs[o], "c"))
				continue;
			column_sum_print(&sums->rows[c].sums[o], sum);
			fputs("  ", f);
			put_text(f, in->outputs[o]);
			fprintf(f, ": mean %.9g, sum %s\n", mean_of(&sums->rows[c], o), sum);
		}
	}
}

/* JSON has no infinity. */
static void put_number(FILE *f, double value)
{
	if (isfinite(value))
		fprintf(f, "%.17g", value);
	else
		fputs("null", f);
}

static void print_category(FILE *f, const struct instructions *in, const struct figure_sums *sums,
			   size_t c)
{
	const struct category_rows *rows = &sums->rows[c];
	char sum[64];

	fputs("{\"label\": ", f);
	jsonio_put_bytes(f, in->categories[c].label);
	fprintf(f, ", \"color\": \"#%06" PRIx32 "\", \"rows\": %zu, \"columns\": {",
		in->categories[c].colour, rows->n);
	for (size_t o = 0; o < in->n_outputs; o++) {
		fputs(o ? ", " : "", f);
		jsonio_put_bytes(f, in->outputs[o]);
		fputs(": {\"mean\": ", f);
		put_number(f, mean_of(rows, o));
		fputs(", \"sum\": ", f);
		column_sum_print(&rows->sums[o], sum);
		if (rows->sums[o].real)
			put_number(f, column_sum_real(&rows->sums[o]));
		else
			fputs(sum, f);
		fprintf(f, ", \"count\": %zu}", rows->n);
	}
	fputs("}}", f);
}

static void print_json(FILE *f, const struct instructions *in, const struct figure_sums *sums)
{
	bool first = true;

	fputs("{\"categories\": [", f);
	for (size_t c = 0; c < in->n_categories; c++) {
		if (!sums->rows[c].n)
			continue;
		fputs(first ? "\n  " : ",\n  ", f);
		first = false;
		print_category(f, in, sums, c);
	}
	fputs("],\n \"failed\": [", f);
	first = true;
	for (size_t c = 0; c < in->n_categories; c++) {
		const struct category *category = &in->categories[c];

		if (!category->failed)
			continue;
		fputs(first ? "\n  {\"label\": " : ",\n  {\"label\": ", f);
		first = false;
		jsonio_put_bytes(f, category->label);
		fputs(", \"op\": ", f);
		jsonio_put_bytes(f, category->failed_at);
		fputs(", \"message\": ", f);
		jsonio_put_bytes(f, category->failed);
		fputs("}", f);
	}
	fputs("]}\n", f);
}

void statistics_print(FILE *f, const struct instructions *in, const struct figure_sums *sums,
		      enum table_format format)
{
	static void (*const print[])(FILE *, const struct instructions *,
				     const struct figure_sums *) = {
		[FORMAT_TEXT] = print_text, [FORMAT_CSV] = print_csv, [FORMAT_JSON] = print_json
	};

	print[format](f, in, sums);
}

int variables_print(FILE *f, const struct trace_columns *columns, enum table_format format,
		    struct schedtrace_error *err)
{
	auto_free uint64_t *rows = NULL;
	const char *name;
	int32_t n = 0;

	while (schedtrace_context_event_name(columns->context, n))
		n++;
	rows = calloc((size_t)n, sizeof(*rows));
	if (!rows)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory to count %" PRId32 " events",
				 n);
	for (size_t i = 0; i < columns->rows.n; i++)
		rows[columns->rows.event[i]]++;
	fputs(format == FORMAT_CSV ? "name,id,rows\n" : format == FORMAT_JSON ? "[" : "", f);
	for (int32_t id = 0; (name = schedtrace_context_event_name(columns->context, id)); id++)
		if (format == FORMAT_CSV)
			fprintf(f, "%s,%" PRId32 ",%" PRIu64 "\n", name, id, rows[id]);
		else if (format == FORMAT_JSON)
			fprintf(f,
				"%s{\"name\": \"%s\", \"id\": %" PRId32 ", \"rows\": %" PRIu64 "}",
				id ? ",\n " : "", name, id, rows[id]);
		else
			fprintf(f, "%-24s %3" PRId32 " %12" PRIu64 "\n", name, id, rows[id]);
	fputs(format == FORMAT_JSON ? "]\n" : "", f);
	return 0;
}
