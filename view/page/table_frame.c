/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "view/page/table_frame.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/escape.h"
#include "base/mem.h"

#define UNKNOWN_TEXT "\xff"

static void align(FILE *f, size_t *at)
{
	while (*at % 8) {
		fputc(0, f);
		++*at;
	}
}

static int put_texts(FILE *f, const struct view *view, size_t column, size_t *at,
		     struct schedtrace_error *err)
{
	auto_free char *bytes = NULL;
	size_t n = 0;
	FILE *texts = open_memstream(&bytes, &n);
	uint32_t offset = 0;
	bool failed = !texts;

	fwrite(&offset, sizeof(offset), 1, f);
	for (size_t i = 0; i < view->n_rows && !failed; i++) {
		const char *value = schedtrace_table_value(view->table, view->rows[i], column).s;
		auto_free char *text = value ? escape_utf8(value) : strdup(UNKNOWN_TEXT);

		failed = !text || strlen(text) > UINT32_MAX - offset;
		if (failed)
			break;
		offset += (uint32_t)strlen(text);
		fputs(text, texts);
		fwrite(&offset, sizeof(offset), 1, f);
	}
	if (texts && fclose(texts) != 0)
		failed = true;
	if (failed)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a column of texts");
	fwrite(bytes, 1, n, f);
	*at += (view->n_rows + 1) * sizeof(offset) + n;
	return 0;
}

static int put_column(FILE *f, const struct view *view, size_t column, size_t *at,
		      struct schedtrace_error *err)
{
	const struct schedtrace_column_info *info = view->info->columns[column];

	if (info->type == SCHEDTRACE_TEXT)
		return put_texts(f, view, column, at, err);
	for (size_t i = 0; i < view->n_rows; i++) {
		union schedtrace_value v =
			schedtrace_table_value(view->table, view->rows[i], column);

		if (info->type == SCHEDTRACE_INT)
			fwrite(&v.i, sizeof(v.i), 1, f);
		else
			fwrite(&v.f, sizeof(v.f), 1, f);
	}
	*at += view->n_rows * 8;
	return 0;
}

static const char *type_name(enum schedtrace_type type)
{
	return type == SCHEDTRACE_INT ? "int" : type == SCHEDTRACE_REAL ? "real" : "text";
}

static const char *kind_name(enum schedtrace_kind kind)
{
	static const char *const names[] = {
		[SCHEDTRACE_KIND_TEXT] = "text",	 [SCHEDTRACE_KIND_ID] = "id",
		[SCHEDTRACE_KIND_ADDRESS] = "address",	 [SCHEDTRACE_KIND_STAMP] = "stamp",
		[SCHEDTRACE_KIND_DURATION] = "duration", [SCHEDTRACE_KIND_COUNT] = "count",
		[SCHEDTRACE_KIND_SIZE] = "size",	 [SCHEDTRACE_KIND_SHARE] = "share",
		[SCHEDTRACE_KIND_AMOUNT] = "amount",
	};

	return kind < sizeof(names) / sizeof(*names) && names[kind] ? names[kind] : "amount";
}

static json_t *words(const char *list)
{
	json_t *all = json_array();

	for (size_t n; list && *list; list += n + (list[n] == ',')) {
		n = strcspn(list, ",");
		json_array_append_new(all, json_stringn(list, n));
	}
	return all;
}

static json_t *describe(const struct view *view, const char *analysis, json_t *more,
			const size_t *places)
{
	const struct schedtrace_table_info *info = view->info;
	json_t *columns = json_array(), *all;

	for (size_t i = 0; i < view->n_columns; i++) {
		const struct schedtrace_column_info *c = info->columns[view->columns[i]];

		json_array_append_new(columns,
				      json_pack("{s:s, s:s, s:s, s:s, s:s, s:s?, s:b, s:I, s:I}",
						"name", c->name, "unit", c->unit, "about", c->about,
						"type", type_name(c->type), "kind",
						kind_name(c->kind), "most", c->most, "adds",
						c->adds, "at", (json_int_t)places[2 * i], "bytes",
						(json_int_t)places[2 * i + 1]));
	}
	all = json_pack("{s:s, s:s, s:s, s:I, s:s?, s:o, s:o}", "analysis", analysis, "table",
			info->name, "about", info->about, "rows", (json_int_t)view->n_rows, "order",
			info->order, "first", words(info->first), "columns", columns);
	if (all)
		json_object_update(all, more);
	json_decref(more);
	return all;
}

static int join(json_t *head, const char *columns, size_t n_columns, char **bytes, size_t *n,
		struct schedtrace_error *err)
{
	auto_free char *text = head ? json_dumps(head, JSON_ENSURE_ASCII | JSON_COMPACT) : NULL;
	uint32_t length = text ? (uint32_t)((strlen(text) + 7) / 8 * 8) : 0;

	json_decref(head);
	*n = 8 + length + n_columns;
	*bytes = text ? malloc(*n) : NULL;
	if (!*bytes)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");
	memcpy(*bytes, "STF1", 4);
	memcpy(*bytes + 4, &length, 4);
	memset(*bytes + 8, ' ', length);
	memcpy(*bytes + 8, text, strlen(text));
	memcpy(*bytes + 8 + length, columns, n_columns);
	return 0;
}

int table_frame_make(const struct view *view, const char *analysis, json_t *more, char **bytes,
		     size_t *n, struct schedtrace_error *err)
{
	auto_free size_t *places = calloc(2 * view->n_columns + 1, sizeof(*places));
	auto_free char *columns = NULL;
	size_t n_columns = 0, at = 0;
	FILE *f = places ? open_memstream(&columns, &n_columns) : NULL;
	int r = f ? 0 : error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");

	for (size_t i = 0; i < view->n_columns && r == 0; i++) {
		align(f, &at);
		places[2 * i] = at;
		r = put_column(f, view, view->columns[i], &at, err);
		places[2 * i + 1] = at - places[2 * i];
	}
	if (f && fclose(f) != 0 && r == 0)
		r = error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a table");
	if (r < 0) {
		json_decref(more);
		return r;
	}
	return join(describe(view, analysis, more, places), columns, n_columns, bytes, n, err);
}
