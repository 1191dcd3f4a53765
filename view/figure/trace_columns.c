/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/figure/trace_columns.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "input/own_column.h"
#include "view/figure/computed.h"

#define MAX_NAMES 64

/* Those that are read, not computed. */
static const char *const plain[] = { "timestamp", "pid",  "event", "cpu",
				     "arg0",	  "arg1", "comm",  "stack" };

enum { TIMESTAMP, PID, EVENT, CPU, ARG0, ARG1, COMM, STACK, N_PLAIN = TRACE_COLUMNS_READ };

const char *trace_columns_name(size_t i)
{
	return i < N_PLAIN ? plain[i] : computed_name(i - N_PLAIN);
}

const char *trace_columns_nearest(const char *name)
{
	const char *names[MAX_NAMES];
	size_t n = 0;

	while (n < MAX_NAMES && (names[n] = trace_columns_name(n)))
		n++;
	return nearest_word(name, names, n);
}

static int no_memory(size_t n, struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for the columns of %zu rows", n);
}

static bool is_wide(size_t c)
{
	return c == TIMESTAMP || c == ARG0 || c == ARG1;
}

static const void **place_of(struct schedtrace_events *rows, size_t c)
{
	return c == TIMESTAMP ? (const void **)&rows->timestamp
	       : c == PID     ? (const void **)&rows->pid
	       : c == EVENT   ? (const void **)&rows->event
	       : c == CPU     ? (const void **)&rows->cpu
	       : c == ARG0    ? (const void **)&rows->arg0
	       : c == ARG1    ? (const void **)&rows->arg1
	       : c == COMM    ? (const void **)&rows->comm
			      : (const void **)&rows->stack;
}

/* Copies a batch behind those before it; a column that is not in all of them is in none. */
static int append(struct trace_columns *columns, const struct schedtrace_events *batch,
		  struct schedtrace_error *err)
{
	struct schedtrace_events from = *batch;
	size_t n = columns->rows.n;

	for (size_t c = 0; c < N_PLAIN; c++) {
		size_t size = is_wide(c) ? 8 : 4;
		const void *source = *place_of(&from, c);
		struct cache_array *owned = &columns->owned[c];

		if (!source)
			continue;
		if (cache_array_grow(owned, (n + batch->n) * size) < 0)
			return no_memory(n + batch->n, err);
		*place_of(&columns->rows, c) = owned->items;
		memcpy((char *)owned->items + n * size, source, batch->n * size);
	}
	columns->rows.n += batch->n;
	return 0;
}

/* The same of @n rows in all, whose columns are in our memory: nobody cuts them short. */
static int put(struct trace_columns *columns, const struct schedtrace_events *batch, size_t n,
	       struct schedtrace_error *err)
{
	struct schedtrace_events from = *batch;
	int r = 0;

	for (size_t c = 0; c < N_PLAIN && r == 0; c++) {
		const void *source = *place_of(&from, c);
		struct column_spool *spool = &columns->spools[c];

		if (!source)
			continue;
		if (!spool->size)
			r = column_spool_begin(spool, columns->memory, n, is_wide(c) ? 8 : 4, err);
		if (r == 0)
			r = column_spool_put(spool, source, batch->n, err);
		*place_of(&columns->rows, c) = spool->piece.bytes;
	}
	columns->rows.n += batch->n;
	return r;
}

/* @n: how many there are, as a tarball says; below 0 nobody knows. */
static int read_rows(struct trace_columns *columns, int64_t n,
		     const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	const struct schedtrace_events *batch;
	int r;

	while ((r = input_next(columns->infile, &batch, err)) > 0) {
		uint64_t done, total;

		if (!batch->n)
			continue;
		r = n < 0 ? append(columns, batch, err) : put(columns, batch, (size_t)n, err);
		input_position(columns->infile, &done, &total);
		if (r == 0 && watch)
			r = watch->step(watch->user, done, total, err);
		if (r < 0)
			break;
	}
	return r;
}

#define LEAST_ROW_BYTES 36 /* of the columns that each tarball has */

