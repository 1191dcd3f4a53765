/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/requests/requests_command.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "analyze/layout.h"
#include "analyze/print.h"
#include "base/error.h"
#include "base/mem.h"
#include "cli/results.h"
#include "view/requests/request_import.h"
#include "view/requests/wall_time.h"

enum requests_format { REQUESTS_TEXT, REQUESTS_CSV, REQUESTS_JSON };

/* ---- what is asked for ----------------------------------------------------------------------- */

struct chosen_requests {
	struct request_filter filter;
	int64_t *pids;
	size_t max_pids;
	enum requests_format format;
};

static int parse_format(const char *text, enum requests_format *format,
			struct schedtrace_error *err)
{
	static const char *const names[] = { "text", "csv", "json" };

	for (*format = REQUESTS_TEXT; *format <= REQUESTS_JSON; ++*format)
		if (!text || strcmp(names[*format], text) == 0)
			return 0;
	return error_set(err, SCHEDTRACE_E_USAGE, "--format: %s is none of text, csv and json",
			 text);
}

static int parse_pids(struct chosen_requests *chosen, const char *text,
		      struct schedtrace_error *err)
{
	auto_free char *copy = text ? strdup(text) : NULL;
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		int64_t pid;

		if (!options_parse_value(OPTION_NUMBER, NULL, word, &pid) || pid > INT32_MAX)
			return error_set(err, SCHEDTRACE_E_USAGE, "--pid: %s is no pid", word);
		if (!array_room(chosen->pids, chosen->filter.n_pids, chosen->max_pids))
			return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for pids");
		chosen->pids[chosen->filter.n_pids++] = pid;
	}
	chosen->filter.pids = chosen->pids;
	return chosen->filter.n_pids > 10000
		       ? error_set(err, SCHEDTRACE_E_USAGE, "--pid: more than 10000 of them")
		       : 0;
}

static int parse_calls(struct chosen_requests *chosen, const char *text,
		       struct schedtrace_error *err)
{
	auto_free char *copy = text ? strdup(text) : NULL;
	char *rest = copy, *word;

	while ((word = strsep(&rest, ","))) {
		enum request_call call = request_call_parse(word);

		if (!call)
			return error_set(err, SCHEDTRACE_E_USAGE,
					 "--call: %s is none of mmap, munmap, mremap, brk and area",
					 word);
		chosen->filter.calls[call] = true;
	}
	return 0;
}

static int parse_time(const char *option, const char *text, int64_t *us,
		      struct schedtrace_error *err)
{
	if (!text || wall_time_parse(text, time(NULL), us))
		return 0;
	return error_set(err, SCHEDTRACE_E_USAGE,
			 "%s: %s is no time such as \"2026-01-31 13:45\", 13:45:02.5 or 10m (ago)",
			 option, text);
}

static int choose(struct chosen_requests *chosen, const struct requests_options *options,
		  struct schedtrace_error *err)
{
	struct request_filter *filter = &chosen->filter;
	int r = parse_format(options->format, &chosen->format, err);

	if (r == 0)
		r = parse_pids(chosen, options->pids, err);
	if (r == 0)
		r = parse_calls(chosen, options->calls, err);
	if (r == 0)
		r = parse_time("--since", options->since, &filter->since_us, err);
	if (r == 0)
		r = parse_time("--until", options->until, &filter->until_us, err);
	filter->names = options->names.items;
	filter->n_names = options->names.n;
	filter->min_size = options->min_size < 0 ? INT64_MIN : options->min_size;
	filter->max_size = options->max_size < 0 ? INT64_MIN : options->max_size;
	filter->last = options->last;
	return r;
}

/* ---- what is printed ------------------------------------------------------------------------- */

struct requests_printer {
	struct results *results;
	FILE *f; /* of them */
	enum requests_format format;
	struct view view;
	struct text_options text;
	struct column_layout *layout;
};

