/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* schedreport assert: rules judged on recordings. */
#ifndef ANALYZE_ASSERT_ASSERT_H
#define ANALYZE_ASSERT_ASSERT_H

#include "analyze/assert/rule_figure.h"
#include "analyze/report.h"
#include "input/input.h"

struct assert_settings {
	const char *rules; /* a file's name, or rules */
	char *const *files;
	size_t n_files;
	struct input_options input;
	enum report_format format; /* text or JSON */
	const char *window;	   /* BEGIN:END; NULL: all */
	const char *out;	   /* NULL: stdout */
	const char *junit;	   /* NULL: none */
	bool lenient;		   /* what cannot be decided is no failure */
	bool quiet;
};

/* What became of the rules on one file. */
struct assert_file {
	const char *path;
	char *host; /* where it was recorded, NULL unknown */
	double seconds;
	struct assert_result *results; /* as many as rules */
	char *error;		       /* why it could not be read, NULL: it was */
};

struct assert_report {
	struct assert_rules rules;
	struct assert_file *files;
	size_t n_files;
	size_t counts[3]; /* by verdict, of all files */
	bool lenient;
};

/* Sets *failed if a rule did. 0 or a negative enum schedtrace_status. */
int assert_run(const struct assert_settings *settings, bool *failed, bool *damaged,
	       struct schedtrace_error *err);

/* How reports show it; see print.c. */
void assert_print_file(FILE *f, const struct assert_report *report, const struct assert_file *file);
void assert_print_sum(FILE *f, const struct assert_report *report);
int assert_print_json(FILE *f, const struct assert_report *report, struct schedtrace_error *err);

/* The figure in words, such as "1.2 ms to 1.5 ms: switches were not recorded"; the caller frees. */
char *assert_figure_text(const struct assert_rule *rule, const struct assert_result *result);

extern const char *const assert_verdict_names[];

/* As JUnit's XML, for continuous integration; see junit.c. */
int assert_junit(const char *path, const struct assert_report *report,
		 struct schedtrace_error *err);

#endif