/* A tarball as large as its values are has them as they are; one that is deflated is smaller. */
static bool is_stored(const char *path, int64_t rows)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_size / LEAST_ROW_BYTES >= rows;
}

static int load_rows(struct trace_columns *columns, struct schedtrace_error *err)
{
	const struct schedtrace_events *whole;
	int r = schedtrace_load(input_tarball(columns->infile), &whole, err);

	if (r == 0)
		columns->rows = *whole;
	return r;
}

#define STRETCHES    ((uint64_t)300)
#define FEWEST	     ((uint64_t)12)
#define STRETCH_ROWS ((uint64_t)2000)
#define INDEX_MOST   ((size_t)64 << 20)
#define LARGE	     ((int64_t)4 << 20) /* rows; fewer are read as soon */
#define PATIENCE_NS  1000000000

static int no_sample(struct schedtrace_error *err)
{
	return error_set(err, SCHEDTRACE_E_NOT_FOUND, "parts of it cannot be read by themselves");
}

static int read_stretch(struct trace_columns *columns, uint64_t begin, struct schedtrace_error *err)
{
	const struct schedtrace_events *batch;
	struct schedtrace_reader *reader;
	int r = schedtrace_reader_new(&reader, input_tarball(columns->infile), begin,
				      begin + STRETCH_ROWS, err);

	if (r < 0)
		return r;
	while (r == 0 && (r = schedtrace_reader_next(reader, &batch, err)) > 0)
		r = append(columns, batch, err);
	schedtrace_reader_free(reader);
	return r;
}

static int64_t ns_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* As many as there is patience for, if the first two are as quick as others. */
static uint64_t choose_stretches(int64_t two_ns)
{
	uint64_t n = (uint64_t)(2 * PATIENCE_NS / (two_ns + 1));

	return n < FEWEST ? FEWEST : n < STRETCHES ? n : STRETCHES;
}

/* Whether any rows of a tarball can be read without those before them. */
static bool has_parts(struct input *infile, const char *path, int64_t rows)
{
	auto_free char *index = NULL;
	size_t n;

	return is_stored(path, rows) ||
	       (input_member_read(infile, "index.json", INDEX_MOST, &index, &n, NULL) == 0 &&
		strstr(index, "\"offsets\""));
}

/* From the first row to the last. One in the middle is read before, to know how long it takes. */
static int read_stretches(struct trace_columns *columns, uint64_t rows,
			  const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	int64_t begin = ns_now();
	uint64_t n;
	int r = read_stretch(columns, rows / 2, err);

	columns->rows.n = 0;
	if (r == 0)
		r = read_stretch(columns, 0, err);
	n = choose_stretches(ns_now() - begin);
	for (uint64_t i = 1; i < n && r == 0; i++) {
		r = read_stretch(columns, i * (rows - STRETCH_ROWS) / (n - 1), err);
		if (r == 0)
			r = watch->step(watch->user, i, n, err);
	}
	return r;
}

/* A way to get the n rows, or fewer than 0 where it is not known how many there are. */
typedef int fill_columns(struct trace_columns *out, const char *path, int64_t n,
			 const struct trace_columns_watch *watch, struct schedtrace_error *err);

static int read_whole(struct trace_columns *out, const char *path, int64_t n,
		      const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	return read_rows(out, n, watch, err);
}

static int map_stored(struct trace_columns *out, const char *path, int64_t n,
		      const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	return n >= 0 && is_stored(path, n) ? load_rows(out, err) : read_rows(out, n, watch, err);
}

static int read_sample(struct trace_columns *out, const char *path, int64_t n,
		       const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	if (n < LARGE || !has_parts(out->infile, path, n))
		return error_prefix(err, no_sample(err), "%s", path);
	out->stretch = STRETCH_ROWS;
	return read_stretches(out, (uint64_t)n, watch, err);
}

static int open_columns(struct trace_columns *out, const char *path,
			const struct input_options *options, fill_columns *fill,
			const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	int r;

	*out = (struct trace_columns){ .infile = NULL };
	r = input_open(&out->infile, path, options, err);
	if (r < 0)
		return r;
	r = cache_memory_new(&out->memory, err);
	if (r == 0)
		r = fill(out, path, input_rows(out->infile), watch, err);
	out->context = input_context(out->infile);
	if (r == 0 && out->rows.n)
		out->t0 = out->rows.timestamp[0];
	return r;
}

