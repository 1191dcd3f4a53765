/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which rows of two snapshots are the same: see interval.c. */
#ifndef LIBSCHEDTRACE_INTERVAL_ROWS_H
#define LIBSCHEDTRACE_INTERVAL_ROWS_H

#include <string.h>

#include "base/intern.h"
#include "base/intmap.h"
#include "libschedtrace/table.h"

#define NO_ROW SIZE_MAX

struct let_go;

/* Who stands for the lives that were let go in between. All zero: none was. */
struct gone {
	struct intmap index; /* serial number: index in into */
	uint64_t *into;
	uint32_t n, max;
};

/* -1 without memory; then nothing is to be freed. */
int gone_collect(struct gone *gone, const struct let_go *from, const struct let_go *to);
void gone_free(struct gone *gone);

struct same_rows {
	const struct schedtrace_table_info *info;
	const struct gone *gone;
	struct intern keys; /* of the later rows, in their order */
	char *key;
	size_t key_max;
};

void same_rows_init(struct same_rows *rows, const struct schedtrace_table_info *info,
		    const struct gone *gone);
void same_rows_free(struct same_rows *rows);

/* The later rows. -1 without memory. */
int same_rows_number(struct same_rows *rows, const struct schedtrace_table *now);

/* The later row that has what an earlier one had, NO_ROW: none has. -1 without memory. */
int same_rows_find(struct same_rows *rows, const struct schedtrace_table *before, size_t earlier,
		   size_t *row);

/* The next of names with commas, or + between; NULL after the last. */
static inline const char *interval_next(const char *name)
{
	name += strcspn(name, ",+");
	return *name ? name + 1 : NULL;
}

/* The index of the first of them; SIZE_MAX: @name is NULL. */
static inline size_t interval_column(const struct schedtrace_table_info *info, const char *name)
{
	return name ? table_column(info, name, strcspn(name, ",+")) : SIZE_MAX;
}

#endif
