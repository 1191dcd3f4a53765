/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/interval_rows.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "libschedtrace/let_go.h"

void gone_free(struct gone *gone)
{
	intmap_free(&gone->index);
	free(gone->into);
}

int gone_collect(struct gone *gone, const struct let_go *from, const struct let_go *to)
{
	*gone = (struct gone){ .into = NULL };
	if (intmap_init(&gone->index) < 0)
		return -1;
	for (; from != to; from = from->next) {
		for (size_t i = 0; i < from->n; i++) {
			if (!array_room(gone->into, gone->n, gone->max) ||
			    intmap_set(&gone->index, from->gone[i].life, gone->n) < 0) {
				gone_free(gone);
				return -1;
			}
			gone->into[gone->n++] = from->gone[i].into;
		}
	}
	return 0;
}

void same_rows_init(struct same_rows *rows, const struct schedtrace_table_info *info,
		    const struct gone *gone)
{
	*rows = (struct same_rows){ .info = info, .gone = gone };
	intern_init(&rows->keys);
}

void same_rows_free(struct same_rows *rows)
{
	intern_free(&rows->keys);
	free(rows->key);
}

static uint64_t life_now(const struct gone *gone, uint64_t life)
{
	uint32_t k = gone->n ? intmap_get(&gone->index, life) : INTMAP_NONE;

	return k == INTMAP_NONE ? life : gone->into[k];
}

static int key_add(struct same_rows *rows, size_t *used, const char *bytes, size_t n)
{
	while (rows->key_max - *used < n) {
		size_t max = rows->key_max ? 2 * rows->key_max : 128;
		char *grown = realloc(rows->key, max);

		if (!grown)
			return -1;
		rows->key = grown;
		rows->key_max = max;
	}
	memcpy(rows->key + *used, bytes, n);
	*used += n;
	return 0;
}

static int key_add_number(struct same_rows *rows, size_t *used, int64_t number)
{
	char text[32];

	return key_add(rows, used, text,
		       (size_t)snprintf(text, sizeof(text), "%" PRIx64 "|", (uint64_t)number));
}

/* With its length before, so that no other key is the same. */
static int key_add_text(struct same_rows *rows, size_t *used, const char *text)
{
	int r = key_add_number(rows, used, text ? (int64_t)strlen(text) : -1);

	return r < 0 || !text ? r : key_add(rows, used, text, strlen(text));
}

static bool is_life(const struct same_rows *rows, size_t c)
{
	return c >= rows->info->n_columns && rows->info->columns[c]->kind == SCHEDTRACE_KIND_ID;
}

/* What makes a row the same as another; @alone: without the other life that it is about, as the
 * row has it that stands for all others of the first. *n 0 where there is no such row. */
static int make_key(struct same_rows *rows, const struct schedtrace_table *table, size_t row,
		    bool alone, size_t *n)
{
	const struct schedtrace_table_interval *interval = rows->info->interval;
	const char *names = interval && interval->same ? interval->same : rows->info->key;
	int lives = 0;

	*n = 0;
	if (key_add(rows, n, ".", 1) < 0) /* so that no key is empty */
		return -1;
	for (const char *name = names; name; name = interval_next(name)) {
		size_t c = interval_column(rows->info, name);
		union schedtrace_value v = table_cell(table, row, c);
		int r;

		if (is_life(rows, c)) {
			v.i = (int64_t)life_now(rows->gone, (uint64_t)v.i);
			if (lives++ && alone)
				v.i = 0;
		}
		r = rows->info->columns[c]->type == SCHEDTRACE_TEXT ? key_add_text(rows, n, v.s)
								    : key_add_number(rows, n, v.i);
		if (r < 0)
			return -1;
	}
	if (alone && lives < 2)
		*n = 0;
	return 0;
}

int same_rows_number(struct same_rows *rows, const struct schedtrace_table *now)
{
	size_t n;

	for (size_t row = 0; row < schedtrace_table_rows(now); row++) {
		/* A second row of a key would be found as the first: it has its number. */
		if (make_key(rows, now, row, false, &n) < 0 ||
		    (intern_add(&rows->keys, rows->key, n) != (int32_t)row &&
		     (key_add_number(rows, &n, (int64_t)row) < 0 ||
		      intern_add(&rows->keys, rows->key, n) != (int32_t)row)))
			return -1;
	}
	return 0;
}

int same_rows_find(struct same_rows *rows, const struct schedtrace_table *before, size_t earlier,
		   size_t *row)
{
	size_t n;
	int32_t k;

	if (make_key(rows, before, earlier, false, &n) < 0)
		return -1;
	k = intern_find(&rows->keys, rows->key, n);
	if (k < 0) {
		if (make_key(rows, before, earlier, true, &n) < 0)
			return -1;
		k = n ? intern_find(&rows->keys, rows->key, n) : -1;
	}
	*row = k < 0 ? NO_ROW : (size_t)k;
	return 0;
}
