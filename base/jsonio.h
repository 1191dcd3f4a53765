/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* JSON with limits, and bytes as JSON strings. */
#ifndef BASE_JSONIO_H
#define BASE_JSONIO_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <schedtrace/error.h>

#define JSONIO_MAX_BYTES ((uint64_t)256 << 20)
#define JSONIO_MAX_DEPTH 32

/* One value and nothing else; duplicate keys are refused. */
int jsonio_parse(json_t **out, const char *text, size_t n, struct schedtrace_error *err);

/* Calls @element for each value of the array that the text is, keeping only one at a time. */
int jsonio_each(const char *text, size_t n,
		int (*element)(void *user, json_t *value, struct schedtrace_error *err), void *user,
		struct schedtrace_error *err);

/* Writes bytes as a JSON string: what is not valid UTF-8, and each backslash, becomes \xNN in
 * it, so that no two byte strings are the same. */
void jsonio_put_bytes(FILE *f, const char *bytes);

/* The bytes again, NUL-terminated, to be freed; NULL without memory. */
char *jsonio_get_bytes(const char *string);

/* An integer member of an object: false, and *out untouched, when it is not there or null. */
int jsonio_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *out,
	       struct schedtrace_error *err);

#endif
