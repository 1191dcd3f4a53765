/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "analyze/assert/assert.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

const char *const assert_verdict_names[] = {
	[ASSERT_HOLDS] = "ok", [ASSERT_FAILED] = "FAILED", [ASSERT_UNCERTAIN] = "uncertain"
};

struct scale {
	double from, factor;
	const char *unit;
};

static void print_number(char *out, size_t size, double v, int digits)
{
	bool whole = fabs(v) >= pow(10, digits) || (v == rint(v) && fabs(v) < 1e15);

	if (whole)
		snprintf(out, size, "%.0f", v);
	else
		snprintf(out, size, "%.*g", digits, v);
}

/* In the largest unit of which it has at least one. */
static void print_scaled(char *out, size_t size, double v, int digits, const struct scale *scales,
			 size_t n)
{
	size_t i = 0;

	while (i + 1 < n && fabs(v) >= scales[i + 1].from)
		i++;
	print_number(out, size, v / scales[i].factor, digits);
	snprintf(out + strlen(out), size - strlen(out), " %s", scales[i].unit);
}

static void print_value(char *out, size_t size, const struct assert_rule *rule, double v,
			int digits)
{
	static const struct scale times[] = {
		{ 0, 1, "ns" }, { 1e3, 1e3, "us" }, { 1e6, 1e6, "ms" }, { 1e9, 1e9, "s" }
	};
	static const struct scale sizes[] = { { 0, 1, "B" },
					      { 1024, 1024, "KiB" },
					      { 1048576, 1048576, "MiB" },
					      { 1073741824, 1073741824, "GiB" } };
	const char *unit = rule->of_time ? "%" : rule->unit;

	if (isinf(v))
		snprintf(out, size, "%sunknown", v < 0 ? "-" : "");
	else if (!strcmp(unit, "ns"))
		print_scaled(out, size, v, digits, times, 4);
	else if (!strcmp(unit, "bytes"))
		print_scaled(out, size, v, digits, sizes, 4);
	else
		print_number(out, size, v, digits);
	if (!isinf(v) && strcmp(unit, "ns") && strcmp(unit, "bytes") && strcmp(unit, "1") && *unit)
		snprintf(out + strlen(out), size - strlen(out), " %s", unit);
	if (!isinf(v) && rule->per_second)
		snprintf(out + strlen(out), size - strlen(out), "/s");
}

/* With as many digits as it takes to see on which side of the limit it is. */
static void print_beside(char *out, size_t size, const struct assert_rule *rule, double v)
{
	char limit[64];
	int digits = 4;

	do {
		print_value(out, size, rule, v, digits);
		print_value(limit, sizeof(limit), rule, rule->limit, digits);
		digits += 4;
	} while (v != rule->limit && !strcmp(out, limit) && digits <= 16);
}

char *assert_figure_text(const struct assert_rule *rule, const struct assert_result *result)
{
	char lo[64], hi[64], *text;
	int n;

	if (isnan(result->lo))
		return strdup(result->why);
	print_beside(lo, sizeof(lo), rule, result->lo);
	print_beside(hi, sizeof(hi), rule, result->hi);
	if (result->lo == result->hi)
		n = asprintf(&text, "%s%s%s", lo, result->why ? ": " : "",
			     result->why ? result->why : "");
	else if (isinf(result->hi))
		n = asprintf(&text, "%s or more%s%s", lo, result->why ? ": " : "",
			     result->why ? result->why : "");
	else
		n = asprintf(&text, "%s to %s%s%s", lo, hi, result->why ? ": " : "",
			     result->why ? result->why : "");
	return n < 0 ? NULL : text;
}

static void print_visible(FILE *f, const char *bytes)
{
	auto_free char *visible = escape_visible(bytes);

	fputs(visible ? visible : "?", f);
}

void assert_print_file(FILE *f, const struct assert_report *report, const struct assert_file *file)
{
	if (report->n_files > 1) {
		print_visible(f, file->path);
		fputs(":\n", f);
	}
	for (size_t i = 0; i < report->rules.n; i++) {
		const struct assert_rule *rule = &report->rules.list[i];
		const struct assert_result *result = &file->results[i];
		auto_free char *figure = assert_figure_text(rule, result);

		fprintf(f, "%-9s  ", assert_verdict_names[result->verdict]);
		print_visible(f, rule->text);
		fprintf(f, ": %s\n", figure ? figure : "?");
	}
}

void assert_print_sum(FILE *f, const struct assert_report *report)
{
	size_t all = report->rules.n * report->n_files;
	const size_t *n = report->counts;

	if (n[ASSERT_HOLDS] == all) {
		fprintf(f, all == 1 ? "the rule holds\n" : "all %zu rules hold\n", all);
		return;
	}
	fprintf(f, "%zu of %zu rules hold, %zu failed, %zu cannot be decided", n[ASSERT_HOLDS], all,
		n[ASSERT_FAILED], n[ASSERT_UNCERTAIN]);
	if (n[ASSERT_UNCERTAIN] && !n[ASSERT_FAILED] && !report->lenient)
		fputs("; with --lenient that is no failure", f);
	fputc('\n', f);
}

static json_t *json_number(double v)
{
	if (!isfinite(v))
		return json_null();
	return v == rint(v) && fabs(v) < 9e15 ? json_integer((json_int_t)v) : json_real(v);
}

static json_t *json_bytes(const char *bytes)
{
	auto_free char *text = escape_utf8(bytes);

	return text ? json_string(text) : NULL;
}

static json_t *json_result(const struct assert_rule *rule, const struct assert_file *file,
			   const struct assert_result *result)
{
	static const char *const verdicts[] = { "ok", "failed", "uncertain" };
	auto_free char *unit = NULL;

	if (asprintf(&unit, "%s%s", rule->of_time ? "%" : rule->unit,
		     rule->per_second ? "/s" : "") < 0)
		return NULL;
	return json_pack("{s:o, s:o, s:I, s:s, s:o, s:o, s:o, s:s, s:I, s:s?}", "file",
			 json_bytes(file->path), "rule", json_bytes(rule->text), "line",
			 (json_int_t)rule->line, "verdict", verdicts[result->verdict], "figure",
			 json_number(result->lo), "figure_hi", json_number(result->hi), "limit",
			 json_number(rule->limit), "unit", unit, "rows", (json_int_t)result->rows,
			 "why", result->why);
}

int assert_print_json(FILE *f, const struct assert_report *report, struct schedtrace_error *err)
{
	json_t *rules = json_array(), *all;
	bool whole = rules;

	for (size_t i = 0; i < report->n_files && whole; i++)
		for (size_t k = 0; k < report->rules.n && whole; k++)
			whole = !json_array_append_new(
				rules, json_result(&report->rules.list[k], &report->files[i],
						   &report->files[i].results[k]));
	all = json_pack("{s:o, s:I, s:I, s:I}", "rules", rules, "ok",
			(json_int_t)report->counts[ASSERT_HOLDS], "failed",
			(json_int_t)report->counts[ASSERT_FAILED], "uncertain",
			(json_int_t)report->counts[ASSERT_UNCERTAIN]);
	if (!whole || !all || json_dumpf(all, f, JSON_INDENT(1) | JSON_ENSURE_ASCII)) {
		json_decref(all);
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for JSON");
	}
	json_decref(all);
	fputc('\n', f);
	return 0;
}
