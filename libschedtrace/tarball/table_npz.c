/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table as numpy's .npz: an array a column, stored. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <schedtrace/tables.h>

#include "base/checked.h"
#include "base/error.h"
#include "base/mem.h"
#include "base/whole_file.h"
#include "libschedtrace/tarball/deflate.h"
#include "libschedtrace/tarball/npy.h"
#include "libschedtrace/tarball/npz.h"

/* Longer names would not fit the records' room; no column of ours comes near. */
#define MAX_NAME 63

/* Texts side by side in fields as wide as the longest one. */
static int pack_texts(const struct schedtrace_table *table, const char *column, char **out,
		      size_t *width, struct schedtrace_error *err)
{
	const char *const *texts = schedtrace_table_texts(table, column);
	size_t rows = schedtrace_table_rows(table), size;
	char *packed;

	*width = 1;
	for (size_t i = 0; i < rows; i++)
		if (texts[i] && strlen(texts[i]) > *width)
			*width = strlen(texts[i]);
	if (!checked_mul(rows, *width, &size))
		size = SIZE_MAX / 2;
	packed = calloc(size + 1, 1);
	if (!packed)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for %zu texts of %zu bytes",
				 rows, *width);
	for (size_t i = 0; i < rows; i++)
		if (texts[i])
			memcpy(packed + i * *width, texts[i], strlen(texts[i]));
	*out = packed;
	return 0;
}

static int put_array(struct whole_file *out, struct npz_out *entry, const char *descr, size_t count,
		     const void *data, size_t n, struct schedtrace_error *err)
{
	uint8_t npy[NPY_HEADER_ROOM], local[NPZ_RECORD_ROOM];
	size_t n_npy = npy_write(npy, descr, count);
	int r;

	entry->size = entry->packed = n_npy + n;
	entry->crc = deflate_crc(deflate_crc(0, npy, n_npy), data, n);
	entry->offset = out->offset;
	r = whole_file_write(out, local, npz_local_header(local, entry), err);
	if (r == 0)
		r = whole_file_write(out, npy, n_npy, err);
	return r < 0 ? r : whole_file_write(out, data, n, err);
}

static int put_column(struct whole_file *out, const struct schedtrace_table *table,
		      const struct schedtrace_column_info *column, struct npz_out *entry,
		      struct schedtrace_error *err)
{
	size_t rows = schedtrace_table_rows(table), width;
	auto_free char *texts = NULL;
	char descr[32];
	int r;

	if (strlen(column->name) > MAX_NAME)
		return error_set(err, SCHEDTRACE_E_LIMIT, "column name %s is too long",
				 column->name);
	entry->name = column->name;
	if (column->type == SCHEDTRACE_INT)
		return put_array(out, entry, "<i8", rows,
				 schedtrace_table_ints(table, column->name), rows * 8, err);
	if (column->type == SCHEDTRACE_REAL)
		return put_array(out, entry, "<f8", rows,
				 schedtrace_table_reals(table, column->name), rows * 8, err);
	r = pack_texts(table, column->name, &texts, &width, err);
	if (r < 0)
		return r;
	snprintf(descr, sizeof(descr), "|S%zu", width);
	return put_array(out, entry, descr, rows, texts, rows * width, err);
}

static int put_table(struct whole_file *out, const struct schedtrace_table *table,
		     struct schedtrace_error *err)
{
	const struct schedtrace_table_info *info = schedtrace_table_info(table);
	auto_free struct npz_out *entries = calloc(info->n_columns + 1, sizeof(*entries));
	uint8_t record[NPZ_RECORD_ROOM];
	uint64_t central;
	int r = 0;

	if (!entries)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for its directory");
	for (size_t i = 0; r == 0 && i < info->n_columns; i++)
		r = put_column(out, table, info->columns[i], &entries[i], err);
	central = out->offset;
	for (size_t i = 0; r == 0 && i < info->n_columns; i++)
		r = whole_file_write(out, record, npz_central_header(record, &entries[i]), err);
	if (r < 0)
		return r;
	return whole_file_write(out, record,
				npz_end(record, info->n_columns, central, out->offset - central, 0),
				err);
}

int schedtrace_table_write_npz(const struct schedtrace_table *table, const char *path,
			       struct schedtrace_error *err)
{
	struct whole_file out;
	int r;

	if (!table || !path)
		return error_set(err, SCHEDTRACE_E_USAGE, "write_npz needs a table and a path");
	r = whole_file_open(&out, path, NULL, err);
	if (r < 0)
		return error_prefix(err, r, "%s", path);
	r = put_table(&out, table, err);
	if (r == 0)
		r = whole_file_commit(&out, err);
	whole_file_close(&out);
	return r < 0 ? error_prefix(err, r, "%s", path) : 0;
}
