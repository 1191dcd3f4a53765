/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Expressions of filters, read, checked and asked of a few rows. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "query/query.h"

#define ROWS 3

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int find(void *user, const char *name, size_t n, enum query_type *type)
{
	static const enum query_type types[] = { QUERY_INT, QUERY_INT, QUERY_REAL, QUERY_TEXT };
	const char *known = n == 1 ? memchr("abxs", *name, 4) : NULL;
	int column = known ? (int)(known - "abxs") : -1;

	if (known)
		*type = types[column];
	return column;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t ints[ROWS] = { 0, INT64_MIN, INT64_MAX };
	static const int32_t small[ROWS] = { -1, 0, 7 };
	static const double reals[ROWS] = { NAN, -INFINITY, 0.5 };
	static const char *const texts[ROWS] = { "cc1", NULL, "" };
	static const struct query_column columns[] = {
		{ .ints = ints, .min_is_unknown = true },
		{ .small_ints = small },
		{ .reals = reals },
		{ .texts = texts },
	};
	static const struct query_names names = { .find = find };
	struct schedtrace_error err;
	struct query *query = NULL;
	bool keep[ROWS];
	char *text = malloc(size + 1); /* exactly, so that reading beyond is seen */

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	if (query_compile(&query, text, &names, &err) == 0 &&
	    query_rows(query, columns, ROWS, keep, &err) != 0)
		abort();
	query_free(query);
	free(text);
	return 0;
}
