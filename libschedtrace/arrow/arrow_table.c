/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table as a stream of one Arrow array. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/error.h"
#include "libschedtrace/arrow/arrow_build.h"

struct table_stream {
	const struct schedtrace_table *table;
	bool given;
	const char *error;
};

static const char *format_of(enum schedtrace_type type)
{
	return type == SCHEDTRACE_INT ? "l" : type == SCHEDTRACE_REAL ? "g" : "u";
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
	const struct table_stream *s = stream->private_data;
	const struct schedtrace_table_info *info = schedtrace_table_info(s->table);
	struct arrow_field *fields = calloc(info->n_columns + 1, sizeof(*fields));
	int r;

	if (!fields)
		return ENOMEM;
	for (size_t i = 0; i < info->n_columns; i++) {
		const struct schedtrace_column_info *column = info->columns[i];

		fields[i] = (struct arrow_field){ .name = column->name,
						  .format = format_of(column->type),
						  .nullable = true,
						  .unit = column->unit,
						  .about = column->about };
	}
	r = arrow_schema(out, fields, info->n_columns);
	free(fields);
	return r;
}

static bool is_unknown_int(const void *values, int64_t i)
{
	const int64_t *ints = values;

	return ints[i] == INT64_MIN;
}

static bool is_unknown_real(const void *values, int64_t i)
{
	const double *reals = values;

	return isnan(reals[i]);
}

static const char *text_at(const void *texts, int64_t i)
{
	const char *const *list = texts;

	return list[i];
}

static int make_column(const struct schedtrace_table *table,
		       const struct schedtrace_column_info *info, struct ArrowArray *out)
{
	int64_t n = (int64_t)schedtrace_table_rows(table);

	switch (info->type) {
	case SCHEDTRACE_INT:
		return arrow_values(out, n, schedtrace_table_ints(table, info->name), NULL,
				    is_unknown_int);
	case SCHEDTRACE_REAL:
		return arrow_values(out, n, schedtrace_table_reals(table, info->name), NULL,
				    is_unknown_real);
	default:
		return arrow_texts(out, n, text_at, schedtrace_table_texts(table, info->name));
	}
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
	struct table_stream *s = stream->private_data;
	const struct schedtrace_table_info *info = schedtrace_table_info(s->table);
	int r;

	*out = (struct ArrowArray){ 0 };
	if (s->given)
		return 0;
	r = arrow_struct(out, (int64_t)schedtrace_table_rows(s->table), info->n_columns);
	for (size_t i = 0; i < info->n_columns && !r; i++)
		r = make_column(s->table, info->columns[i], out->children[i]);
	if (r && out->release)
		out->release(out);
	s->error = r ? "no memory for a table" : NULL;
	s->given = !r;
	return r;
}

static const char *get_last_error(struct ArrowArrayStream *stream)
{
	const struct table_stream *s = stream->private_data;

	return s->error;
}

static void release(struct ArrowArrayStream *stream)
{
	free(stream->private_data);
	stream->release = NULL;
}

int schedtrace_arrow_table(struct ArrowArrayStream *out, const struct schedtrace_tables *tables,
			   const char *name, struct schedtrace_error *err)
{
	const struct schedtrace_table *table = schedtrace_tables_find(tables, name);
	struct table_stream *s;

	if (!table)
		return error_set(err, SCHEDTRACE_E_NOT_FOUND, "there is no table %s", name);
	s = calloc(1, sizeof(*s));
	if (!s)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a stream of a table");
	s->table = table;
	*out = (struct ArrowArrayStream){ get_schema, get_next, get_last_error, release, s };
	return 0;
}