int trace_columns_open(struct trace_columns *out, const char *path,
		       const struct input_options *options, const struct trace_columns_watch *watch,
		       struct schedtrace_error *err)
{
	return open_columns(out, path, options, read_whole, watch, err);
}

int trace_columns_map(struct trace_columns *out, const char *path,
		      const struct input_options *options, struct schedtrace_error *err)
{
	return open_columns(out, path, options, map_stored, NULL, err);
}

int trace_columns_sample(struct trace_columns *out, const char *path,
			 const struct input_options *options,
			 const struct trace_columns_watch *watch, struct schedtrace_error *err)
{
	return open_columns(out, path, options, read_sample, watch, err);
}

static bool is_time(const char *name)
{
	return strstr(name, "timestamp") || !strcmp(name, "nxt_blk_wkp_of_same_pid");
}

/* Times become those since the first row, which wrap as numpy's do. */
static void begin_at(int64_t *values, size_t n, int64_t t0)
{
	for (size_t i = 0; i < n; i++)
		values[i] = (int64_t)((uint64_t)values[i] - (uint64_t)t0);
}

/* Of rows that follow each other. */
static int compute_stretches(struct trace_columns *columns, size_t i, int64_t *values,
			     struct schedtrace_error *err)
{
	size_t all = columns->rows.n, most = columns->stretch ? columns->stretch : all;
	int r = 0;

	for (size_t begin = 0; begin < all && r == 0; begin += most) {
		struct schedtrace_events rows = columns->rows;

		rows.n = all - begin < most ? all - begin : most;
		for (size_t c = 0; c < N_PLAIN; c++) {
			const void **place = place_of(&rows, c);

			if (*place)
				*place = (const char *)*place + begin * (is_wide(c) ? 8 : 4);
		}
		r = computed_fill(i, columns->context, &rows, values + begin, err);
	}
	return r;
}

static int compute(struct trace_columns *columns, size_t i, struct trace_column *out,
		   struct schedtrace_error *err)
{
	const struct schedtrace_events *rows = &columns->rows;
	void *values = cache_memory_take(columns->memory, (rows->n + 1) * 8);
	int r = values ? compute_stretches(columns, i, values, err) : no_memory(rows->n, err);

	if (r < 0)
		return r;
	if (computed_is_real(i)) {
		out->type = QUERY_REAL;
		out->values.reals = values;
		out->ns = !strcmp(out->name, "wakeup_latency");
		return 0;
	}
	if (is_time(out->name))
		begin_at(values, rows->n, columns->t0);
	out->ns = is_time(out->name);
	out->values.ints = values;
	return 0;
}

/* Times become those since the first row. */
static int take_times(struct trace_columns *columns, const int64_t *values,
		      struct trace_column *out, struct schedtrace_error *err)
{
	size_t rows = columns->rows.n;
	int64_t part[COLUMN_SPOOL_ROWS];
	struct column_spool spool;
	int r = column_spool_begin(&spool, columns->memory, rows, sizeof(*part), err);

	for (size_t begin = 0, n; begin < rows && r == 0; begin += n) {
		n = rows - begin < COLUMN_SPOOL_ROWS ? rows - begin : COLUMN_SPOOL_ROWS;
		memcpy(part, values + begin, n * sizeof(*part));
		begin_at(part, n, columns->t0);
		r = column_spool_put(&spool, part, n, err);
	}
	out->ns = true;
	out->values.ints = spool.piece.bytes;
	return r;
}

/* A column that was read. */
static int take(struct trace_columns *columns, size_t c, struct trace_column *out,
		struct schedtrace_error *err)
{
	const void *values = *place_of(&columns->rows, c);

	if (c == TIMESTAMP)
		return take_times(columns, values, out, err);
	if (is_wide(c))
		out->values.ints = values;
	else
		out->values.small_ints = values;
	return 0;
}

