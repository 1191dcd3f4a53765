/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/table.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/intern.h"
#include "base/mem.h"
#include "libschedtrace/let_go.h"

/* A column is lent as int64_t, double or const char * values, so all have one size. */
_Static_assert(sizeof(union schedtrace_value) == 8, "values are lent as arrays of their type");

/* Texts that came lately, by where they stood: most come from one place many times. */
#define LATELY 64

struct schedtrace_table {
	const struct schedtrace_table_info *info;
	size_t n, max;
	union schedtrace_value **columns; /* all_columns() of max values each */
	size_t *texts_at;		  /* the columns of texts */
	size_t n_texts_at;
	struct intern texts;
	struct {
		const char *from, *own;
	} lately[LATELY];
};

struct schedtrace_tables {
	size_t n, max;
	struct schedtrace_table **tables;
	struct let_go *place; /* NULL: they are no snapshot */
	int64_t now;
	const struct table_sizes *sizes;
};

static size_t all_columns(const struct schedtrace_table_info *info)
{
	return info->n_columns + info->n_hidden;
}

static void table_free(struct schedtrace_table *table)
{
	if (!table)
		return;
	for (size_t c = 0; table->columns && c < all_columns(table->info); c++)
		free(table->columns[c]);
	free(table->columns);
	free(table->texts_at);
	intern_free(&table->texts);
	free(table);
}

static int table_new(struct schedtrace_table **out, const struct schedtrace_table_info *info)
{
	struct schedtrace_table *table = calloc(1, sizeof(*table));

	if (!table)
		return -1;
	table->info = info;
	intern_init(&table->texts);
	table->columns = calloc(all_columns(info), sizeof(*table->columns));
	table->texts_at = calloc(all_columns(info), sizeof(*table->texts_at));
	if (!table->columns || !table->texts_at) {
		table_free(table);
		return -1;
	}
	for (size_t c = 0; c < all_columns(info); c++)
		if (info->columns[c]->type == SCHEDTRACE_TEXT)
			table->texts_at[table->n_texts_at++] = c;
	*out = table;
	return 0;
}

int tables_new(struct schedtrace_tables **out, struct schedtrace_error *err)
{
	*out = calloc(1, sizeof(**out));
	if (!*out)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for tables");
	return 0;
}

/* Room for @max rows, if there is not. */
static int reserve(struct schedtrace_table *table, size_t max)
{
	for (size_t c = 0; max > table->max && c < all_columns(table->info); c++) {
		union schedtrace_value *grown =
			reallocarray(table->columns[c], max, sizeof(*grown));

		if (!grown)
			return -1;
		table->columns[c] = grown;
	}
	table->max = max > table->max ? max : table->max;
	return 0;
}

/* As many rows as there were the last time, and some. */
static size_t size_of(const struct table_sizes *sizes, const struct schedtrace_table_info *info)
{
	for (size_t i = 0; sizes && i < sizes->n; i++)
		if (sizes->all[i].info == info)
			return sizes->all[i].rows + sizes->all[i].rows / 8;
	return 0;
}

