/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Schemas and arrays of Arrow's C data interface, made piece by piece. */
#ifndef LIBSCHEDTRACE_ARROW_ARROW_BUILD_H
#define LIBSCHEDTRACE_ARROW_ARROW_BUILD_H

#include <stdbool.h>
#include <stddef.h>

#include <schedtrace/arrow.h>

/* One column: format strings are those of the specification, "l" for int64. */
struct arrow_field {
	const char *name;
	const char *format;
	bool nullable;
	bool dictionary;	  /* of utf8; format is that of the indexes */
	const char *unit, *about; /* metadata, NULL none */
};

/* A struct of these fields. Strings are copied. 0, or ENOMEM. */
int arrow_schema(struct ArrowSchema *out, const struct arrow_field *fields, size_t n);

/* A struct array of @n_children, which are zeroed; those that stay so need no release. */
int arrow_struct(struct ArrowArray *out, int64_t length, size_t n_children);

/*
 * Values of a fixed width. @owned is freed with the array, also after a failure; NULL: @values are
 * lent. @is_null, called with @values and an index, tells which are null; NULL: none.
 */
int arrow_values(struct ArrowArray *out, int64_t length, const void *values, void *owned,
		 bool (*is_null)(const void *values, int64_t i));

/* Texts, NULL for null, made UTF-8. */
int arrow_texts(struct ArrowArray *out, int64_t length,
		const char *(*text)(const void *user, int64_t i), const void *user);

/* Gives an array of indexes its dictionary, which is taken over: *dictionary is released. */
int arrow_dictionary(struct ArrowArray *out, struct ArrowArray *dictionary);

#endif