/* Wide enough for what stands in them mostly, which is not known yet. */
static void widen(const struct requests_printer *p)
{
	for (size_t i = 0; i < p->view.n_columns; i++) {
		const char *name = p->view.info->columns[i]->name;

		if (strcmp(name, "at") == 0)
			p->layout[i].width = strlen("2026-01-31 13:45:02.123456+01:00");
		else if (strcmp(name, "name") == 0)
			p->layout[i].width = 15;
	}
}

static int begin_printing(struct requests_printer *p, const struct schedtrace_table_info *info,
			  struct schedtrace_error *err)
{
	const struct selection all = { .top = 0 };
	int r = view_of_log(&p->view, info, &all, err);

	if (r < 0)
		return r;
	if (p->format == REQUESTS_CSV)
		csv_heading(p->f, &p->view);
	if (p->format != REQUESTS_TEXT)
		return 0;
	p->layout = text_log_layout(&p->view, &p->text);
	if (!p->layout)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");
	widen(p);
	text_log_heading(p->f, &p->view, p->layout, &p->text);
	return 0;
}

static int print_row(void *user, const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct requests_printer *p = user;
	int r;

	if (p->format == REQUESTS_TEXT) {
		r = text_log_row(p->f, &p->view, p->layout, &p->text, values, err);
	} else if (p->format == REQUESTS_CSV) {
		r = csv_row(p->f, &p->view, values, err);
	} else {
		r = json_log_row(p->f, &p->view, values, err);
		fputc('\n', p->f);
	}
	/* Nobody reads any more, or the disk is full: no more rows. */
	return r == 0 && ferror(p->f) ? results_finish(p->results, err) : r;
}

static int print(struct request_store *store, const struct requests_options *options,
		 const struct chosen_requests *chosen, struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info =
		options->sum ? &request_sums_info : &request_rows_info;
	struct requests_printer p = { .format = chosen->format };
	struct results file = { .path = NULL };
	int r = results_open(&file, options->out, err);

	p.results = &file;
	p.f = file.f;
	if (r == 0)
		r = begin_printing(&p, info, err);
	if (r == 0)
		r = (options->sum ? request_store_sums : request_store_rows)(store, &chosen->filter,
									     print_row, &p, err);
	if (r == 0)
		r = results_finish(&file, err);
	free(p.layout);
	view_release(&p.view);
	results_close(&file);
	return r;
}

/* ---- what is added --------------------------------------------------------------------------- */

static int add_file(struct request_store *store, const char *path,
		    const struct requests_options *options, bool *damaged,
		    struct schedtrace_error *err)
{
	const struct notes notes = { options->input.note, options->input.user };
	uint64_t rows, added;
	struct input *input;
	int r = input_open(&input, path, &options->input, err);

	if (r < 0)
		return r;
	r = request_import(store, input, &rows, &added, err);
	if (r < 0)
		r = error_prefix(err, r, "%s", path);
	else
		note(&notes, "%s: %" PRIu64 " requests, %" PRIu64 " of them new", path, rows,
		     added);
	*damaged |= r == 0 && input_damaged(input);
	input_close(input);
	return r;
}

int requests_run(const struct requests_options *options, bool *damaged,
		 struct schedtrace_error *err)
{
	bool adds = options->add.n > 0;
	auto_free char *usual = NULL;
	struct chosen_requests chosen = { .max_pids = 0 };
	struct request_store *store = NULL;
	int r = choose(&chosen, options, err);

	if (r == 0 && !options->db)
		r = request_store_usual(&usual, getenv("HOME"), true, adds, err);
	if (r == 0)
		r = request_store_open(&store, options->db ? options->db : usual, getenv("HOME"),
				       adds ? REQUEST_WRITE : REQUEST_READ, err);
	for (size_t i = 0; r == 0 && i < options->add.n; i++)
		r = add_file(store, options->add.items[i], options, damaged, err);
	if (r == 0 && !adds)
		r = print(store, options, &chosen, err);
	request_store_close(store);
	free(chosen.pids);
	return r;
}
