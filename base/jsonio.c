/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/jsonio.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/mem.h"
#include "base/utf8.h"

/* jansson recurses on nested values, and may run on a small stack. */
static int check_depth(const char *text, size_t n, struct schedtrace_error *err)
{
	bool in_string = false;
	int depth = 0;

	for (size_t i = 0; i < n; i++) {
		char c = text[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '[' || c == '{') {
			if (++depth > JSONIO_MAX_DEPTH)
				return error_set(err, SCHEDTRACE_E_LIMIT,
						 "byte %zu: nested deeper than %d", i,
						 JSONIO_MAX_DEPTH);
		} else if (c == ']' || c == '}') {
			depth--;
		}
	}
	return 0;
}

static int parse_error(const json_error_t *e, size_t base, struct schedtrace_error *err)
{
	/* jansson has no text for want of memory in most places. */
	if (json_error_code(e) == json_error_out_of_memory || !*e->text)
		return error_set(err, SCHEDTRACE_E_NOMEM, "no memory for JSON");
	return error_set(err, SCHEDTRACE_E_FORMAT, "byte %zu: %s",
			 base + (size_t)(e->position > 0 ? e->position : 0), e->text);
}

int jsonio_parse(json_t **out, const char *text, size_t n, struct schedtrace_error *err)
{
	json_error_t e;
	int r = check_depth(text, n, err);

	if (r < 0)
		return r;
	*out = json_loadb(text, n, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
	return *out ? 0 : parse_error(&e, 0, err);
}

static size_t skip_space(const char *text, size_t n, size_t at)
{
	while (at < n &&
	       (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
		at++;
	return at;
}

int jsonio_each(const char *text, size_t n,
		int (*element)(void *user, json_t *value, struct schedtrace_error *err), void *user,
		struct schedtrace_error *err)
{
	size_t at = skip_space(text, n, 0);
	int r = check_depth(text, n, err);

	if (r < 0)
		return r;
	if (at == n || text[at] != '[')
		return error_set(err, SCHEDTRACE_E_FORMAT, "not an array");
	at = skip_space(text, n, at + 1);
	if (at < n && text[at] == ']')
		return skip_space(text, n, at + 1) == n
			       ? 0
			       : error_set(err, SCHEDTRACE_E_FORMAT, "something follows it");
	for (;;) {
		json_error_t e;
		json_t *value = json_loadb(
			text + at, n - at,
			JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &e);

		if (!value)
			return parse_error(&e, at, err);
		r = element(user, value, err);
		json_decref(value);
		if (r < 0)
			return r;
		at = skip_space(text, n, at + (size_t)e.position);
		if (at < n && text[at] == ']')
			break;
		if (at == n || text[at] != ',')
			return error_set(err, SCHEDTRACE_E_FORMAT, "byte %zu: expected , or ]", at);
		at++;
	}
	if (skip_space(text, n, at + 1) != n)
		return error_set(err, SCHEDTRACE_E_FORMAT, "something follows it");
	return 0;
}

void jsonio_put_bytes(FILE *f, const char *bytes)
{
	fputc('"', f);
	while (*bytes) {
		unsigned char c = (unsigned char)*bytes;
		size_t n = utf8_decode(bytes, NULL);

		if (n == 0 || c == '\\')
			fprintf(f, "\\\\x%02x", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(f, "\\u%04x", c);
		else if (c == '"')
			fputs("\\\"", f);
		else
			fwrite(bytes, 1, n, f);
		bytes += n ? n : 1;
	}
	fputc('"', f);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

char *jsonio_get_bytes(const char *string)
{
	char *bytes = malloc(strlen(string) + 1), *to = bytes;

	if (!bytes)
		return NULL;
	while (*string) {
		if (string[0] == '\\' && string[1] == 'x' && hex_digit(string[2]) >= 0 &&
		    hex_digit(string[3]) >= 0 && hex_digit(string[2]) + hex_digit(string[3]) > 0) {
			*to++ = (char)(hex_digit(string[2]) << 4 | hex_digit(string[3]));
			string += 4;
		} else {
			*to++ = *string++;
		}
	}
	*to = '\0';
	return bytes;
}

int jsonio_int(const json_t *object, const char *key, int64_t min, int64_t max, int64_t *out,
	       struct schedtrace_error *err)
{
	const json_t *value = json_object_get(object, key);

	if (!value || json_is_null(value))
		return 0;
	if (!json_is_integer(value))
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s is no integer", key);
	if (json_integer_value(value) < min || json_integer_value(value) > max)
		return error_set(err, SCHEDTRACE_E_FORMAT, "%s is %lld, not within %lld to %lld",
				 key, (long long)json_integer_value(value), (long long)min,
				 (long long)max);
	*out = json_integer_value(value);
	return 0;
}
