/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Rows of a recording from some time on, or before it, that fulfil a condition. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "query/query.h"
#include "view/page/answers.h"
#include "view/page/page_state.h"

#define MOST_ROWS 500
#define BLOCK	  8192 /* rows that a condition is tried on at once */

/* What a condition can name. */
enum { TIMESTAMP, PID, EVENT, CPU, ARG0, ARG1, COMM, N_NAMES };
static const char *const names[N_NAMES] = { "timestamp", "pid",	 "event", "cpu",
					    "arg0",	 "arg1", "comm" };

struct row_search {
	struct work *work;
	const struct trace_columns *columns;
	struct query *query;
	bool backwards;
	size_t wanted;
	int64_t since_begin[BLOCK]; /* times of the block */
	const char *comms[BLOCK];
	json_t *found[N_NAMES + 1]; /* and the rows' numbers */
};

static int find_name(void *user, const char *name, size_t n, enum query_type *type)
{
	for (int i = 0; i < N_NAMES; i++)
		if (strlen(names[i]) == n && !memcmp(names[i], name, n)) {
			*type = i == COMM ? QUERY_TEXT : QUERY_INT;
			return i;
		}
	return -1;
}

static const char *comm_of(const struct trace_columns *columns, size_t i)
{
	return columns->rows.comm ? schedtrace_context_comm(columns->context, columns->rows.comm[i])
				  : NULL;
}

/* Which of the @n rows from @first on fulfil the condition. */
static int try_block(struct row_search *s, size_t first, size_t n, bool *keep,
		     struct schedtrace_error *err)
{
	const struct schedtrace_events *rows = &s->columns->rows;
	const struct query_column columns[N_NAMES] = {
		[TIMESTAMP].ints = s->since_begin,
		[PID].small_ints = rows->pid + first,
		[EVENT].small_ints = rows->event + first,
		[CPU].small_ints = rows->cpu + first,
		[ARG0].ints = rows->arg0 + first,
		[ARG1].ints = rows->arg1 + first,
		[COMM].texts = s->comms,
	};

	for (size_t i = 0; i < n; i++)
		keep[i] = true;
	if (!s->query)
		return 0;
	for (size_t i = 0; i < n; i++) {
		s->since_begin[i] = rows->timestamp[first + i] - s->columns->t0;
		s->comms[i] = query_uses(s->query, COMM) ? comm_of(s->columns, first + i) : NULL;
	}
	return query_rows(s->query, columns, n, keep, err);
}

static void add_row(struct row_search *s, size_t i)
{
	const struct schedtrace_events *rows = &s->columns->rows;
	json_t *values[N_NAMES + 1] = {
		json_integer(rows->timestamp[i] - s->columns->t0),
		json_integer(rows->pid[i]),
		answer_text(schedtrace_context_event_name(s->columns->context, rows->event[i])),
		json_integer(rows->cpu[i]),
		json_integer(rows->arg0[i]),
		json_integer(rows->arg1[i]),
		answer_text(comm_of(s->columns, i)),
		json_integer((json_int_t)i),
	};

	for (int c = 0; c <= N_NAMES; c++)
		json_array_append_new(s->found[c], values[c]);
	s->wanted--;
}

/* Rows from number @at on, or before it. */
static int search_rows(struct row_search *s, size_t at, struct schedtrace_error *err)
{
	size_t all = s->columns->rows.n, left = s->backwards ? at : all - at;
	bool keep[BLOCK];
	int r = 0;

	while (r == 0 && left && s->wanted) {
		size_t n = left < BLOCK ? left : BLOCK;
		size_t first = s->backwards ? left - n : all - left;

		r = try_block(s, first, n, keep, err);
		for (size_t k = 0; k < n && r == 0 && s->wanted; k++) {
			size_t i = s->backwards ? n - 1 - k : k;

			if (keep[i])
				add_row(s, first + i);
		}
		left -= n;
		if (r == 0)
			r = work_step(s->work, "looking for events", all - left, all, err);
	}
	return r;
}

/* The first row at @time or later. */
static size_t row_at(const struct schedtrace_events *rows, int64_t time)
{
	size_t low = 0, high = rows->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (rows->timestamp[middle] < time)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int read_number(const struct request *request, const char *name, int64_t least, int64_t most,
		       int64_t *out, struct schedtrace_error *err)
{
	const char *text = request_arg(request, name);
	char *end;

	if (!text)
		return 0;
	*out = strtoll(text, &end, 10);
	if (end == text || *end || *out < least || *out > most)
		return error_set(err, SCHEDTRACE_E_USAGE,
				 "%s: %.40s is no whole number from %" PRId64 " to %" PRId64, name,
				 text, least, most);
	return 0;
}

/* Where to begin: "row", or "at", ns since the first row. */
static int read_place(const struct row_search *s, size_t *out, struct schedtrace_error *err)
{
	const struct request *request = s->work->request;
	const struct schedtrace_events *rows = &s->columns->rows;
	int64_t row = -1, at = 0, time;
	int r = read_number(request, "row", 0, (int64_t)rows->n, &row, err);

	if (r == 0)
		r = read_number(request, "at", -INT64_MAX, INT64_MAX, &at, err);
	if (r < 0)
		return r;
	if (__builtin_add_overflow(s->columns->t0, at, &time))
		time = at < 0 ? INT64_MIN : INT64_MAX;
	*out = row >= 0 ? (size_t)row : row_at(rows, time);
	return 0;
}

static int find_rows(struct row_search *s, struct answer *answer, struct schedtrace_error *err)
{
	static const struct query_names known = { .find = find_name };
	const struct request *request = s->work->request;
	const char *condition = request_arg(request, "query");
	int64_t count = 100;
	json_t *all = json_object();
	size_t at = 0;
	int r = read_number(request, "count", 1, MOST_ROWS, &count, err);

	if (r == 0)
		r = read_place(s, &at, err);
	if (r == 0 && condition && *condition)
		r = query_compile(&s->query, condition, &known, err);
	for (int c = 0; c <= N_NAMES; c++) {
		s->found[c] = json_array();
		json_object_set_new(all, c < N_NAMES ? names[c] : "row", s->found[c]);
	}
	json_object_set_new(all, "rows", json_integer((json_int_t)s->columns->rows.n));
	s->wanted = (size_t)count;
	if (r == 0)
		r = search_rows(s, at, err);
	if (r == 0)
		return answer_json(answer, all, err);
	json_decref(all);
	return r;
}

int rows_request(struct work *work, struct answer *answer, struct schedtrace_error *err)
{
	auto_free struct row_search *s = calloc(1, sizeof(*s));
	const char *before = request_arg(work->request, "before");
	struct cached_recording *recording;
	int r = s ? figure_cache_get_recording(work, false, &recording, err)
		  : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows");

	if (r < 0)
		return r;
	s->work = work;
	s->columns = &recording->columns;
	s->backwards = before && *before;
	r = find_rows(s, answer, err);
	query_free(s->query);
	figure_cache_release_recording(&work->page->figures, recording);
	return r;
}
