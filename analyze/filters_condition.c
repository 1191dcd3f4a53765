/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "analyze/filters_condition.h"

#include <stdlib.h>
#include <string.h>

#include "analyze/select.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/nearest.h"
#include "base/pattern.h"
#include "cli/options.h"
#include "query/query.h"

/* The condition as one table understands it. */
struct condition {
	const struct schedtrace_table_info *info;
	struct query *query; /* NULL: it does not fit this table */
	struct query_column *columns;
	union schedtrace_value *row; /* that the columns lead to */
	struct schedtrace_error why; /* where query is NULL */
	struct condition *next;
};

struct conditions {
	const char *text;
	struct condition *first;
};

static int find_column(void *user, const char *name, size_t n, enum query_type *type)
{
	const struct schedtrace_table_info *info = user;
	size_t c = select_column(info, name, n);

	if (c == SIZE_MAX)
		return -1;
	*type = info->columns[c]->type == SCHEDTRACE_INT	   ? QUERY_INT
		: info->columns[c]->type == SCHEDTRACE_REAL ? QUERY_REAL
							   : QUERY_TEXT;
	return (int)c;
}

static const char *nearest_column(void *user, const char *name)
{
	const struct schedtrace_table_info *info = user;
	auto_free const char **names = calloc(info->n_columns + 1, sizeof(*names));

	for (size_t i = 0; names && i < info->n_columns; i++)
		names[i] = info->columns[i]->name;
	return names ? nearest_word(name, names, info->n_columns) : NULL;
}

static void lend_row(struct condition *c)
{
	for (size_t i = 0; i < c->info->n_columns; i++)
		c->columns[i] = (struct query_column){ .ints = &c->row[i].i,
						       .reals = &c->row[i].f,
						       .texts = &c->row[i].s,
						       .min_is_unknown = true };
}

static struct condition *read_for(const struct conditions *conditions,
				  const struct schedtrace_table_info *info)
{
	struct query_names names = { .find = find_column,
				     .nearest = nearest_column,
				     .matches = text_matches,
				     .user = (void *)info };
	struct condition *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->info = info;
	c->columns = calloc(info->n_columns + 1, sizeof(*c->columns));
	c->row = calloc(info->n_columns + 1, sizeof(*c->row));
	if (!c->columns || !c->row)
		error_set(&c->why, SCHEDTRACE_E_NOMEM, "no memory for a condition");
	else if (query_compile(&c->query, conditions->text, &names, &c->why) == 0)
		lend_row(c);
	return c;
}

/* NULL without memory. The latest table is the first in the list. */
static struct condition *condition_for(struct conditions *conditions,
				       const struct schedtrace_table_info *info)
{
	struct condition *c = conditions->first;

	while (c && c->info != info)
		c = c->next;
	if (c)
		return c;
	c = read_for(conditions, info);
	if (c) {
		c->next = conditions->first;
		conditions->first = c;
	}
	return c;
}

struct conditions *conditions_new(const char *text)
{
	struct conditions *conditions = calloc(1, sizeof(*conditions));

	if (conditions)
		conditions->text = text;
	return conditions;
}

void conditions_free(struct conditions *conditions)
{
	struct condition *next;

	for (struct condition *c = conditions ? conditions->first : NULL; c; c = next) {
		next = c->next;
		query_free(c->query);
		free(c->columns);
		free(c->row);
		free(c);
	}
	free(conditions);
}

int conditions_check(struct conditions *conditions, const struct schedtrace_table_info *info,
		     struct schedtrace_error *err)
{
	const struct condition *c = condition_for(conditions, info);

	if (!c)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for a condition");
	return c->query ? 0
			: error_set(err, c->why.status, "--filter cannot choose rows of %s: %s",
				    info->name, c->why.text);
}

bool conditions_match(struct conditions *conditions, const struct schedtrace_table_info *info,
		      const union schedtrace_value *values)
{
	struct condition *c = condition_for(conditions, info);
	bool keep = false;

	if (!c || !c->query)
		return false;
	memcpy(c->row, values, info->n_columns * sizeof(*values));
	return query_rows(c->query, c->columns, 1, &keep, NULL) == 0 && keep;
}
