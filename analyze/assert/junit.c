/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * JUnit's XML as continuous integration reads it: a suite a recording, a case a rule, or one error
 * for a recording that cannot be read. There are two schemas in use, Jenkins's and Ant's; the order
 * and the attributes here suit both.
 */
#include <time.h>

#include "analyze/assert/assert.h"
#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"
#include "cli/results.h"

/* Printable text only, so that no byte is left that XML cannot hold. */
static int write_text(FILE *f, const char *bytes, struct schedtrace_error *err)
{
	auto_free char *visible = escape_visible(bytes);

	if (!visible)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for XML");
	escape_xml(f, visible, SIZE_MAX);
	return 0;
}

static int write_attribute(FILE *f, const char *name, const char *value,
			   struct schedtrace_error *err)
{
	int r;

	fprintf(f, " %s=\"", name);
	r = write_text(f, value, err);
	fputc('"', f);
	return r;
}

static int write_case(FILE *f, const struct assert_rule *rule, const struct assert_result *result,
		      bool lenient, struct schedtrace_error *err)
{
	auto_free char *figure = assert_figure_text(rule, result);
	bool skipped = lenient && result->verdict == ASSERT_UNCERTAIN;
	int r;

	if (!figure)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for XML");
	fputs("<testcase classname=\"schedreport.assert\"", f);
	r = write_attribute(f, "name", rule->text, err);
	fputs(" time=\"0\"", f);
	if (result->verdict == ASSERT_HOLDS) {
		fputs("/>\n", f);
		return r;
	}
	fprintf(f, ">\n<%s", skipped ? "skipped" : "failure");
	if (!r)
		r = write_attribute(f, "message", figure, err);
	if (!skipped)
		fprintf(f, " type=\"%s\"", assert_verdict_names[result->verdict]);
	fputs("/>\n</testcase>\n", f);
	return r;
}

static int write_error(FILE *f, const char *why, struct schedtrace_error *err)
{
	int r;

	fputs("<testcase classname=\"schedreport.assert\" name=\"the recording can be read\" "
	      "time=\"0\">\n<error",
	      f);
	r = write_attribute(f, "message", why, err);
	fputs(" type=\"unreadable\"/>\n</testcase>\n", f);
	return r;
}

static int write_suite(FILE *f, const struct assert_report *report, size_t i,
		       struct schedtrace_error *err)
{
	const struct assert_file *file = &report->files[i];
	size_t n_rules = file->error ? 0 : report->rules.n, counts[3] = { 0 };
	time_t now = time(NULL);
	struct tm utc;
	char stamp[32];
	int r;

	gmtime_r(&now, &utc);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	for (size_t k = 0; k < n_rules; k++)
		counts[file->results[k].verdict]++;
	fprintf(f, "<testsuite id=\"%zu\" package=\"schedreport\"", i);
	r = write_attribute(f, "name", file->path, err);
	if (!r)
		r = write_attribute(f, "hostname", file->host ? file->host : "unknown", err);
	fprintf(f,
		" timestamp=\"%s\" time=\"%.3f\" tests=\"%zu\" failures=\"%zu\" errors=\"%d\""
		" skipped=\"%zu\">\n<properties/>\n",
		stamp, file->seconds, file->error ? 1 : n_rules,
		counts[ASSERT_FAILED] + (report->lenient ? 0 : counts[ASSERT_UNCERTAIN]),
		file->error ? 1 : 0, report->lenient ? counts[ASSERT_UNCERTAIN] : 0);
	if (!r && file->error)
		r = write_error(f, file->error, err);
	for (size_t k = 0; k < n_rules && !r; k++)
		r = write_case(f, &report->rules.list[k], &file->results[k], report->lenient, err);
	fputs("<system-out/>\n<system-err/>\n</testsuite>\n", f);
	return r;
}

int assert_junit(const char *path, const struct assert_report *report, struct schedtrace_error *err)
{
	struct results results;
	int r = results_open(&results, path, err);

	if (r)
		return r;
	fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n", results.f);
	for (size_t i = 0; i < report->n_files && !r; i++)
		r = write_suite(results.f, report, i, err);
	fputs("</testsuites>\n", results.f);
	if (!r)
		r = results_finish(&results, err);
	results_close(&results);
	return r;
}
