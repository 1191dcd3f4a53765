/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The documentation says what the library says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <schedtrace/schedtrace.h>

#include "base/mem.h"

static char *read_doc(const char *name)
{
	auto_free char *path = NULL;
	auto_fclose FILE *f = NULL;
	char *text = NULL;
	size_t size = 0;

	assert_true(asprintf(&path, "%s/docs/%s", SOURCE_ROOT, name) > 0);
	f = fopen(path, "r");
	assert_non_null(f);
	assert_true(getdelim(&text, &size, '\0', f) > 0);
	return text;
}

static void fail_unless_in(const char *text, const char *wanted, const char *doc)
{
	if (!strstr(text, wanted))
		fail_msg("docs/%s lacks \"%s\"", doc, wanted);
}

static void every_event_stands_in_events_md_as_the_header_has_it(void **state)
{
	auto_free char *text = read_doc("events.md");

	for (int id = 0; id < SCHEDTRACE_EVENT_COUNT; id++) {
		const struct schedtrace_event_info *e = schedtrace_event_info(id);
		auto_free char *row = NULL;

		assert_true(asprintf(&row, "\n| %d | %s | %s | %s | %s | %s |\n", e->id, e->name,
				     e->pid, e->arg0, e->arg1, e->when) > 0);
		fail_unless_in(text, row, "events.md");
	}
}

/* From the heading of the table up to the next heading. */
static char *section_of(const char *text, const char *what, const char *name)
{
	auto_free char *heading = NULL;
	const char *begin, *end;

	assert_true(asprintf(&heading, "\n### %s `%s`\n", what, name) > 0);
	begin = strstr(text, heading);
	if (!begin)
		fail_msg("docs/analyses.md lacks \"%s\"", heading + 1);
	begin += strlen(heading);
	end = strstr(begin, "\n#");
	return end ? strndup(begin, (size_t)(end - begin)) : strdup(begin);
}

static void check_tables(const char *text, const char *what,
			 const struct schedtrace_table_info *const *tables, size_t n)
{
	for (size_t t = 0; t < n; t++) {
		auto_free char *section = section_of(text, what, tables[t]->name);

		for (size_t c = 0; c < tables[t]->n_columns; c++) {
			auto_free char *cell = NULL;

			assert_true(asprintf(&cell, "| `%s` |", tables[t]->columns[c]->name) > 0);
			if (!strstr(section, cell))
				fail_msg("docs/analyses.md, %s %s, lacks column %s", what,
					 tables[t]->name, tables[t]->columns[c]->name);
		}
	}
}

static void every_column_of_every_analysis_stands_in_analyses_md(void **state)
{
	const struct schedtrace_analysis_info *analysis;
	auto_free char *text = read_doc("analyses.md");
	size_t n = 0;

	for (; (analysis = schedtrace_analysis_at(n)); n++) {
		auto_free char *heading = NULL;

		assert_true(asprintf(&heading, "\n## %s\n", analysis->name) > 0);
		fail_unless_in(text, heading, "analyses.md");
		check_tables(text, "Table", analysis->tables, analysis->n_tables);
		check_tables(text, "Log", analysis->logs, analysis->n_logs);
	}
	assert_true(n > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_stands_in_events_md_as_the_header_has_it),
		cmocka_unit_test(every_column_of_every_analysis_stands_in_analyses_md),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