int tables_add(struct schedtrace_tables *tables, const struct schedtrace_table_info *info,
	       struct schedtrace_table **out, struct schedtrace_error *err)
{
	if (!array_room(tables->tables, tables->n, tables->max))
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for table %s", info->name);
	if (table_new(&tables->tables[tables->n], info) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for table %s", info->name);
	*out = tables->tables[tables->n++];
	if (reserve(*out, size_of(tables->sizes, info)) < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for table %s", info->name);
	return 0;
}

void tables_expect(struct schedtrace_tables *tables, const struct table_sizes *sizes)
{
	tables->sizes = sizes;
}

int tables_sizes(const struct schedtrace_tables *tables, struct table_sizes *sizes)
{
	for (size_t i = 0; i < tables->n; i++) {
		const struct schedtrace_table *table = tables->tables[i];
		size_t k = 0;

		while (k < sizes->n && sizes->all[k].info != table->info)
			k++;
		if (k == sizes->n) {
			if (!array_room(sizes->all, sizes->n, sizes->max))
				return -1;
			sizes->all[sizes->n++].info = table->info;
		}
		sizes->all[k].rows = table->n;
	}
	return 0;
}

/* Equal texts are kept once: names repeat. */
static int own_text(struct schedtrace_table *table, const char **text)
{
	size_t k = (uintptr_t)*text / 16 % LATELY;
	int32_t id;

	if (!*text)
		return 0;
	/* Another text may stand there by now. */
	if (table->lately[k].from != *text || strcmp(table->lately[k].own, *text) != 0) {
		id = intern_add(&table->texts, *text, strlen(*text));
		if (id < 0)
			return -1;
		table->lately[k].from = *text;
		table->lately[k].own = table->texts.names[id];
	}
	*text = table->lately[k].own;
	return 0;
}

int table_row(struct schedtrace_table *table, const union schedtrace_value *values,
	      struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = table->info;
	size_t n_columns = all_columns(info);

	if (table->n == table->max && reserve(table, table->max ? 2 * table->max : 64) < 0)
		goto nomem;
	for (size_t c = 0; c < n_columns; c++)
		table->columns[c][table->n] = values[c];
	for (size_t i = 0; i < table->n_texts_at; i++)
		if (own_text(table, &table->columns[table->texts_at[i]][table->n].s) < 0)
			goto nomem;
	table->n++;
	return 0;
nomem:
	return error_set(err, SCHEDTRACE_E_NOMEM, "row %zu of table %s does not fit in memory",
			 table->n, info->name);
}

void table_keep(struct schedtrace_table *table, const bool *keep)
{
	size_t kept = 0;

	for (size_t row = 0; row < table->n; row++) {
		if (!keep[row])
			continue;
		for (size_t c = 0; c < all_columns(table->info); c++)
			table->columns[c][kept] = table->columns[c][row];
		kept++;
	}
	table->n = kept;
}

size_t table_column(const struct schedtrace_table_info *info, const char *name, size_t n)
{
	for (size_t c = 0; name && c < all_columns(info); c++)
		if (strlen(info->columns[c]->name) == n && !memcmp(info->columns[c]->name, name, n))
			return c;
	return SIZE_MAX;
}

union schedtrace_value table_cell(const struct schedtrace_table *table, size_t row, size_t column)
{
	return table->columns[column][row];
}

void tables_set_moment(struct schedtrace_tables *tables, struct let_go *place, int64_t now)
{
	tables->place = place;
	tables->now = now;
}

struct let_go *tables_place(const struct schedtrace_tables *tables)
{
	return tables->place;
}

int64_t tables_now(const struct schedtrace_tables *tables)
{
	return tables->now;
}

size_t schedtrace_tables_count(const struct schedtrace_tables *tables)
{
	return tables ? tables->n : 0;
}

struct schedtrace_table *tables_at(struct schedtrace_tables *tables, size_t index)
{
	return tables->tables[index];
}

const struct schedtrace_table *schedtrace_tables_at(const struct schedtrace_tables *tables,
						    size_t index)
{
	return tables && index < tables->n ? tables->tables[index] : NULL;
}

const struct schedtrace_table *schedtrace_tables_find(const struct schedtrace_tables *tables,
						      const char *name)
{
	for (size_t i = 0; tables && name && i < tables->n; i++) {
		if (!strcmp(tables->tables[i]->info->name, name))
			return tables->tables[i];
	}
	return NULL;
}

void schedtrace_tables_free(struct schedtrace_tables *tables)
{
	if (!tables)
		return;
	for (size_t i = 0; i < tables->n; i++)
		table_free(tables->tables[i]);
	let_go_release(tables->place);
	free(tables->tables);
	free(tables);
}

size_t schedtrace_column_index(const struct schedtrace_table_info *info, const char *column)
{
	for (size_t i = 0; info && column && i < info->n_columns; i++)
		if (!strcmp(info->columns[i]->name, column))
			return i;
	return SIZE_MAX;
}

const char *schedtrace_printable(const char *text, char *out, size_t size)
{
	size_t n = 0;

	for (text = text ? text : "-"; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';

		if (n + (plain ? 1 : 4) >= size)
			break;
		if (plain)
			out[n++] = (char)c;
		else
			n += (size_t)snprintf(out + n, size - n, "\\x%02x", c);
	}
	out[n] = '\0';
	return out;
}

const struct schedtrace_table_info *schedtrace_table_info(const struct schedtrace_table *table)
{
	return table ? table->info : NULL;
}

size_t schedtrace_table_rows(const struct schedtrace_table *table)
{
	return table ? table->n : 0;
}

static const union schedtrace_value *column(const struct schedtrace_table *table, const char *name,
					    enum schedtrace_type type)
{
	/* So that a column of an empty table is not taken for one that is missing. */
	static const union schedtrace_value nothing;

	for (size_t c = 0; table && name && c < table->info->n_columns; c++) {
		const struct schedtrace_column_info *info = table->info->columns[c];

		if (info->type == type && !strcmp(info->name, name))
			return table->n ? table->columns[c] : &nothing;
	}
	return NULL;
}

const int64_t *schedtrace_table_ints(const struct schedtrace_table *table, const char *name)
{
	return (const int64_t *)column(table, name, SCHEDTRACE_INT);
}

const double *schedtrace_table_reals(const struct schedtrace_table *table, const char *name)
{
	return (const double *)column(table, name, SCHEDTRACE_REAL);
}

const char *const *schedtrace_table_texts(const struct schedtrace_table *table, const char *name)
{
	return (const char *const *)column(table, name, SCHEDTRACE_TEXT);
}

union schedtrace_value schedtrace_table_value(const struct schedtrace_table *table, size_t row,
					      size_t c)
{
	union schedtrace_value unknown = { .i = UNKNOWN_INT };

	if (table && c < table->info->n_columns) {
		if (row < table->n)
			return table->columns[c][row];
		if (table->info->columns[c]->type == SCHEDTRACE_REAL)
			unknown.f = NAN;
		else if (table->info->columns[c]->type == SCHEDTRACE_TEXT)
			unknown.s = NULL;
	}
	return unknown;
}
