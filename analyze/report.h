/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One run of schedreport over a file. */
#ifndef ANALYZE_REPORT_H
#define ANALYZE_REPORT_H

#include "analyze/print.h"
#include "analyze/select.h"
#include "input/input.h"
#include "plots/picture.h"

enum report_format { REPORT_TEXT, REPORT_CSV, REPORT_JSON };

struct report_settings {
	char *const *analyses; /* names; none: the default set */
	size_t n_analyses;
	const char *path;
	struct input_options input;
	struct selection selection;
	enum report_format format;
	const char *tables; /* names with commas between; NULL: all */
	const char
		*log; /* print this log instead of tables; ANALYSIS.LOG where two have one name */
	const char *window; /* BEGIN:END; NULL: all */
	const char *clock;  /* of points in time: see time_of_day_parse(); NULL: the trace's */
	const char *out;    /* NULL: stdout */
	/* Call stacks instead of tables: */
	bool folded;	   /* as lines for flame graphs */
	const char *flame; /* as a picture in this file; NULL: none */
	bool by_switches;  /* both count switches, not time */
	int64_t depth;	   /* frames of a stack in text, 0: all */
	const char *plot;  /* a picture in this file instead of text; NULL: none */
	FILE *plot_stream; /* takes that picture instead; then no file is made */
	/* Called while a picture's rows are read; a negative result ends that. May be NULL. */
	int (*step)(void *user, uint64_t done, uint64_t total, struct schedtrace_error *err);
	void *user;
	struct plot_size plot_size;
	const char *title; /* of that picture, or of the flame graph; NULL: the recorded command */
	size_t width;	   /* of lines; 0: no limit */
	bool exact;
	bool quiet;
};

/* Refuses outputs, --junit's (or NULL) among them, that are read: by whatever name. */
int report_check_outputs(const struct report_settings *settings, const char *junit,
			 const char *const *inputs, size_t n_inputs, struct schedtrace_error *err);

/*
 * Reads the file once, feeds the analyses and prints what they give. Sets *damaged where the file
 * was salvaged. 0 or a negative enum schedtrace_status.
 */
int report_run(const struct report_settings *settings, bool *damaged, struct schedtrace_error *err);

#endif