/* A member of the tarball that none of us wrote. */
static int take_own(struct trace_columns *columns, struct trace_column *out,
		    struct schedtrace_error *err)
{
	size_t n = columns->rows.n;
	struct own_column own;
	int r = columns->stretch ? no_sample(err)
				 : own_column_read(&own, columns->infile, out->name, n, err);

	if (r < 0)
		return r;
	out->type = own.reals ? QUERY_REAL : QUERY_INT;
	out->values.ints = own.ints;
	out->values.reals = own.reals;
	out->owned = own.reals ? (void *)own.reals : own.ints;
	out->ns = is_time(out->name);
	if (out->ns && own.ints)
		begin_at(own.ints, n, columns->t0);
	for (size_t i = 0; out->ns && own.reals && i < n; i++)
		own.reals[i] -= (double)columns->t0;
	return 0;
}

static int fill(struct trace_columns *columns, struct trace_column *out, size_t c,
		struct schedtrace_error *err)
{
	if (!trace_columns_name(c))
		return take_own(columns, out, err);
	out->type = QUERY_INT;
	return c < N_PLAIN ? take(columns, c, out, err) : compute(columns, c - N_PLAIN, out, err);
}

static void column_free(struct trace_column *column)
{
	if (column) {
		free(column->owned);
		free(column->name);
	}
	free(column);
}

/* One more column, if there is one of that name. */
static int make(struct trace_columns *columns, const char *name, const struct trace_column **out,
		struct schedtrace_error *err)
{
	struct trace_column *column;
	const char *known;
	size_t c = 0;
	int r;

	while ((known = trace_columns_name(c)) && strcmp(known, name))
		c++;
	if ((known && c < N_PLAIN && columns->rows.n && !*place_of(&columns->rows, c)) ||
	    (!known && !columns->infile))
		return 0;
	column = calloc(1, sizeof(*column));
	if (!column || !array_room(columns->columns, columns->n, columns->max) ||
	    !(column->name = strdup(name)))
		r = no_memory(columns->rows.n, err);
	else
		r = fill(columns, column, c, err);
	if (r < 0)
		column_free(column);
	else
		*out = columns->columns[columns->n++] = column;
	return !known && r == SCHEDTRACE_E_NOT_FOUND && !columns->stretch ? 0 : r;
}

int trace_columns_get(struct trace_columns *columns, const char *name,
		      const struct trace_column **out, struct schedtrace_error *err)
{
	int r = 0;

	*out = NULL;
	pthread_mutex_lock(&columns->lock);
	if (!columns->memory)
		r = cache_memory_new(&columns->memory, err);
	for (size_t i = 0; i < columns->n && !*out; i++)
		if (!strcmp(columns->columns[i]->name, name))
			*out = columns->columns[i];
	if (!*out && r == 0)
		r = make(columns, name, out, err);
	pthread_mutex_unlock(&columns->lock);
	return r;
}

void trace_columns_close(struct trace_columns *columns)
{
	for (size_t i = 0; i < columns->n; i++)
		column_free(columns->columns[i]);
	free(columns->columns);
	for (size_t c = 0; c < N_PLAIN; c++)
		cache_array_free(&columns->owned[c]);
	cache_memory_free(columns->memory);
	if (columns->infile)
		input_close(columns->infile);
	*columns = (struct trace_columns){ .infile = NULL };
}

static int32_t event_id(void *user, const char *name)
{
	const struct trace_columns *columns = user;
	const char *known;

	for (int32_t id = 0; (known = schedtrace_context_event_name(columns->context, id)); id++)
		if (!strcmp(known, name))
			return id;
	return -1;
}

static const char *nearest_event(void *user, const char *name)
{
	const struct trace_columns *columns = user;
	auto_free const char **names = NULL;
	const char *known;
	size_t n = 0, max = 0;

	while ((known = schedtrace_context_event_name(columns->context, (int32_t)n))) {
		if (!array_room(names, n, max))
			return NULL;
		names[n++] = known;
	}
	return nearest_word(name, names, n);
}

struct event_names trace_columns_events(struct trace_columns *columns)
{
	return (struct event_names){ event_id, nearest_event, columns };
}
