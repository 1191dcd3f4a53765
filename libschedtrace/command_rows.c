/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "libschedtrace/command_rows.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"

int command_rows_take(void *user, const struct schedtrace_table_info *log,
		      const union schedtrace_value *values, struct schedtrace_error *err)
{
	struct command_rows *rows = user;
	size_t pid = schedtrace_column_index(log, "pid");
	uint32_t life = LIFE_NONE;

	if (log->choices & SCHEDTRACE_BY_TASK && pid != SIZE_MAX) {
		if (values[pid].i > 0 && values[pid].i <= INT32_MAX)
			life = lives_find(rows->lives, (int32_t)values[pid].i);
		if (!choice_gives(rows->choice, rows->lives, life))
			return 0;
	}
	return rows->sink->row(rows->sink->user, log, values, err);
}

/* The numbers of all lives by serial; -1 without memory. */
static int map_serials(struct intmap *map, const struct lives *lives)
{
	if (intmap_init(map) < 0)
		return -1;
	for (uint32_t id = 0; id < lives->n; id++)
		if (!(lives->all[id].flags & LIFE_FREE) &&
		    intmap_set(map, lives->all[id].serial, id) < 0)
			return -1;
	return 0;
}

static bool is_given(const struct intmap *by_serial, struct choice *choice,
		     const struct lives *lives, int64_t serial)
{
	uint32_t id = intmap_get(by_serial, (uint64_t)serial);

	return choice_gives(choice, lives, id == INTMAP_NONE ? LIFE_NONE : id);
}

/* -1 without memory. */
static int keep_rows(struct schedtrace_table *table, const struct intmap *by_serial,
		     struct choice *choice, const struct lives *lives)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	size_t n = schedtrace_table_rows(table), column = table_column(info, "life", 4);
	auto_free bool *keep = calloc(n + 1, sizeof(*keep));

	if (!keep)
		return -1;
	for (size_t row = 0; row < n; row++)
		keep[row] = is_given(by_serial, choice, lives, table_cell(table, row, column).i);
	table_keep(table, keep);
	return 0;
}

int command_rows_keep(struct schedtrace_tables *tables, struct choice *choice,
		      const struct lives *lives, struct schedtrace_error *err)
{
	struct intmap by_serial = { 0 };
	int r = map_serials(&by_serial, lives);

	for (size_t i = 0; i < schedtrace_tables_count(tables) && r >= 0; i++) {
		struct schedtrace_table *table = tables_at(tables, i);

		if (schedtrace_table_info(table)->choices & SCHEDTRACE_BY_TASK)
			r = keep_rows(table, &by_serial, choice, lives);
	}
	intmap_free(&by_serial);
	if (r < 0)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for rows of the command");
	return 0;
}
